"""Encodes the room's sound to Opus once for all viewers. Owns the encoder; knows no viewer."""

from __future__ import annotations

from fractions import Fraction

import av
import numpy as np
from av.audio.codeccontext import AudioCodecContext

RATE = 48_000
BLOCK_SAMPLES = 960  # 20 ms, the packet time that every browser expects
BLOCK_90K = 1800
BITRATE = 48_000


class OpusLine:
    """10 ms PCM blocks in, 20 ms Opus packets out."""

    def __init__(self) -> None:
        self._encoder = _new_encoder()
        self._samples = np.zeros(0, np.int16)
        self._start_90k = 0

    def encode(self, data: bytes, channels: int, pts_90k: int) -> list[tuple[int, bytes]]:
        """`data` is s16le, interleaved; `pts_90k` its place on the viewers' line. Returns (pts_90k, packet) pairs.

        Several channels are mixed to one: a viewer listens, the recording keeps them apart.
        """
        samples = np.frombuffer(data, "<i2").reshape(-1, max(1, channels))
        mono = samples[:, 0] if channels < 2 else samples.astype(np.int32).mean(axis=1).astype(np.int16)
        expected = self._start_90k + len(self._samples) * 90_000 // RATE
        if not len(self._samples) or abs(pts_90k - expected) > BLOCK_90K:
            self._samples, self._start_90k = np.zeros(0, np.int16), pts_90k  # half a block of an older stretch goes
        self._samples = np.concatenate([self._samples, mono])
        packets: list[tuple[int, bytes]] = []
        while len(self._samples) >= BLOCK_SAMPLES:
            block, self._samples = self._samples[:BLOCK_SAMPLES], self._samples[BLOCK_SAMPLES:]
            packets += [(self._start_90k, bytes(packet)) for packet in self._encoder.encode(_frame(block))]
            self._start_90k += BLOCK_90K
        return packets


def _new_encoder() -> AudioCodecContext:
    encoder = av.CodecContext.create("libopus", "w")
    encoder.format = av.AudioFormat("s16")
    encoder.layout = av.AudioLayout("mono")
    encoder.sample_rate = RATE
    encoder.bit_rate = BITRATE
    encoder.time_base = Fraction(1, RATE)
    encoder.options = {"application": "voip", "frame_duration": "20"}
    return encoder


def _frame(block: np.ndarray[tuple[int], np.dtype[np.int16]]) -> av.AudioFrame:
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(block).reshape(1, -1), format="s16", layout="mono")
    frame.sample_rate = RATE
    return frame
