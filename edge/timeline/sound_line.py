"""The sound of a run as one unbroken line of samples from its anchor on. Pure.

Blocks come with capture times of a clock that drifts; they are placed once, then follow by resampling. Where no
sound came there is silence. Sound is cut only where silence already stands in its place, or before the run began.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edge.timeline.drift import DriftControl
from edge.timeline.resample import FractionalResampler, Samples

RATE = 48_000
_BREAK_S = 0.120  # later than this and sound is missing between; resampling would take minutes to mend it
_BACKWARDS_S = 1.0  # earlier than this and the source's clock is another one


def ticks_of_samples(samples: int) -> int:
    """Samples at 48 kHz in ticks of 1/90000 s, rounded down."""
    return samples * 15 // 8


@dataclass(frozen=True, slots=True)
class Piece:
    """Consecutive samples of the line. `filled`: silence that stands for missing sound."""

    start: int
    samples: Samples
    filled: bool

    @property
    def end(self) -> int:
        return self.start + len(self.samples)


class SoundLine:
    """`position` counts samples from the anchor: the next one to be given out."""

    def __init__(self, anchor_mono_ns: int, channels: int, position: int = 0) -> None:
        self._anchor_mono_ns = anchor_mono_ns
        self._channels = channels
        self._control = DriftControl()
        self._resampler: FractionalResampler | None = None
        self._correction = 0.0
        self.position = position

    @property
    def channels(self) -> int:
        return self._channels

    @property
    def drift_ppm(self) -> float:
        return self._control.drift_ppm

    def time_of(self, position: int) -> int:
        """Monotonic time of sample `position`."""
        return self._anchor_mono_ns + position * 1_000_000_000 // RATE

    def add(self, mono_ns: int, samples: Samples) -> list[Piece]:
        """Place a block [n, channels]; its samples follow what is there, with silence before them where needed."""
        samples = fit_channels(samples, self._channels)
        pieces: list[Piece] = []
        if self._resampler is not None:
            error_s = (self.time_of(self.position) - mono_ns) / 1e9 + self._resampler.waiting / RATE
            if -_BREAK_S <= error_s <= _BACKWARDS_S:
                self._correction = self._control.observe(error_s, len(samples) / RATE)
                return self._given(self._resampler.push(samples, self._correction), False)
            pieces += self.interrupt()
        return pieces + self._begin(mono_ns, samples)

    def interrupt(self) -> list[Piece]:
        """The source stopped: give what waits; the next block is placed anew."""
        if self._resampler is None:
            return []
        rest, self._resampler = self._resampler.flush(), None
        return self._given(rest, False)

    def fill(self, until_mono_ns: int) -> list[Piece]:
        """Silence up to `until_mono_ns`, because no sound came."""
        pieces = self.interrupt()
        missing = (until_mono_ns - self.time_of(self.position)) * RATE // 1_000_000_000
        return pieces + self.fill_to(self.position + missing)

    def fill_to(self, position: int) -> list[Piece]:
        """What waits, and silence up to `position`."""
        pieces = self.interrupt()
        missing = position - self.position
        if missing > 0:
            pieces += self._given(np.zeros((missing, self._channels), np.int16), True)
        return pieces

    def _begin(self, mono_ns: int, samples: Samples) -> list[Piece]:
        target = round((mono_ns - self._anchor_mono_ns) * RATE / 1_000_000_000)
        pieces: list[Piece] = []
        if target > self.position:
            pieces += self._given(np.zeros((target - self.position, self._channels), np.int16), True)
        samples = samples[max(0, self.position - target) :]
        if len(samples) == 0:
            return pieces
        self._resampler = FractionalResampler(self._channels)
        return pieces + self._given(self._resampler.push(samples, self._correction), False)

    def _given(self, samples: Samples, filled: bool) -> list[Piece]:
        if len(samples) == 0:
            return []
        piece = Piece(self.position, samples, filled)
        self.position = piece.end
        return [piece]


def fit_channels(samples: Samples, channels: int) -> Samples:
    """The same sound on `channels` channels: one is copied to all, many are mixed to one, extra ones are left out."""
    have = samples.shape[1]
    if have == channels:
        return samples
    if channels == 1:
        mixed: Samples = np.rint(samples.astype(np.float32).mean(axis=1, keepdims=True)).astype(np.int16)
        return mixed
    if have == 1:
        return np.repeat(samples, channels, axis=1)
    return samples[:, :channels]
