"""Sound becomes AAC-LC at 48 kHz. Lives with one run: AAC goes into its muxer and nowhere else."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import TypeAlias

import av
import numpy as np
from av.audio.stream import AudioStream

from edge.capture.frame import Samples
from edge.timeline.sound_line import RATE

SoundPacket: TypeAlias = "av.Packet[AudioStream]"

FRAME_SAMPLES = 1024
PRIMING_SAMPLES = 1024
CODEC = "mp4a.40.2"
_TIME_BASE = Fraction(1, RATE)
_LAYOUTS = {1: "mono", 2: "stereo"}


class AudioEncoder:
    """Takes the line's samples in any lengths and gives packets of 1024.

    AAC's first packet has a time 1024 samples before its first sample. The caller starts at sample 1024, so that
    this packet has time 0 and no muxer has to move both tracks.
    """

    def __init__(self, stream: AudioStream, channels: int, bitrate_kbps: int) -> None:
        self._stream = stream
        self._layout = _LAYOUTS[channels]
        context = stream.codec_context
        context.layout = self._layout
        context.format = "fltp"
        context.bit_rate = bitrate_kbps * 1000
        self._waiting = np.zeros((0, channels), np.int16)
        self._position = 0

    def encode(self, start: int, samples: Samples) -> Iterator[SoundPacket]:
        """`start` is the place of the first sample on the line, in samples from the run's pts 0."""
        if len(self._waiting) == 0:
            self._position = start
        self._waiting = np.concatenate([self._waiting, samples])
        while len(self._waiting) >= FRAME_SAMPLES:
            frame, self._waiting = self._waiting[:FRAME_SAMPLES], self._waiting[FRAME_SAMPLES:]
            yield from self._encode_frame(frame)

    def finish(self) -> Iterator[SoundPacket]:
        """The rest, filled up with silence, and what the encoder still holds."""
        if len(self._waiting):
            missing = np.zeros((FRAME_SAMPLES - len(self._waiting), self._waiting.shape[1]), np.int16)
            frame, self._waiting = np.concatenate([self._waiting, missing]), self._waiting[:0]
            yield from self._encode_frame(frame)
        yield from self._stream.encode(None)

    def _encode_frame(self, samples: Samples) -> Iterator[SoundPacket]:
        planes = np.ascontiguousarray(samples.T).astype(np.float32) / 32768
        frame = av.AudioFrame.from_ndarray(planes, format="fltp", layout=self._layout)
        frame.sample_rate = RATE
        frame.time_base = _TIME_BASE
        frame.pts = self._position
        self._position += len(samples)
        yield from self._stream.encode(frame)
