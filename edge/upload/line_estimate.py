"""What the line to the centre can do and what comes in anew, from what was seen lately. Pure: time is an argument."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

WINDOW_NS = 30 * 60 * 1_000_000_000
MOST_SAMPLES = 40
LEAST_BYTES = 64 << 10  # smaller ones measure the round trip, not the line
INFLOW_WINDOW_NS = 3600 * 1_000_000_000
INFLOW_EVERY_NS = 10 * 1_000_000_000
INFLOW_LATELY_NS = 5 * 60 * 1_000_000_000
INFLOW_LEAST_NS = 60 * 1_000_000_000


@dataclass(frozen=True, slots=True)
class Sample:
    """One upload: `put_ns` for its bytes alone, `whole_ns` with grant and receipt; time spent waiting for the pace is
    in neither. `limited`: the pace held it back, so it says little about the line."""

    at_mono_ns: int
    size_bytes: int
    put_ns: int
    whole_ns: int
    limited: bool


class LineEstimate:
    """The best rate lately. Where all of the last uploads were held back, what was known before stays."""

    def __init__(self) -> None:
        self._samples: deque[Sample] = deque(maxlen=MOST_SAMPLES)

    def sent(self, sample: Sample) -> None:
        """A limited one never pushes out what was measured freely."""
        if sample.size_bytes < LEAST_BYTES or sample.put_ns <= 0 or sample.whole_ns <= 0:
            return
        if sample.limited and any(not one.limited for one in self._samples):
            return
        if not sample.limited:
            fresh = [one for one in self._samples if not one.limited and sample.at_mono_ns - one.at_mono_ns < WINDOW_NS]
            self._samples = deque(fresh, MOST_SAMPLES)
        self._samples.append(sample)

    def line_kbps(self) -> int | None:
        """The best rate of bytes alone."""
        return max((_kbps(one.size_bytes, one.put_ns) for one in self._samples), default=None)

    def free_kbps(self) -> int | None:
        """The best rate of what nothing held back. A share of the line is counted from this alone: counted from what
        was held back to a share, it would become a share of a share, and so on."""
        return max((_kbps(one.size_bytes, one.put_ns) for one in self._samples if not one.limited), default=None)

    def upload_kbps(self) -> int | None:
        """What uploads come to over the last ones, with what stands between two of them."""
        if not self._samples:
            return None
        last = list(self._samples)[-10:]
        return max(1, _kbps(sum(one.size_bytes for one in last), sum(one.whole_ns for one in last)))


class Inflow:
    """New footage: over the last hour or the last minutes, whichever is more; a room that has just begun to record is
    not taken for one that hardly records."""

    def __init__(self) -> None:
        self._totals: deque[tuple[int, int]] = deque()

    def seen(self, total_bytes: int, now_mono_ns: int) -> None:
        """All bytes of footage sealed so far, counted from anywhere."""
        if self._totals and now_mono_ns - self._totals[-1][0] < INFLOW_EVERY_NS:
            return
        self._totals.append((now_mono_ns, total_bytes))
        while len(self._totals) > 2 and now_mono_ns - self._totals[1][0] > INFLOW_WINDOW_NS:
            self._totals.popleft()

    def kbps(self) -> int | None:
        """None while too little time was seen."""
        if len(self._totals) < 2:
            return None
        until_ns, after = self._totals[-1]
        if until_ns - self._totals[0][0] < INFLOW_LEAST_NS:
            return None
        lately = next(one for one in self._totals if until_ns - one[0] <= INFLOW_LATELY_NS)
        if until_ns - lately[0] < INFLOW_LEAST_NS:
            lately = self._totals[0]
        return max(_kbps(max(0, after - before), until_ns - since_ns) for since_ns, before in (self._totals[0], lately))


def _kbps(size_bytes: int, took_ns: int) -> int:
    return size_bytes * 8 * 1_000_000 // took_ns
