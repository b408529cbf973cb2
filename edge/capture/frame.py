"""What a source hands over: pictures, sound and, when a camera is copied, its own packets. Owns the shapes only.

Every item carries the monotonic time at which its first light or first sample was taken, not when it arrived.
"""

from __future__ import annotations

from dataclasses import dataclass

import av
import numpy as np
import numpy.typing as npt

from storage.manifest import SourceName

Samples = npt.NDArray[np.int16]
SOUND_RATE = 48_000


@dataclass(frozen=True, slots=True)
class VideoFrame:
    """One picture, yuv420p at its own size. Whoever receives it may write into it."""

    mono_ns: int
    picture: av.VideoFrame
    source: SourceName = "camera"


@dataclass(frozen=True, slots=True)
class AudioBlock:
    """`samples` has shape [n, channels], at 48 kHz; `mono_ns` is the time of the first one."""

    mono_ns: int
    samples: Samples
    rate: int = SOUND_RATE
    source: SourceName = "microphone"


@dataclass(frozen=True, slots=True)
class CopiedPacket:
    """One H.264 access unit as the camera made it, Annex B. `key` units carry their parameter sets."""

    mono_ns: int
    data: bytes
    key: bool
    width: int
    height: int
    source: SourceName = "camera"


Captured = VideoFrame | AudioBlock | CopiedPacket
