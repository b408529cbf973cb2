"""How much faster or slower sound must be read so that it stays on the timeline. Pure numbers, no samples.

A proportional-integral control over the time stamps of sound blocks: the error is filtered over two seconds, since
time stamps jitter, and the integral part ends up as the difference between the two clocks.
"""

from __future__ import annotations

import math

_PROPORTIONAL_PER_S = 1 / 20
_INTEGRAL_PER_S2 = _PROPORTIONAL_PER_S**2 / 4  # critically damped
_FILTER_S = 2.0
_LIMIT = 1e-3  # 1000 ppm: under two cents, nobody hears it
_STEP = 0.5e-6  # steady clocks give exactly 0, and then sound passes through untouched


class DriftControl:
    """`observe` once per block; its answer is the correction to use until the next one."""

    def __init__(self) -> None:
        self._error_s = 0.0
        self._integral = 0.0

    @property
    def drift_ppm(self) -> float:
        """The microphone's clock against the timeline's as corrected so far; positive: the microphone is fast."""
        return round(self._integral * 1e6, 1)

    def observe(self, error_s: float, span_s: float) -> float:
        """`error_s`: where the timeline would place the block minus its time stamp; `span_s`: the block's length.

        Returns the correction c: 1 + c input samples are read per output sample.
        """
        self._error_s += (error_s - self._error_s) * (1 - math.exp(-span_s / _FILTER_S))
        self._integral = _limited(self._integral + self._error_s * _INTEGRAL_PER_S2 * span_s)
        wanted = _limited(self._integral + self._error_s * _PROPORTIONAL_PER_S)
        return round(wanted / _STEP) * _STEP


def _limited(value: float) -> float:
    return max(-_LIMIT, min(_LIMIT, value))
