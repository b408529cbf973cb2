"""Pictures become H.264 once, for the recording and for every viewer. Belongs to no muxer.

Constrained baseline, Annex B, parameter sets in band with every key frame. Key frames come when asked for and
nowhere else: `KeyFrameRule` asks, by media time, so that a slow camera has them as often as a fast one.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from fractions import Fraction

import av
from av.codec import CodecContext
from av.stream import Stream
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType

from config.room import PictureSettings
from edge.timeline.video_clock import TICKS_PER_S

TIME_BASE = Fraction(1, TICKS_PER_S)
KEY_INTERVAL_90K = 2 * TICKS_PER_S
SOFTWARE = "libx264"
MOST_HELD = 3  # pictures that an encoder may have in hand: what a crash takes with it
_NEVER = 30_000  # pictures until a key frame that nobody asked for
_PIXELS = {"h264_qsv": "nv12"}
# Not tried on hardware: what the probe finds wanting is not used (edge/encode/encoder_choice.py).
_HARDWARE_OPTIONS = {
    "h264_qsv": {"preset": "veryfast", "profile": "baseline", "async_depth": "1", "forced_idr": "1", "repeat_pps": "1"},
    "h264_v4l2m2m": {"num_output_buffers": "4", "num_capture_buffers": "4"},
}


@dataclass(frozen=True, slots=True)
class EncodedPicture:
    data: bytes
    pts_90k: int
    key: bool


class EncoderFailed(Exception):
    """The encoder `name` can't be used, or stopped doing what it must."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name}: {reason}")
        self.name = name


class VideoEncoder:
    """One picture in, its access unit out at once or a few pictures later. Raises EncoderFailed, and nothing else."""

    def __init__(self, settings: PictureSettings, name: str = SOFTWARE) -> None:
        self.name = name
        self._waiting: deque[tuple[int, bool]] = deque()  # pts and whether a key frame was asked for
        try:
            self._context = _open(settings, name)
        except (av.FFmpegError, ValueError, OSError) as error:
            raise EncoderFailed(name, f"does not open ({type(error).__name__})") from error

    def encode(self, picture: av.VideoFrame, pts_90k: int, key: bool) -> list[EncodedPicture]:
        """`picture` must be yuv420p of the configured size; `pts_90k` must grow."""
        picture.pts = pts_90k
        picture.time_base = TIME_BASE
        # A decoded picture remembers its own type; left so, every picture would become a key frame.
        picture.pict_type = PictureType.I if key else PictureType.NONE
        self._waiting.append((pts_90k, key))
        encoded = self._give(picture)
        if len(self._waiting) > MOST_HELD:
            raise EncoderFailed(self.name, f"holds {len(self._waiting)} pictures back")
        return encoded

    def finish(self) -> list[EncodedPicture]:
        """What it still holds. Nothing can be encoded afterwards."""
        return self._give(None)

    def _give(self, picture: av.VideoFrame | None) -> list[EncodedPicture]:
        try:
            packets = self._context.encode(picture)
        except (av.FFmpegError, ValueError, OSError) as error:
            raise EncoderFailed(self.name, type(error).__name__) from error
        return [self._checked(packet) for packet in packets]

    def _checked(self, packet: av.Packet[Stream]) -> EncodedPicture:
        """Every picture comes out in order, with its own time, and as a key frame where one was asked for."""
        pts, key = self._waiting.popleft() if self._waiting else (None, False)
        if pts is None or packet.pts != pts:
            raise EncoderFailed(self.name, "gave a picture out of turn")
        if key and not packet.is_keyframe:
            raise EncoderFailed(self.name, "gave no key frame where one was asked for")
        return EncodedPicture(bytes(packet), pts, packet.is_keyframe)


def _open(settings: PictureSettings, name: str) -> VideoCodecContext:
    context = CodecContext.create(name, "w")
    if not isinstance(context, VideoCodecContext):
        raise ValueError("not a video encoder")
    context.width, context.height = settings.width, settings.height
    context.pix_fmt = _PIXELS.get(name, "yuv420p")
    context.time_base = TIME_BASE
    context.framerate = Fraction(settings.rate)
    context.bit_rate = settings.bitrate_kbps * 1000
    context.max_b_frames = 0
    if name == SOFTWARE:
        context.thread_count = 1 if settings.height <= 720 else 2
        context.options = encoder_options(settings)
    else:
        context.gop_size = _NEVER
        context.options = dict(_HARDWARE_OPTIONS.get(name, {}))
    context.open()
    return context


class KeyFrameRule:
    """Pure: which pictures are key frames. At least every two seconds, and when asked, at most one a second.

    A cut may not wait for that second: `urgent` makes the very next picture a key frame.
    """

    def __init__(self) -> None:
        self._last: int | None = None
        self._asked = False
        self._urgent = False

    def ask(self, urgent: bool = False) -> None:
        self._asked = True
        self._urgent = self._urgent or urgent

    def decide(self, pts_90k: int) -> bool:
        since = None if self._last is None else pts_90k - self._last
        key = since is None or since >= KEY_INTERVAL_90K or self._urgent or (self._asked and since >= TICKS_PER_S)
        if key:
            self._last, self._asked, self._urgent = pts_90k, False, False
        return key


def encoder_options(settings: PictureSettings) -> dict[str, str]:
    """libx264 options; the benchmark's bare encoder uses the very same ones."""
    most = settings.bitrate_kbps * 5 // 4
    return {
        "preset": settings.preset,
        "tune": "zerolatency",
        "profile": "baseline",
        "forced-idr": "1",
        "x264-params": f"keyint=infinite:scenecut=0:vbv-maxrate={most}:vbv-bufsize={most}",
    }


def codec_string(access_unit: bytes) -> str:
    """The RFC 6381 name, such as avc1.42c01f, from the SPS of a key access unit in Annex B. ValueError without one."""
    place = 0
    while (place := access_unit.find(b"\x00\x00\x01", place)) >= 0:
        if access_unit[place + 3] & 0x1F == 7:
            return f"avc1.{access_unit[place + 4 : place + 7].hex()}"
        place += 3
    raise ValueError("a key access unit without a sequence parameter set")
