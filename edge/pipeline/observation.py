"""What is looked at and listened to besides the recording: small grey pictures, blocks of sound. Owns the tap only.

Health and presence are found out from these. The tap sits in the sources' threads; whoever takes what it gives must
return at once. It sees each camera by itself, before anything is composed or written into the picture.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import av
import numpy as np
import numpy.typing as npt
from av.codec import CodecContext

from edge.capture.decoding import WITHIN_BOUNDS
from edge.capture.frame import AudioBlock, Captured, CopiedPacket, Samples, VideoFrame
from edge.capture.planes import plane_of
from storage.manifest import SourceName

WIDTH, HEIGHT = 160, 90
LOOK_EVERY_NS = 240_000_000  # about four pictures a second

Luma = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class SeenPicture:
    """`luma` has shape [90, 160], the whole picture whatever its shape was; 16 is black, 235 white."""

    source: SourceName
    mono_ns: int
    luma: Luma


@dataclass(frozen=True, slots=True)
class HeardSound:
    """`samples` [n, channels] as captured, 48 kHz, before any correction."""

    source: SourceName
    mono_ns: int
    samples: Samples


Observation = SeenPicture | HeardSound


class Tap:
    """Stands between one source and the inbox: passes everything on, and lets a few pictures a second be seen."""

    def __init__(self, deliver: Callable[[Captured], None], observe: Callable[[Observation], None]) -> None:
        self._deliver, self._observe = deliver, observe
        self._next_ns: dict[SourceName, int] = {}

    def __call__(self, item: Captured) -> None:
        if isinstance(item, AudioBlock):
            self._observe(HeardSound(item.source, item.mono_ns, item.samples))
        elif self._is_due(item) and (luma := small_luma(item)) is not None:
            self._observe(SeenPicture(item.source, item.mono_ns, luma))
        self._deliver(item)

    def _is_due(self, item: VideoFrame | CopiedPacket) -> bool:
        """A copied camera is looked at in its key pictures only: those alone can be decoded by themselves."""
        if isinstance(item, CopiedPacket) and not item.key:
            return False
        due = self._next_ns.get(item.source)
        if due is not None and 0 <= due - item.mono_ns < 10 * LOOK_EVERY_NS:  # a clock that jumped far back starts anew
            return False
        self._next_ns[item.source] = item.mono_ns + LOOK_EVERY_NS
        return True


def small_luma(item: VideoFrame | CopiedPacket) -> Luma | None:
    """The picture's brightness at 160x90; None when a copied key picture can't be decoded."""
    picture = item.picture if isinstance(item, VideoFrame) else _decode(item.data)
    if picture is None:
        return None
    small = picture.reformat(width=WIDTH, height=HEIGHT, format="yuv420p", interpolation="AREA")
    return plane_of(small, 0).copy()


def _decode(data: bytes) -> av.VideoFrame | None:
    decoder = CodecContext.create("h264", "r")
    decoder.options = WITHIN_BOUNDS
    try:
        pictures = [*decoder.decode(av.Packet(data)), *decoder.decode(None)]
    except av.FFmpegError:
        return None
    return pictures[-1] if pictures else None
