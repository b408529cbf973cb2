"""Reads sound a few millionths faster or slower: a windowed-sinc filter in numpy. Pure; never drops a sample."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.int16]
_TAPS = 24
_PHASES = 1024
_BEFORE = _TAPS // 2 - 1  # input samples needed before the place that is read
_AFTER = _TAPS // 2


def _filters() -> npt.NDArray[np.float32]:
    """One filter per phase; phase 0 is the identity, so an unchanged clock leaves sound bit-exact."""
    taps = np.arange(-_BEFORE, _AFTER + 1)[None, :] - (np.arange(_PHASES) / _PHASES)[:, None]
    window = np.cos(np.pi * taps / (_TAPS + 2)) ** 2
    filters = np.sinc(taps) * window
    scaled: npt.NDArray[np.float32] = (filters / filters.sum(axis=1, keepdims=True)).astype(np.float32)
    return scaled


_FILTERS = _filters()


class FractionalResampler:
    """Continuous over blocks. `waiting` counts the input samples taken in and not yet passed."""

    def __init__(self, channels: int) -> None:
        self._input = np.zeros((_BEFORE, channels), np.int16)
        self._place = float(_BEFORE)

    @property
    def waiting(self) -> float:
        return len(self._input) - self._place

    def push(self, samples: Samples, correction: float) -> Samples:
        """Take `samples` [n, channels] and give what can be given; 1 + correction input samples per output sample."""
        self._input = np.concatenate([self._input, samples])
        return self._read(len(self._input) - _AFTER, 1.0 + correction)

    def flush(self) -> Samples:
        """What still waits, as if silence followed."""
        whole = len(self._input)
        self._input = np.concatenate([self._input, np.zeros((_AFTER, self._input.shape[1]), np.int16)])
        return self._read(whole, 1.0)

    def _read(self, until: int, step: float) -> Samples:
        """Output at places below `until`, which have all their neighbours."""
        count = max(0, int(np.ceil((until - self._place) / step)))
        if step == 1.0 and self._place == int(self._place):
            start = int(self._place)
            output = self._input[start : start + count]
        else:
            output = self._interpolate(self._place + step * np.arange(count))
        self._place += count * step
        passed = int(self._place) - _BEFORE
        self._input = self._input[passed:]
        self._place -= passed
        return output

    def _interpolate(self, places: npt.NDArray[np.floating[Any]]) -> Samples:
        if len(places) == 0:
            return np.zeros((0, self._input.shape[1]), np.int16)
        nearest = np.rint(places * _PHASES).astype(np.int64)
        whole, phase = nearest // _PHASES, nearest % _PHASES
        windows = np.lib.stride_tricks.sliding_window_view(self._input, _TAPS, axis=0)
        starts = np.minimum(whole - _BEFORE, len(windows) - 1)
        mixed = np.einsum("nct,nt->nc", windows[starts].astype(np.float32), _FILTERS[phase])
        output: Samples = np.clip(np.rint(mixed), -32768, 32767).astype(np.int16)
        return output
