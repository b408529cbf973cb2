"""One viewer's WebRTC connection: sends ready H.264 and Opus packets, receives nothing. Owns the aiortc side.

The order of calls in `answer` matters: a track added or preferences set after the offer was applied leave VP8 first in
the answer, and H.264 would be packed as VP8.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

import av
from aiortc import RTCConfiguration, RTCPeerConnection, RTCRtpSender, RTCSessionDescription, RTCStatsReport
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack

from streaming.packet import Packet
from streaming.watch_queue import PictureQueue, SoundQueue

PICTURE_BASE = Fraction(1, 90_000)
GATHER_S = 5.0
CONNECT_S = 15.0
SILENT_S = 20.0


class OfferRefused(Exception):
    """The viewer's offer can't be answered. `code` is for machines, the sentences for people."""

    def __init__(self, code: str, message: str, message_en: str) -> None:
        super().__init__(message_en)
        self.code, self.message, self.message_en = code, message, message_en


class _PictureTrack(MediaStreamTrack):
    kind = "video"

    def __init__(self) -> None:
        super().__init__()
        self.queue = PictureQueue()
        self.arrived = asyncio.Event()

    async def recv(self) -> av.Packet[Any]:
        while (packet := self.queue.take()) is None:
            if self.readyState != "live":
                raise MediaStreamError
            self.arrived.clear()
            await self.arrived.wait()
        return _ready(packet.data, packet.pts_90k)


class _SoundTrack(MediaStreamTrack):
    kind = "audio"

    def __init__(self) -> None:
        super().__init__()
        self.queue = SoundQueue()
        self.arrived = asyncio.Event()

    async def recv(self) -> av.Packet[Any]:
        while (item := self.queue.take()) is None:
            if self.readyState != "live":
                raise MediaStreamError
            self.arrived.clear()
            await self.arrived.wait()
        return _ready(item[1], item[0])


def _ready(data: bytes, pts_90k: int) -> av.Packet[Any]:
    """aiortc packs a packet as it is; only frames would be encoded, per viewer."""
    packet: av.Packet[Any] = av.Packet(data)
    packet.pts = packet.dts = pts_90k
    packet.time_base = PICTURE_BASE
    return packet


class Watcher:
    """From offer to close. `want_key` is called for each picture loss the viewer reports."""

    def __init__(self, want_key: Callable[[], None]) -> None:
        self._connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))  # else an outside STUN server is asked
        self._picture, self._sound = _PictureTrack(), _SoundTrack()
        self._want_key = want_key
        self._senders: list[RTCRtpSender] = []
        self._begun = datetime.now(UTC)

    async def answer(self, sdp: str) -> str:
        """The whole answer, candidates included. Raises OfferRefused; the watcher is closed then."""
        try:
            for track in (self._picture, self._sound):
                if f"m={track.kind} " in sdp:
                    self._prepare(track)
            async with asyncio.timeout(GATHER_S):
                await self._connection.setRemoteDescription(RTCSessionDescription(sdp, "offer"))
                await self._connection.setLocalDescription(await self._connection.createAnswer())
        except Exception as error:  # noqa: BLE001 - aiortc raises what its parsers happen to raise
            await self.close()
            raise OfferRefused(
                "offer-unusable",
                "浏览器提出的连接方式无法使用（需要 H.264 视频），录像不受影响；请换用新版 Chromium 内核浏览器",
                f"The viewer's offer can't be used ({type(error).__name__}; H.264 is needed); recording goes on; "
                "use a current Chromium-based browser",
            ) from None
        if not self._senders or "H264" not in self._connection.localDescription.sdp:
            await self.close()
            raise OfferRefused(
                "no-h264",
                "浏览器没有提供 H.264 视频，无法显示实时画面，录像不受影响",
                "The viewer offers no H.264 picture; recording goes on; use a browser with H.264",
            )
        return str(self._connection.localDescription.sdp)

    def _prepare(self, track: MediaStreamTrack) -> None:
        transceiver = self._connection.addTransceiver(track, "sendonly")
        codecs = RTCRtpSender.getCapabilities(track.kind).codecs
        wanted = "video/h264" if track.kind == "video" else "audio/opus"
        first = [codec for codec in codecs if codec.mimeType.lower() == wanted]
        resend = [codec for codec in codecs if codec.mimeType.lower() == "video/rtx"]
        transceiver.setCodecPreferences(first + resend)
        if track.kind == "video":
            # a packet track has no encoder that aiortc could ask; tests/streaming names the version this holds for
            transceiver.sender._send_keyframe = self._want_key  # type: ignore[method-assign]
        self._senders.append(transceiver.sender)

    @property
    def state(self) -> str:
        return str(self._connection.connectionState)

    @property
    def needs_key(self) -> bool:
        return self.state == "connected" and self._picture.queue.needs_key

    def put_picture(self, packet: Packet) -> None:
        if self.state == "connected" and self._picture.queue.put(packet):
            self._picture.arrived.set()

    def put_sound(self, pts_90k: int, block: bytes) -> None:
        if self.state == "connected":
            self._sound.queue.put(pts_90k, block)
            self._sound.arrived.set()

    async def gone(self, now: datetime) -> bool:
        """True when nobody is there any more: never connected, closed, or no report came for 20 s."""
        if self.state in ("failed", "closed"):
            return True
        if self.state != "connected":
            return now - self._begun > timedelta(seconds=CONNECT_S)
        reports = [await sender.getStats() for sender in self._senders]
        heard = max((_last_report(report) for report in reports), default=self._begun)
        return now - max(heard, self._begun) > timedelta(seconds=SILENT_S)

    async def close(self) -> None:
        for track in (self._picture, self._sound):
            track.stop()
            track.arrived.set()
        with contextlib.suppress(Exception):  # closing a half-made connection may raise anything; it is gone anyway
            await asyncio.wait_for(self._connection.close(), 5.0)


def _last_report(report: RTCStatsReport) -> datetime:
    times = [stats.timestamp for stats in report.values() if stats.type == "remote-inbound-rtp"]
    return max(times, default=datetime.fromtimestamp(0, UTC))
