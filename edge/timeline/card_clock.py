"""A sound card's own count of samples onto our clock. Pure.

Two things are known of a block: when it arrived, and what its driver says of when it was taken. No sample was taken
after it arrived, and blocks come late for many reasons, never early: the least delay of the last two seconds is the
truth, unless a machine is so busy that nothing comes in time. A card's own driver knows better; a sound server guesses
(seen: 0.4 s off for the first seconds, and times after the arrival for ever). So the driver is believed while it says
the same all the time and nothing impossible.
"""

from __future__ import annotations

from collections import deque

RATE = 48_000
_WINDOW_NS = 2_000_000_000
SETTLE_NS = 1_000_000_000  # a fresh stream comes in bursts, often on a machine that is busy starting
_SAME_NS = 3_000_000  # what a driver's times may wander within the window
_IMPOSSIBLE_NS = 2_000_000  # taken later than arrived
_UNLIKELY_NS = 100_000_000  # taken so long before even the quickest block arrived


class CardClock:
    """`mono_ns` once per block, in order."""

    def __init__(self) -> None:
        self._samples = 0
        self._delays: deque[tuple[int, int, int]] = deque()  # arrived; delay of its arrival; delay that the driver says
        self._started_ns: int | None = None

    def settled(self, now_mono_ns: int) -> bool:
        """Hand nothing out before."""
        return self._started_ns is not None and now_mono_ns - self._started_ns >= SETTLE_NS

    def mono_ns(self, count: int, arrived_mono_ns: int, said_mono_ns: int | None = None) -> int:
        """When the first of the next `count` samples was taken, as well as it can be known; the driver says when."""
        if self._started_ns is None:
            self._started_ns = arrived_mono_ns
        first, self._samples = self._samples, self._samples + count
        said = arrived_mono_ns if said_mono_ns is None else said_mono_ns
        self._delays.append((arrived_mono_ns, arrived_mono_ns - _ns_of(self._samples), said - _ns_of(first)))
        while self._delays[0][0] < arrived_mono_ns - _WINDOW_NS:
            self._delays.popleft()
        return _ns_of(first) + self._delay()

    def lost(self) -> None:
        """The driver threw samples away: what was known of the delay holds no more."""
        self._delays.clear()

    def _delay(self) -> int:
        least = min(delay for _, delay, _ in self._delays)
        said = sorted(delay for _, _, delay in self._delays)
        tenth = len(said) // 10
        steady = said[-1 - tenth] - said[tenth] <= _SAME_NS
        middle = said[len(said) // 2]
        return middle if steady and least - _UNLIKELY_NS <= middle <= least + _IMPOSSIBLE_NS else least


def _ns_of(samples: int) -> int:
    return samples * 1_000_000_000 // RATE
