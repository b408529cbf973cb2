"""The two clocks that a recorder reads, behind one object so that tests can hold them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from storage.manifest import Moment


@dataclass(frozen=True, slots=True)
class Clock:
    monotonic_ns: Callable[[], int] = time.monotonic_ns
    wall_ns: Callable[[], int] = time.time_ns

    def wall_at(self, mono_ns: int) -> int:
        """What the wall clock, as it goes now, says about a monotonic instant."""
        return self.wall_ns() - self.monotonic_ns() + mono_ns

    def moment(self, mono_ns: int, pts_90k: int | None = None) -> Moment:
        return Moment(wall_ns=max(0, self.wall_at(mono_ns)), mono_ns=max(0, mono_ns), pts_90k=pts_90k)
