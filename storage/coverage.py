"""Whether a device's timeline is accounted for: footage or a signed gap everywhere between first and last. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise

from storage.manifest import GapCause, GapManifest, SegmentManifest

TOLERANCE_NS = 1_000_000_000  # two clocks read one after the other, and rounding of media time


@dataclass
class Coverage:
    """Takes entries in chain order; answers at the end."""

    spans: list[tuple[int, int]] = field(default_factory=list)
    expired: list[GapManifest] = field(default_factory=list)
    replaced: set[str] = field(default_factory=set)  # entries that one from the second copy stands for
    gaps: list[GapManifest] = field(default_factory=list)
    set_back: list[int] = field(default_factory=list)  # from here on times don't compare with those before
    _runs: dict[str, SegmentManifest] = field(default_factory=dict)
    _gap_since: set[str] = field(default_factory=set)

    def add_gap(self, gap: GapManifest) -> None:
        self.gaps.append(gap)
        if gap.cause is GapCause.EXPIRED_UNARCHIVED:
            self.expired.append(gap)  # the segments that went still stand in the chain: it explains no other hole
        elif gap.track == "all":
            self.spans.append((gap.start.wall_ns, gap.end.wall_ns))
            if gap.end.wall_ns < gap.start.wall_ns:
                self.set_back.append(len(self.spans))
            self._gap_since |= set(self._runs)

    def add_segment(self, segment: SegmentManifest) -> str | None:
        """What is wrong with its place in its run: None, `order` or `sequence-hole`."""
        if segment.replaces is not None:  # brought in later, out of the run's order
            self.replaced.update(segment.replaces)
            self.spans.append((segment.start.wall_ns, segment.end.wall_ns))
            return None
        before = self._runs.get(segment.run)
        fault = _run_fault(before, segment, explained=segment.run in self._gap_since)
        self._runs[segment.run] = segment
        self._gap_since.discard(segment.run)
        self.spans.append((segment.start.wall_ns, segment.end.wall_ns))
        return fault

    def holes(self) -> list[tuple[int, int]]:
        """Stretches (wall clock, ns) that neither footage nor a gap accounts for."""
        marks = [0, *self.set_back, len(self.spans)]
        return [hole for first, last in pairwise(marks) for hole in uncovered(self.spans[first:last])]

    def is_expired(self, segment: SegmentManifest) -> bool:
        """Whether a signed gap names this segment as gone before it was archived. None may name one of a session."""
        return segment.session is None and any(names_expired(gap, segment) for gap in self.expired)


def names_expired(gap: GapManifest, segment: SegmentManifest) -> bool:
    """Whether `gap` says of exactly this segment that its bytes went without a receipt."""
    numbers = gap.expired
    return (
        gap.cause is GapCause.EXPIRED_UNARCHIVED
        and numbers is not None
        and numbers.first <= segment.number <= numbers.last
        and gap.run == segment.run
        and gap.device == segment.device
    )


def uncovered(spans: Iterable[tuple[int, int]], tolerance_ns: int = TOLERANCE_NS) -> list[tuple[int, int]]:
    """Holes longer than `tolerance_ns` between the first start and the last end."""
    holes: list[tuple[int, int]] = []
    reached: int | None = None
    for start, end in sorted(span for span in spans if span[1] >= span[0]):
        if reached is not None and start - reached > tolerance_ns:
            holes.append((reached, start))
        reached = end if reached is None else max(reached, end)
    return holes


def outside(span: tuple[int, int], covered: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """What is left of `span` beside all that is covered."""
    left = [span]
    for start, end in covered:
        left = [
            part
            for since, until in left
            for part in ((since, min(until, start)), (max(since, end), until))
            if part[1] > part[0]
        ]
    return left


def length_ns(spans: Iterable[tuple[int, int]]) -> int:
    return sum(max(0, end - start) for start, end in spans)


def _run_fault(before: SegmentManifest | None, segment: SegmentManifest, *, explained: bool) -> str | None:
    if before is None:
        return None  # a run's first segments may never have come to be; its own gap tells
    if segment.sequence <= before.sequence:
        return "order"
    if segment.sequence != before.sequence + 1 and not explained:
        return "sequence-hole"
    return None
