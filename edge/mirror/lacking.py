"""Which segments of the second copy the spool lacks, and what they stand for. Pure.

All spans are media time of one run, so that no wall clock enters.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

LEAST_90K = 45_000  # half a second: what is less is not worth an entry
EDGE_90K = 4_500  # a twentieth of a second: a sealed end may lie a frame aside


@dataclass(frozen=True, slots=True)
class Held:
    """A segment entry of the spool. `good`: its own file is there, or the archive has it."""

    sha256: str
    start_90k: int
    end_90k: int
    good: bool


@dataclass(frozen=True, slots=True)
class Copied:
    """A segment of the second copy."""

    start_90k: int
    end_90k: int


def stands_for(copy: Copied, held: Iterable[Held]) -> list[str] | None:
    """The entries that `copy` replaces when it is brought in; None when the spool has all of it."""
    touching = [one for one in held if one.start_90k < copy.end_90k and copy.start_90k < one.end_90k]
    good = sorted((one.start_90k, one.end_90k) for one in touching if one.good)
    if copy.end_90k - copy.start_90k - _covered(copy, good) < LEAST_90K:
        return None
    within = [
        one for one in touching if copy.start_90k - EDGE_90K <= one.start_90k and one.end_90k <= copy.end_90k + EDGE_90K
    ]
    return [one.sha256 for one in within]


def _covered(copy: Copied, spans: list[tuple[int, int]]) -> int:
    total, reached = 0, copy.start_90k
    for start, end in spans:
        since, until = max(start, reached), min(end, copy.end_90k)
        if until > since:
            total += until - since
            reached = until
    return total
