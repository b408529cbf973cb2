"""Which stretches of a track were filled, as gap statements with a cause. Pure.

A gap that stays open is stated in pieces of at most a minute, so that the chain is honest at any crash.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

Cause = TypeVar("Cause")

PIECE_NS = 60_000_000_000
SHORTEST_NS = 40_000_000  # below this nothing is missing that eye or ear could tell


@dataclass(frozen=True, slots=True)
class GapSpan(Generic[Cause]):
    start_mono_ns: int
    end_mono_ns: int
    cause: Cause


class GapWatch(Generic[Cause]):
    """Told what was filled and what was real, in time order, it says which gaps to write."""

    def __init__(self) -> None:
        self._open: GapSpan[Cause] | None = None

    def filled(self, start_mono_ns: int, end_mono_ns: int, cause: Cause) -> list[GapSpan[Cause]]:
        """The track is filled from `start_mono_ns` to `end_mono_ns`; joins the gap that is open."""
        spans: list[GapSpan[Cause]] = []
        if self._open is not None and self._open.cause != cause:
            spans += self.real(self._open.end_mono_ns)
        start = start_mono_ns if self._open is None else self._open.start_mono_ns
        while end_mono_ns - start >= PIECE_NS:
            spans.append(GapSpan(start, start + PIECE_NS, cause))
            start += PIECE_NS
        self._open = GapSpan(start, max(start, end_mono_ns), cause)
        return spans

    def real(self, mono_ns: int) -> list[GapSpan[Cause]]:
        """Real media stands from `mono_ns` on (or the run ends there): the open gap closes."""
        closed, self._open = self._open, None
        if closed is None:
            return []
        span = GapSpan(closed.start_mono_ns, max(closed.end_mono_ns, mono_ns), closed.cause)
        return [span] if span.end_mono_ns - span.start_mono_ns >= SHORTEST_NS else []
