"""Decoded pictures and sound of a container as captured items. Knows media time only; the source gives it a clock."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import av
import numpy as np

from edge.capture.frame import SOUND_RATE, Samples
from edge.capture.source import TrackKind

MOST_PIXELS = 13_000_000  # a camera of 12 megapixels; what claims more could take all memory with a few packets
WITHIN_BOUNDS = {"max_pixels": str(MOST_PIXELS)}
_LAYOUTS = {1: "mono", 2: "stereo"}


@dataclass(frozen=True, slots=True, order=True)
class Picture:
    media_ns: int
    picture: av.VideoFrame


@dataclass(frozen=True, slots=True)
class Sound:
    media_ns: int
    samples: Samples

    @property
    def end_ns(self) -> int:
        return self.media_ns + len(self.samples) * 1_000_000_000 // SOUND_RATE


class ContainerTracks:
    """The wanted tracks of an open container: its first picture stream and its first sound stream."""

    def __init__(self, container: av.container.InputContainer, wanted: frozenset[TrackKind]) -> None:
        self.video = next(iter(container.streams.video), None) if "video" in wanted else None
        self.audio = next(iter(container.streams.audio), None) if "audio" in wanted else None
        if self.video is not None:
            self.video.codec_context.options = WITHIN_BOUNDS
        self._resampler: av.AudioResampler | None = None
        self._channels = 1

    @property
    def kinds(self) -> frozenset[TrackKind]:
        found: set[TrackKind] = set()
        if self.video is not None:
            found.add("video")
        if self.audio is not None:
            found.add("audio")
        return frozenset(found)

    @property
    def streams(self) -> list[av.stream.Stream]:
        return [stream for stream in (self.video, self.audio) if stream is not None]

    def decode(self, packet: av.Packet[av.stream.Stream]) -> Iterator[Picture | Sound]:
        """What this packet completes. An empty packet (end of file) gives what the decoders still hold."""
        for frame in packet.decode():
            if isinstance(frame, av.VideoFrame):
                if frame.pts is not None and not frame.is_corrupt:
                    yield Picture(round(frame.time * 1e9), own_picture(frame))
            elif isinstance(frame, av.AudioFrame):
                yield from self._resample(frame)

    def _resample(self, frame: av.AudioFrame) -> Iterator[Sound]:
        if self._resampler is None:
            self._channels = min(2, frame.layout.nb_channels)
            self._resampler = av.AudioResampler("s16", _LAYOUTS[self._channels], SOUND_RATE)
        for part in self._resampler.resample(frame):
            if part.time is not None and part.samples:
                samples = part.to_ndarray().reshape(-1, self._channels).astype(np.int16)
                yield Sound(round(part.time * 1e9), samples)


def own_picture(frame: av.VideoFrame) -> av.VideoFrame:
    """The picture as yuv420p in memory that its receiver may write into."""
    if frame.format.name != "yuv420p":
        return frame.reformat(format="yuv420p")
    frame.make_writable()
    return frame
