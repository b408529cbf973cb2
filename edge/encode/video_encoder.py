"""Pictures become H.264 once, for the recording and for every viewer. Belongs to no muxer.

Constrained baseline, Annex B, parameter sets in band with every key frame. Key frames come when asked for and
nowhere else: `KeyFrameRule` asks, by media time, so that a slow camera has them as often as a fast one.
"""

from __future__ import annotations

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


@dataclass(frozen=True, slots=True)
class EncodedPicture:
    data: bytes
    pts_90k: int
    key: bool


class VideoEncoder:
    """One picture in, one access unit out. Raises av.FFmpegError when the encoder fails."""

    name = "libx264"

    def __init__(self, settings: PictureSettings) -> None:
        self._settings = settings
        context = CodecContext.create("libx264", "w")
        context.width, context.height = settings.width, settings.height
        context.pix_fmt = "yuv420p"
        context.time_base = TIME_BASE
        context.framerate = Fraction(settings.rate)
        context.bit_rate = settings.bitrate_kbps * 1000
        context.max_b_frames = 0
        context.thread_count = 1 if settings.height <= 720 else 2
        context.options = encoder_options(settings)
        context.open()
        self._context: VideoCodecContext = context

    def encode(self, picture: av.VideoFrame, pts_90k: int, key: bool) -> list[EncodedPicture]:
        """`picture` must be yuv420p of the configured size; `pts_90k` must grow."""
        picture.pts = pts_90k
        picture.time_base = TIME_BASE
        # A decoded picture remembers its own type; left so, every picture would become a key frame.
        picture.pict_type = PictureType.I if key else PictureType.NONE
        return [_encoded(packet) for packet in self._context.encode(picture)]


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


def _encoded(packet: av.Packet[Stream]) -> EncodedPicture:
    if packet.pts is None:
        raise ValueError("the encoder gave a packet without a time")
    return EncodedPicture(bytes(packet), packet.pts, packet.is_keyframe)
