"""All viewers of one room: takes each packet once and hands it to each of them. Bounded; encodes nothing per viewer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from streaming.live_clock import LiveClock
from streaming.opus_line import OpusLine
from streaming.packet import Packet, PcmBlock
from streaming.watcher import OfferRefused, Watcher

SWEEP_S = 2.0
KEY_PAUSE_S = 1.0  # a broken viewer asks hundreds of times


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who watches, for the people in the room."""

    viewer: str
    name: str
    unit: str
    since_wall_ns: int
    state: str


class Watching:
    """Lives in one event loop. `want_key` asks the room's encoder for a key frame."""

    def __init__(self, want_key: Callable[[], None], max_viewers: int) -> None:
        self._ask_encoder = want_key
        self._max_viewers = max_viewers
        self._watchers: dict[str, tuple[Viewer, Watcher]] = {}
        self._clock = LiveClock()
        self._opus = OpusLine()
        self._key_asked_s = float("-inf")

    async def offer(self, viewer: str, sdp: str, name: str, unit: str) -> str:
        """Answer `viewer`'s offer; an older connection of the same viewer is closed first. Raises OfferRefused."""
        await self.close(viewer)
        if len(self._watchers) >= self._max_viewers:
            raise OfferRefused(
                "viewers-full",
                f"已有 {self._max_viewers} 人正在观看本接谈室，录像不受影响；请稍后再试",
                f"{self._max_viewers} viewers watch this room already; recording goes on; try again later",
            )
        watcher = Watcher(self._want_key)
        self._watchers[viewer] = (Viewer(viewer, name, unit, time.time_ns(), "new"), watcher)
        try:
            return await watcher.answer(sdp)
        except OfferRefused:
            self._watchers.pop(viewer, None)
            raise

    async def close(self, viewer: str) -> None:
        if (found := self._watchers.pop(viewer, None)) is not None:
            await found[1].close()

    async def close_all(self) -> None:
        await asyncio.gather(*(self.close(viewer) for viewer in list(self._watchers)))

    def viewers(self) -> list[Viewer]:
        return [
            Viewer(who.viewer, who.name, who.unit, who.since_wall_ns, watcher.state)
            for who, watcher in self._watchers.values()
        ]

    def picture(self, packet: Packet) -> None:
        placed = self._clock.place(packet.pts_90k, packet.capture_mono_ns)
        packet = Packet(packet.data, placed, packet.capture_mono_ns, packet.key)
        for _, watcher in self._watchers.values():
            watcher.put_picture(packet)
            if watcher.needs_key:
                self._want_key()

    def sound(self, block: PcmBlock) -> None:
        placed = self._clock.place(block.pts_90k, block.capture_mono_ns)
        if not self._watchers:
            return
        for pts_90k, packet in self._opus.encode(block.data, block.channels, placed):
            for _, watcher in self._watchers.values():
                watcher.put_sound(pts_90k, packet)

    async def sweep(self) -> None:
        """Close those who left without a word, for ever."""
        while True:
            await asyncio.sleep(SWEEP_S)
            now = datetime.now(UTC)
            for viewer, (_, watcher) in list(self._watchers.items()):
                if await watcher.gone(now):
                    await self.close(viewer)

    def _want_key(self) -> None:
        now = time.monotonic()
        if now - self._key_asked_s >= KEY_PAUSE_S:
            self._key_asked_s = now
            self._ask_encoder()
