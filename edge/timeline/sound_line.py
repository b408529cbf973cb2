"""The sound of a run as one unbroken line of samples from its anchor on. Pure.

Blocks come with capture times of a clock that drifts; they are placed once, then follow by resampling. One time stamp
alone is never believed: the first blocks wait until a fifth of a second is there and are placed by all their stamps
together, and so do blocks that seem to come after a hole. Where no sound came there is silence. Sound is cut only where
silence already stands in its place, or before the run began.
"""

from __future__ import annotations

import statistics
from dataclasses import dataclass

import numpy as np

from edge.timeline.drift import DriftControl
from edge.timeline.resample import FractionalResampler, Samples

RATE = 48_000
_BREAK_S = 0.040  # later than this and sound is missing between; resampling would take minutes to mend it
_BACKWARDS_S = 1.0  # earlier than this and the source's clock is another one
_SURE_SAMPLES = RATE // 5


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
        self._resampler: FractionalResampler | None = None  # none: what comes next is to be placed
        self._held: list[tuple[int, Samples]] = []
        self._held_samples = 0
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

    def position_of(self, mono_ns: int) -> int:
        """The sample at a monotonic time."""
        return (mono_ns - self._anchor_mono_ns) * RATE // 1_000_000_000

    def add(self, mono_ns: int, samples: Samples) -> list[Piece]:
        """Take a block [n, channels]; what is sure of its place follows what is there, with silence before it if need
        be."""
        samples = fit_channels(samples, self._channels)
        if self._resampler is not None:
            before = self._resampler.waiting + self._held_samples
            error_s = (self.time_of(self.position) - mono_ns) / 1e9 + before / RATE
            if -_BREAK_S <= error_s <= _BACKWARDS_S:
                self._correction = self._control.observe(error_s, len(samples) / RATE)
                return self._given(self._resampler.push(self._take_held(samples), self._correction), False)
        self._held.append((mono_ns, samples))
        self._held_samples += len(samples)
        return self._flush() + self._place() if self._held_samples >= _SURE_SAMPLES else []

    def interrupt(self) -> list[Piece]:
        """The source stopped: give what waits; the next block is placed anew."""
        pieces = self._flush()
        return pieces + self._place() + self._flush() if self._held else pieces

    def fill(self, until_mono_ns: int) -> list[Piece]:
        """Silence up to `until_mono_ns`, because no sound came. What waits for its place and lies later goes on
        waiting."""
        until = self.position_of(until_mono_ns)
        pieces = self._flush()
        if self._held and self._held_place() < until:
            pieces += self._place() + self._flush()
        return pieces + self._silence(until)

    def fill_to(self, position: int) -> list[Piece]:
        """All that waits, and silence up to `position`."""
        return self.interrupt() + self._silence(position)

    def _silence(self, until: int) -> list[Piece]:
        missing = max(0, until - self.position)
        return self._given(np.zeros((missing, self._channels), np.int16), True)

    def _flush(self) -> list[Piece]:
        if self._resampler is None:
            return []
        rest, self._resampler = self._resampler.flush(), None
        return self._given(rest, False)

    def _held_place(self) -> int:
        """Where the first held sample belongs, by the median of what all stamps say."""
        starts, before = [], 0
        for mono_ns, samples in self._held:
            starts.append(mono_ns - before * 1_000_000_000 // RATE)
            before += len(samples)
        return round((statistics.median(starts) - self._anchor_mono_ns) * RATE / 1_000_000_000)

    def _place(self) -> list[Piece]:
        place = self._held_place()
        pieces = self._silence(place)
        samples = self._take_held()[max(0, self.position - place) :]
        if len(samples) == 0:
            return pieces
        self._control.restart()
        self._resampler = FractionalResampler(self._channels)
        return pieces + self._given(self._resampler.push(samples, self._correction), False)

    def _take_held(self, *more: Samples) -> Samples:
        taken, self._held, self._held_samples = [samples for _, samples in self._held], [], 0
        return np.concatenate([*taken, *more]) if taken else more[0]

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
