"""A sound card's own count of samples onto our clock, from when its blocks arrive. Pure.

No sample can have been taken after it arrived, and blocks come late for many reasons, never early: the least delay of
the last two seconds is the truest. What the driver says about its delay is not asked: sound servers guess it, and were
seen off by 0.4 s for the first seconds and by a whole burst of blocks for ever.
"""

from __future__ import annotations

from collections import deque

RATE = 48_000
_WINDOW_NS = 2_000_000_000
SETTLE_NS = 1_000_000_000  # a fresh stream comes in bursts, often on a machine that is busy starting


class CardClock:
    """`mono_ns` once per block, in order."""

    def __init__(self) -> None:
        self._samples = 0
        self._least: deque[tuple[int, int]] = deque()  # (arrived, delay), delays growing: the first is the least
        self._started_ns: int | None = None

    def settled(self, now_mono_ns: int) -> bool:
        """Hand nothing out before."""
        return self._started_ns is not None and now_mono_ns - self._started_ns >= SETTLE_NS

    def mono_ns(self, count: int, arrived_mono_ns: int) -> int:
        """When the first of the next `count` samples was taken, as well as it can be known."""
        if self._started_ns is None:
            self._started_ns = arrived_mono_ns
        first, self._samples = self._samples, self._samples + count
        delay = arrived_mono_ns - _ns_of(self._samples)
        while self._least and self._least[-1][1] >= delay:
            self._least.pop()
        self._least.append((arrived_mono_ns, delay))
        while self._least[0][0] < arrived_mono_ns - _WINDOW_NS:
            self._least.popleft()
        return _ns_of(first) + self._least[0][1]

    def lost(self) -> None:
        """The driver threw samples away: what was known of the delay holds no more."""
        self._least.clear()


def _ns_of(samples: int) -> int:
    return samples * 1_000_000_000 // RATE
