"""Two lines of one channel each, each with a clock of its own, become one line of two channels. Pure.

What both lines have reached is given out; the one that is ahead waits. Who owns it fills a line that stays behind, so
that neither waits without end.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from edge.timeline.sound_line import Piece


@dataclass(frozen=True, slots=True)
class PairPiece:
    """Consecutive samples [n, 2]; `missing`: the channels on which they are silence in place of sound."""

    piece: Piece
    missing: frozenset[int]


class ChannelPair:
    """Both lines start at one place; pieces of a line come in order, without holes."""

    def __init__(self) -> None:
        self._waiting: tuple[deque[Piece], deque[Piece]] = (deque(), deque())

    def add(self, channel: int, pieces: Iterable[Piece]) -> list[PairPiece]:
        """Take what line `channel` (0 or 1) gave, [n, 1] each; give what is whole now."""
        self._waiting[channel].extend(pieces)
        given: list[PairPiece] = []
        while all(self._waiting):
            given.append(self._join_first())
        return given

    def _join_first(self) -> PairPiece:
        left, right = (waiting[0] for waiting in self._waiting)
        count = min(len(left.samples), len(right.samples))
        both = np.concatenate([left.samples[:count], right.samples[:count]], axis=1)
        missing = frozenset(channel for channel, piece in enumerate((left, right)) if piece.filled)
        for waiting in self._waiting:
            first = waiting.popleft()
            if len(first.samples) > count:
                waiting.appendleft(Piece(first.start + count, first.samples[count:], first.filled))
        return PairPiece(Piece(left.start, both, len(missing) == 2), missing)
