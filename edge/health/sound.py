"""Whether a microphone hears: silent, clipped, or its driver repeats itself. Pure; channel by channel.

Told of every block as captured. A quiet room has a tone of its own; digital silence has none.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from config.health import HealthSettings
from edge.health.hold import Hold

Samples = npt.NDArray[np.int16]

RATE: Final = 48_000
PIECE = RATE // 2  # half a second is judged at a time
SILENT_NS = 5_000_000_000
LOUD_NS = 3_000_000_000
STUCK_NS = 2_000_000_000
CLEAR_NS = 3_000_000_000
FULL_SCALE = 32_600
_SAMPLE = 48  # of the newest sound, looked for in what came before
_LONGEST_REPEAT = RATE // 4
_SHORTEST_REPEAT = 240  # what repeats faster is a tone, not a driver's buffer
_FEWEST_LEVELS = 8  # sound of fewer different values is silence with a bias, not a repeated block


def level_dbfs(samples: npt.NDArray[np.float32]) -> float:
    """Of the loudest twentieth of the piece, its offset taken out: a word in half a second is not silence."""
    parts = samples[: len(samples) // 20 * 20].reshape(20, -1)
    loudest = float(np.max(parts.std(axis=1))) if parts.size else 0.0
    return 20 * float(np.log10(max(loudest, 1e-3) / 32768))


def repeats(piece: Samples) -> bool:
    """Whether the piece is one block over and over, sample for sample: no microphone hears that."""
    tail, base = piece[-_SAMPLE:], max(0, len(piece) - _LONGEST_REPEAT - _SAMPLE)
    starts = np.flatnonzero(piece[base:-_SAMPLE] == tail[0]) + base
    for offset in (1, 2, 3, 5, 8, 13, 21, 34, _SAMPLE - 1):
        starts = starts[piece[starts + offset] == tail[offset]]
    periods = [len(piece) - _SAMPLE - int(start) for start in starts[-3:]]
    exact = [period for period in periods if np.array_equal(piece[period:], piece[:-period])]
    return bool(exact) and min(exact) >= _SHORTEST_REPEAT


def faults_of(piece: Samples, settings: HealthSettings) -> dict[str, bool]:
    """What is wrong with half a second of one channel."""
    low, high = int(piece.min()), int(piece.max())
    if low == high:
        return {"sound-silent": low == 0, "sound-stuck": low != 0}
    levels = level_dbfs(piece.astype(np.float32))
    clipped = float((np.abs(piece.astype(np.int32)) >= FULL_SCALE).mean()) > settings.clipped_share
    varied = len(np.unique(piece[: RATE // 20])) >= _FEWEST_LEVELS
    return {
        "sound-silent": levels < settings.silent_dbfs,
        "sound-clipped": clipped,
        "sound-stuck": varied and repeats(piece),
    }


class SoundWatch:
    """One microphone. `hear` every block in order, `faults` at any moment."""

    def __init__(self) -> None:
        self._holds = {
            "sound-silent": Hold(SILENT_NS, CLEAR_NS),
            "sound-clipped": Hold(LOUD_NS, CLEAR_NS),
            "sound-stuck": Hold(STUCK_NS, CLEAR_NS),
        }
        self._blocks: list[Samples] = []
        self._count = 0
        self.last_ns: int | None = None

    def hear(self, samples: Samples, now_ns: int, settings: HealthSettings) -> None:
        if self._blocks and self._blocks[0].shape[1] != samples.shape[1]:
            self._blocks, self._count = [], 0
        self._blocks.append(samples)
        self._count += len(samples)
        self.last_ns = now_ns
        if self._count >= PIECE:
            piece = np.concatenate(self._blocks)
            self._blocks, self._count = [], 0
            self._judge(piece, now_ns, settings)

    def faults(self) -> list[tuple[str, int]]:
        """Codes with the time since which each is found."""
        return [(hold.code, hold.since_ns) for hold in self._holds.values() if hold.code is not None]

    def _judge(self, piece: Samples, now_ns: int, settings: HealthSettings) -> None:
        """One bad channel is enough: each belongs to a person."""
        channels = [faults_of(np.ascontiguousarray(piece[:, number]), settings) for number in range(piece.shape[1])]
        for code, hold in self._holds.items():
            hold.tell(code if any(one.get(code) for one in channels) else None, now_ns)
