"""A network camera over RTSP, TCP only. Decodes by default; `copy_video` hands out the camera's own packets.

The address with its password exists only in the call that opens it: no message, log or error carries it.
"""

from __future__ import annotations

import errno
import time
from collections import deque
from collections.abc import Callable, Iterator
from urllib.parse import quote, urlsplit

import av

from config.room import RtspSource as RtspSettings
from edge.capture.decoding import MOST_PIXELS, ContainerTracks, Picture, Sound
from edge.capture.frame import AudioBlock, Captured, CopiedPacket, VideoFrame
from edge.capture.source import SourceError, SourceLost, SourceUnavailable, TrackKind
from edge.timeline.arrival_clock import ArrivalClock

OPEN_TIMEOUT_S = 5.0
READ_TIMEOUT_S = 3.0  # a dead camera is noticed within five seconds
_OPTIONS = {
    "rtsp_transport": "tcp",
    "rtsp_flags": "prefer_tcp",
    "timeout": str(int(READ_TIMEOUT_S * 1_000_000)),
    "analyzeduration": "700000",
}


class RtspSource:
    """Both tracks of a camera stand on one clock: its sender reports join them, our arrival clock places them."""

    def __init__(
        self,
        settings: RtspSettings,
        tracks: frozenset[TrackKind],
        monotonic_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self._settings = settings
        self._wanted = tracks
        self._monotonic_ns = monotonic_ns
        self._container: av.container.InputContainer | None = None
        self._tracks: ContainerTracks | None = None
        self._packets: Iterator[av.Packet[av.stream.Stream]] = iter(())
        self._ready: deque[Captured] = deque()
        self._clock = ArrivalClock()

    def open(self) -> frozenset[TrackKind]:
        try:
            container = av.open(
                address_of(self._settings), "r", options=_OPTIONS, timeout=(OPEN_TIMEOUT_S, READ_TIMEOUT_S)
            )
        except (av.FFmpegError, OSError, ValueError) as error:
            raise opening_fault(error) from None
        self._container = container
        self._tracks = ContainerTracks(container, self._wanted)
        _check_size(self._tracks)
        if self._settings.copy_video:
            _check_copyable(self._tracks)
        self._packets = container.demux(*self._tracks.streams)
        self._ready.clear()
        self._clock = ArrivalClock()
        return self._tracks.kinds

    def read(self, timeout_s: float) -> Captured | None:
        """Waits up to READ_TIMEOUT_S when the camera is silent: FFmpeg's socket can't wait for less."""
        deadline_ns = self._monotonic_ns() + int(timeout_s * 1e9)
        while not self._ready:
            self._read_packet()
            if self._monotonic_ns() > deadline_ns:
                break
        return self._ready.popleft() if self._ready else None

    def close(self) -> None:
        if self._container is not None:
            self._container.close()
            self._container = None

    def _read_packet(self) -> None:
        try:
            packet = next(self._packets)
        except (StopIteration, av.FFmpegError, OSError) as error:
            raise _lost(error) from None
        arrived_ns = self._monotonic_ns()
        for item in self._items(packet, arrived_ns):
            if self._clock.settled(arrived_ns):
                self._ready.append(item)

    def _items(self, packet: av.Packet[av.stream.Stream], arrived_ns: int) -> Iterator[Captured]:
        if self._tracks is None:
            return
        if self._settings.copy_video and packet.stream is self._tracks.video:
            yield from self._copy(packet, arrived_ns)
            return
        try:
            for item in self._tracks.decode(packet):
                mono_ns = self._clock.mono_ns(item.media_ns, arrived_ns)
                yield _captured(item, mono_ns)
        except av.error.InvalidDataError:
            return  # a broken picture on the way in; the next key frame mends it

    def _copy(self, packet: av.Packet[av.stream.Stream], arrived_ns: int) -> Iterator[CopiedPacket]:
        video = self._tracks.video if self._tracks else None
        if video is None or packet.pts is None or packet.time_base is None or packet.size == 0:
            return
        mono_ns = self._clock.mono_ns(int(packet.pts * packet.time_base * 1_000_000_000), arrived_ns)
        data = bytes(packet)
        if packet.is_keyframe:
            data = with_parameter_sets(data, video.codec_context.extradata or b"")
        yield CopiedPacket(mono_ns, data, packet.is_keyframe, video.width, video.height)


def address_of(settings: RtspSettings) -> str:
    """The address with user name and password in it. Not to be kept, shown or logged."""
    if not settings.username:
        return settings.url
    parts = urlsplit(settings.url)
    login = f"{quote(settings.username, safe='')}:{quote(settings.password, safe='')}"
    return parts._replace(netloc=f"{login}@{parts.netloc}").geturl()


def with_parameter_sets(access_unit: bytes, extradata: bytes) -> bytes:
    """A key access unit that can be decoded alone: cameras may send the sets only in their description."""
    if b"\x00\x00\x01\x67" in access_unit or b"\x00\x00\x01\x27" in access_unit or extradata[:1] == b"\x01":
        return access_unit
    return extradata + access_unit


def opening_fault(error: Exception) -> SourceUnavailable:
    """What went wrong, in a sentence; FFmpeg's own text is left out because it holds the address."""
    if isinstance(error, av.error.HTTPUnauthorizedError | av.error.HTTPForbiddenError):
        return SourceUnavailable(
            "camera-login-refused",
            "网络摄像头拒绝登录，录音照常进行。请在中心核对该摄像头的用户名和密码",
            "The network camera refused the login; sound goes on. Check its user name and password at the centre",
        )
    if isinstance(error, av.error.HTTPNotFoundError):
        return SourceUnavailable(
            "camera-path-unknown",
            "网络摄像头上没有这个视频地址，录音照常进行。请核对地址",
            "The network camera knows no such path; sound goes on. Check its address",
        )
    number = getattr(error, "errno", None)
    name = errno.errorcode.get(number, type(error).__name__) if isinstance(number, int) else type(error).__name__
    return SourceUnavailable(
        "camera-unreachable",
        "连接不上网络摄像头，录音照常进行，正在自动重连。请检查摄像头的电源、网线和地址",
        f"The network camera can't be reached ({name}); sound goes on and it is tried again. "
        "Check its power, cable and address",
    )


def _check_size(tracks: ContainerTracks) -> None:
    video = tracks.video
    if video is not None and video.width * video.height > MOST_PIXELS:
        raise SourceUnavailable(
            "camera-picture-too-large",
            "网络摄像头的画面尺寸过大，无法录制，录音照常进行。请在摄像头上调小分辨率（不超过 1200 万像素）",
            "The network camera's picture is too large to record; sound goes on. Set a smaller size on the camera (at"
            " most 12 megapixels)",
        )


def _check_copyable(tracks: ContainerTracks) -> None:
    video = tracks.video
    if video is None:
        return
    if video.codec_context.name != "h264":
        raise SourceUnavailable(
            "copy-not-h264",
            "该摄像头送来的不是 H.264，不能直接复制，录音照常进行。请改用 H.264 或关闭 copy_video",
            "This camera does not send H.264, which copying needs; sound goes on. Switch it or turn copy_video off",
        )
    if video.codec_context.has_b_frames:
        raise SourceUnavailable(
            "copy-b-frames",
            "该摄像头使用 B 帧，不能直接复制，录音照常进行。请在摄像头上关闭 B 帧或关闭 copy_video",
            "This camera uses B frames, which can't be copied; sound goes on. Turn them off or turn copy_video off",
        )


def _captured(item: Picture | Sound, mono_ns: int) -> Captured:
    return VideoFrame(mono_ns, item.picture) if isinstance(item, Picture) else AudioBlock(mono_ns, item.samples)


def _lost(error: Exception) -> SourceError:
    return SourceLost(
        "camera-connection-lost",
        "与网络摄像头的连接断了，另一路照常录制，正在自动重连。请检查摄像头的电源和网线",
        f"The connection to the network camera broke ({type(error).__name__}); the other track goes on and it is "
        "tried again. Check its power and cable",
    )
