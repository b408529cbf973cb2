"""How much the spool holds, counted beside every change of a row, so that nobody waits for the disk to ask. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Backlog:
    """Segments whose receipt is missing. `refused` ones were set aside by the centre and are counted apart."""

    segments: int
    size_bytes: int
    oldest_wall_ns: int | None
    refused: int


@dataclass(frozen=True, slots=True)
class Counting:
    """What of a row is counted."""

    kind: str
    state: str
    size: int


@dataclass(frozen=True, slots=True)
class SpoolFigures:
    """`sealed_bytes` grows with every segment of this life; `receipted_bytes` may go when the disk needs room."""

    waiting_segments: int = 0
    waiting_bytes: int = 0
    oldest_wall_ns: int | None = None
    receipted_bytes: int = 0
    refused: int = 0
    sealed_bytes: int = 0

    @property
    def backlog(self) -> Backlog:
        return Backlog(self.waiting_segments, self.waiting_bytes, self.oldest_wall_ns, self.refused)

    def with_sealed(self, size: int, start_wall_ns: int) -> SpoolFigures:
        """A new segment waits."""
        oldest_wall_ns = start_wall_ns if self.oldest_wall_ns is None else self.oldest_wall_ns
        return replace(
            self.plus("segment", "waiting", 1, size),
            oldest_wall_ns=oldest_wall_ns,
            sealed_bytes=self.sealed_bytes + size,
        )

    def moved(self, before: Counting, after: Counting, oldest_wall_ns: int | None) -> SpoolFigures:
        without = self.plus(before.kind, before.state, -1, -before.size)
        return without.plus(after.kind, after.state, 1, after.size).with_oldest(oldest_wall_ns)

    def with_oldest(self, oldest_wall_ns: int | None) -> SpoolFigures:
        return replace(self, oldest_wall_ns=oldest_wall_ns)

    def plus(self, kind: str, state: str, count: int, size_bytes: int) -> SpoolFigures:
        if state == "refused":
            return replace(self, refused=self.refused + count)
        if kind != "segment":
            return self
        if state == "waiting":
            waiting_bytes = self.waiting_bytes + size_bytes
            return replace(self, waiting_segments=self.waiting_segments + count, waiting_bytes=waiting_bytes)
        if state == "receipted":
            return replace(self, receipted_bytes=self.receipted_bytes + size_bytes)
        return self
