"""Puts packets of many runs on one line that never goes back. Pure.

A run's own clock starts at 0 again after each break; a viewer's decoder and RTP want one line. Within a run the run's
steady clock rules; only where it and the capture clock part (a new run, a break) is the line set anew.
"""

from __future__ import annotations

STEP_90K = 45_000  # half a second apart: another run, not jitter


class LiveClock:
    """One for picture and sound together, so that both keep their distance."""

    def __init__(self) -> None:
        self._shift_90k: int | None = None
        self._origin_ns = 0

    def place(self, pts_90k: int, capture_mono_ns: int) -> int:
        """Time on the viewers' line in 1/90000 s; `pts_90k` counts from the start of its run."""
        if self._shift_90k is None:
            self._origin_ns = capture_mono_ns
            self._shift_90k = -pts_90k
        captured = (capture_mono_ns - self._origin_ns) * 9 // 100_000
        if abs(pts_90k + self._shift_90k - captured) > STEP_90K:
            self._shift_90k = captured - pts_90k
        return max(0, pts_90k + self._shift_90k)
