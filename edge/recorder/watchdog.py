"""Tells a stuck thread from an absent source: a loop that turns is progress, whatever it has to record. Pure."""

from __future__ import annotations

STUCK_NS = 20_000_000_000


class Watchdog:
    """Told of a loop's counter every second or so."""

    def __init__(self, stuck_ns: int = STUCK_NS) -> None:
        self._stuck_ns = stuck_ns
        self._seen: tuple[int, int] | None = None
        self._since_mono_ns = 0

    def is_stuck(self, loop: int, turns: int, now_mono_ns: int) -> bool:
        """Whether `loop` (any number that names it) has not turned for too long."""
        if self._seen != (loop, turns):
            self._seen, self._since_mono_ns = (loop, turns), now_mono_ns
        return now_mono_ns - self._since_mono_ns > self._stuck_ns
