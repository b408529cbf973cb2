"""What the recorder shows live: gives the pipeline's packets and sound to the bus. Never waits, keeps nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from edge.segment.sink import RunStart
from storage.manifest import VideoTrack
from streaming.bus_server import BusServer
from streaming.local_socket import OWN_USER, Peers
from streaming.packet import Packet, PcmBlock


class MediaServer:
    """`start` and `stop` in the event loop; the rest from the pipeline's threads."""

    def __init__(self, socket: Path, on_key_frame_wanted: Callable[[], None], peers: Peers = OWN_USER) -> None:
        self._bus = BusServer(socket, on_key_frame_wanted, peers)

    async def start(self) -> None:
        await self._bus.start()

    async def stop(self) -> None:
        await self._bus.stop()

    def run_started(self, run: RunStart) -> None:
        self._bus.describe(describe_run(run))

    def picture(self, packet: Packet) -> None:
        self._bus.publish_picture(packet)

    def sound(self, block: PcmBlock) -> None:
        self._bus.publish_sound(block)


def describe_run(run: RunStart) -> dict[str, Any]:
    """The bus description. `anchor` are both clocks at pts 0; nanoseconds as text, as in manifests."""
    video: dict[str, Any] | None = None
    audio: dict[str, Any] | None = None
    for track in run.tracks:
        if isinstance(track, VideoTrack):
            video = {"codec": "h264", "width": track.width, "height": track.height, "rate": track.rate}
        else:
            audio = {"codec": "s16le", "rate": 48_000, "channels": track.channels}
    anchor = {"wall_ns": str(run.anchor.wall_ns), "mono_ns": str(run.anchor.mono_ns)}
    return {"format": "shilu-bus-1", "run": run.run, "anchor": anchor, "video": video, "audio": audio}
