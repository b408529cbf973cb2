"""How much faster or slower sound must be read so that it stays on the timeline. Pure numbers, no samples.

A proportional-integral control over the time stamps of sound blocks. Single stamps lie (a thread that was held up, a
sound server's guess), so the error is the median of the last few, filtered over two seconds; the integral part ends up
as the difference between the two clocks. The correction is bounded and changes slowly: nobody hears it.
"""

from __future__ import annotations

import math
import statistics
from collections import deque

_PROPORTIONAL_PER_S = 1 / 20
_INTEGRAL_PER_S2 = _PROPORTIONAL_PER_S**2 / 4  # critically damped
_FILTER_S = 2.0
_MEDIAN_OF = 9
MOST = 500e-6  # 500 ppm is under one cent
MOST_CHANGE_PER_S = 50e-6
_STEP = 0.5e-6  # steady clocks give exactly 0, and then sound passes through untouched


class DriftControl:
    """`observe` once per block; its answer is the correction to use until the next one."""

    def __init__(self) -> None:
        self._errors: deque[float] = deque(maxlen=_MEDIAN_OF)
        self._error_s = 0.0
        self._integral = 0.0
        self._correction = 0.0

    @property
    def drift_ppm(self) -> float:
        """The microphone's clock against the timeline's as corrected so far; positive: the microphone is fast."""
        return round(self._integral * 1e6, 1)

    def restart(self) -> None:
        """The sound was placed anew: no error is left, and what is known of its clock still holds."""
        self._errors.clear()
        self._error_s = 0.0

    def observe(self, error_s: float, span_s: float) -> float:
        """`error_s`: where the timeline would place the block minus its time stamp; `span_s`: the block's length.

        Returns the correction c: 1 + c input samples are read per output sample.
        """
        self._errors.append(error_s)
        self._error_s += (statistics.median(self._errors) - self._error_s) * (1 - math.exp(-span_s / _FILTER_S))
        wanted = self._integral + self._error_s * _PROPORTIONAL_PER_S
        if abs(wanted) < MOST or wanted * self._error_s < 0:  # at its bound it would only wind up
            self._integral = _bounded(self._integral + self._error_s * _INTEGRAL_PER_S2 * span_s, MOST)
        change = _bounded(_bounded(wanted, MOST) - self._correction, MOST_CHANGE_PER_S * span_s)
        self._correction += change
        return round(self._correction / _STEP) * _STEP


def _bounded(value: float, most: float) -> float:
    return max(-most, min(most, value))
