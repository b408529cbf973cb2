"""How loud each channel is. Pure; keeps one figure per channel and no sound."""

from __future__ import annotations

import numpy as np

from edge.capture.frame import Samples

FLOOR_DBFS = -96.0
_HOLD_SAMPLES = 4800


class LevelMeter:
    """RMS over the last tenth of a second, in dB below full scale."""

    def __init__(self, channels: int) -> None:
        self._sums = np.zeros(channels)
        self._count = 0
        self.levels_dbfs = [FLOOR_DBFS] * channels

    def add(self, samples: Samples) -> None:
        """`samples` [n, channels]."""
        self._sums += np.square(samples.astype(np.float64)).sum(axis=0)
        self._count += len(samples)
        if self._count >= _HOLD_SAMPLES:
            rms = np.sqrt(self._sums / self._count) / 32768
            self.levels_dbfs = [round(float(max(FLOOR_DBFS, 20 * np.log10(max(part, 1e-9)))), 1) for part in rms]
            self._sums[:] = 0
            self._count = 0
