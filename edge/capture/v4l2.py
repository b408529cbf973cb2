"""A USB camera through Video4Linux, with the driver's own time stamps."""

from __future__ import annotations

import errno
import time
from collections.abc import Callable, Iterator

import av

from config.room import PictureSettings
from config.room import V4l2Source as V4l2Settings
from edge.capture.cameras import lasting_name
from edge.capture.decoding import own_picture
from edge.capture.frame import Captured, VideoFrame
from edge.capture.source import SourceLost, SourceUnavailable, TrackKind

_FORMATS = {"mjpeg": "mjpeg", "raw": "yuyv422"}
_READ_TIMEOUT_S = 3.0
_NEAR_NS = 10_000_000_000


class V4l2Source:
    """Asks the camera for the configured size and rate; a camera that gives others is scaled later.

    Opened once by its number, it is opened again by its lasting name, under which it is found at another number.
    """

    def __init__(
        self,
        settings: V4l2Settings,
        picture: PictureSettings,
        monotonic_ns: Callable[[], int] = time.monotonic_ns,
        wall_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self._settings = settings
        self._device = settings.device
        self._picture = picture
        self._monotonic_ns = monotonic_ns
        self._wall_ns = wall_ns
        self._container: av.container.InputContainer | None = None
        self._packets: Iterator[av.Packet[av.VideoStream]] = iter(())

    def open(self) -> frozenset[TrackKind]:
        options = {
            "input_format": _FORMATS[self._settings.input_format],
            "video_size": f"{self._picture.width}x{self._picture.height}",
            "framerate": str(self._picture.rate),
        }
        try:
            container = av.open(self._device, "r", format="v4l2", options=options, timeout=(5.0, _READ_TIMEOUT_S))
        except (av.FFmpegError, OSError, ValueError) as error:
            raise opening_fault(error) from None
        self._device = lasting_name(self._device)
        self._container = container
        self._packets = container.demux(container.streams.video[0])
        return frozenset({"video"})

    def read(self, timeout_s: float) -> Captured | None:
        """One picture; the driver waits by itself, up to three seconds."""
        del timeout_s
        try:
            packet = next(self._packets)
            pictures = packet.decode()
        except av.error.InvalidDataError:
            return None  # a torn MJPEG picture; the next one is whole
        except (StopIteration, av.FFmpegError, OSError) as error:
            raise SourceLost(
                "camera-unplugged",
                "摄像头断开了，录音照常进行，正在自动重连。请检查 USB 线",
                f"The camera is gone ({type(error).__name__}); sound goes on, it is tried again. Check its USB cable",
            ) from None
        now_ns = self._monotonic_ns()
        stamp = None if packet.pts is None or packet.time_base is None else int(packet.pts * packet.time_base * 10**9)
        for picture in pictures:
            if isinstance(picture, av.VideoFrame) and not picture.is_corrupt:
                return VideoFrame(monotonic_of(stamp, now_ns, self._wall_ns()), own_picture(picture))
        return None

    def close(self) -> None:
        if self._container is not None:
            self._container.close()
            self._container = None


def monotonic_of(stamp_ns: int | None, mono_ns: int, wall_ns: int) -> int:
    """Pure. Drivers stamp with the monotonic clock (nearly all), with the wall clock, or with nonsense.

    What lies within ten seconds of one of our clocks is that clock; else the time of arrival has to do.
    """
    if stamp_ns is None:
        return mono_ns
    if abs(stamp_ns - mono_ns) < _NEAR_NS:
        return min(stamp_ns, mono_ns)
    if abs(stamp_ns - wall_ns) < _NEAR_NS:
        return min(stamp_ns - wall_ns + mono_ns, mono_ns)
    return mono_ns


def opening_fault(error: Exception) -> SourceUnavailable:
    number = getattr(error, "errno", None)
    if number == errno.EBUSY:
        return SourceUnavailable(
            "camera-busy",
            "摄像头正被别的程序占用，录音照常进行，正在自动重试。请关闭占用它的程序",
            "Another program uses the camera; sound goes on and it is tried again. Close that program",
        )
    if number in (errno.ENOENT, errno.ENODEV, errno.ENXIO):
        return SourceUnavailable(
            "camera-missing",
            "找不到摄像头，录音照常进行，正在自动重试。请检查 USB 线是否插好",
            "The camera is not there; sound goes on and it is tried again. Check that its USB cable is plugged in",
        )
    if number in (errno.EACCES, errno.EPERM):
        return SourceUnavailable(
            "camera-forbidden",
            "没有使用摄像头的权限，录音照常进行。请由管理员检查设备权限（video 组）",
            "The recorder may not use the camera; sound goes on. An administrator should check its group (video)",
        )
    return SourceUnavailable(
        "camera-unusable",
        "摄像头不支持配置的格式或无法打开，录音照常进行。请在中心核对该房间的画面设置",
        f"The camera can't be opened as configured ({type(error).__name__}); sound goes on. Check the picture settings",
    )
