"""Capture times of pictures become strictly increasing times on the run's timeline. Pure."""

from __future__ import annotations

TICKS_PER_S = 90_000
_SMALLEST_STEP = 90  # 1 ms: what a picture moves on when its clock went backwards
_BENDABLE_TICKS = TICKS_PER_S // 2


def ticks_of(span_ns: int) -> int:
    """Nanoseconds in ticks of 1/90000 s, rounded to the nearest."""
    return (span_ns * 9 + 50_000) // 100_000


def nanoseconds_of(ticks: int) -> int:
    return ticks * 100_000 // 9


class VideoClock:
    """Maps `mono_ns` to `pts_90k` from the run's anchor.

    A clock that steps backwards by up to half a second is bent: its pictures stay in order and the timeline waits
    until the clock has caught up. What lies further back came too late to be shown in its place.
    """

    def __init__(self, anchor_mono_ns: int) -> None:
        self._anchor_mono_ns = anchor_mono_ns
        self._last: int | None = None

    @property
    def last_pts_90k(self) -> int | None:
        return self._last

    def place(self, mono_ns: int) -> int | None:
        """The picture's pts, or None when it lies before the run or too far behind what was already placed."""
        pts = ticks_of(mono_ns - self._anchor_mono_ns)
        if self._last is not None and pts <= self._last:
            if self._last - pts > _BENDABLE_TICKS:
                return None
            pts = self._last + _SMALLEST_STEP
        if pts < 0:
            return None
        self._last = pts
        return pts


class PictureRate:
    """Thins a camera that is much faster than the configured rate, and leaves every other one alone."""

    def __init__(self, rate: int) -> None:
        self._closest_ns = 600_000_000 // rate
        self._last_ns: int | None = None

    def wanted(self, mono_ns: int) -> bool:
        if self._last_ns is not None and 0 <= mono_ns - self._last_ns < self._closest_ns:
            return False
        self._last_ns = mono_ns
        return True
