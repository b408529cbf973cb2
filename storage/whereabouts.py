"""Where a segment's bytes were found, and how much can be seen of a stretch. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from storage.coverage import length_ns, outside
from storage.manifest import GapManifest, SegmentManifest
from storage.report import Report


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """A segment whose bytes stand beside its entry, or do not. `at_best`: the same by its best-known times."""

    place: str
    sha256: str
    manifest: SegmentManifest
    at_best: SegmentManifest

    @property
    def span(self) -> tuple[int, int]:
        return self.at_best.start.wall_ns, self.at_best.end.wall_ns

    @property
    def in_run(self) -> tuple[str, int, int]:
        return self.manifest.run, self.manifest.opened.fragments[0].start_pts_90k, self.manifest.number


def measure(held: Sequence[Whereabouts], gaps: Iterable[GapManifest], report: Report) -> None:
    """Add how much can be seen, and how much is missing for which cause. What stands twice counts once."""
    copies = [one for one in held if one.manifest.replaces is not None]
    stood_for = {sha256 for one in copies for sha256 in one.manifest.replaces or ()}
    report.recorded_s += length_ns(one.span for one in held if one.sha256 not in stood_for) / 1e9
    for gap in gaps:
        span = gap.start.wall_ns, gap.end.wall_ns
        left_ns = length_ns(outside(span, [one.span for one in copies]))
        if gap.track == "all" and left_ns == 0 and span[1] > span[0]:
            continue  # the second copy has all of it
        report.count_gap(gap.cause, gap.track, left_ns / 1e9)
