"""A session's footage on one line: pieces that play, stretches that are missing and why. Pure.

Two clocks meet here and are never mixed: `at_90k` counts along the playlist, where gaps take no time, and wall time
runs over gaps. A piece maps one to the other by the manifest's own start on both clocks.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from storage.manifest import GapManifest, SegmentManifest

HOLE_NS = 1_000_000_000  # a shorter hole between two pieces is rounding of clocks


@dataclass(frozen=True, slots=True)
class Piece:
    """A segment that plays. `at_90k`: where it begins on the playlist."""

    entry: str
    run: str
    sequence: int
    start_wall_ns: int
    end_wall_ns: int
    length_90k: int
    recovered: bool = False
    at_90k: int = 0


@dataclass(frozen=True, slots=True)
class Missing:
    """Footage that is not there: a gap that the room signed, or what the centre finds itself.

    Causes of the centre's own: `not-archived` (still in the room or on its way), `damaged` (bytes differ from the
    manifest), `unexplained` (no entry says why).
    """

    start_wall_ns: int
    end_wall_ns: int
    track: str
    cause: str


@dataclass(frozen=True, slots=True)
class Known:
    """One segment entry as the centre has it: `state` waiting, receipted, refused or damaged."""

    entry: str
    manifest: SegmentManifest
    state: str


@dataclass(frozen=True, slots=True)
class Timeline:
    start_wall_ns: int
    end_wall_ns: int
    pieces: tuple[Piece, ...]
    missing: tuple[Missing, ...]

    @property
    def length_90k(self) -> int:
        return self.pieces[-1].at_90k + self.pieces[-1].length_90k if self.pieces else 0


def lay_out(segments: Iterable[Known], gaps: Iterable[GapManifest], span: tuple[int, int]) -> Timeline:
    """Put a span's segments and gaps on one line."""
    known = sorted(segments, key=lambda item: (item.manifest.start.wall_ns, item.manifest.sequence))
    pieces = _place([_piece(item) for item in known if item.state == "receipted"])
    signed = [Missing(gap.start.wall_ns, gap.end.wall_ns, gap.track, gap.cause.value) for gap in gaps]
    not_here = [
        Missing(item.manifest.start.wall_ns, item.manifest.end.wall_ns, "all", _why(item.state))
        for item in known
        if item.state != "receipted"
    ]
    explained = [*signed, *not_here]
    holes = _holes(pieces, explained, span)
    missing = sorted((*explained, *holes), key=lambda gap: (gap.start_wall_ns, gap.end_wall_ns))
    return Timeline(*span, pieces, tuple(_joined([clipped for gap in missing if (clipped := _clip(gap, span))])))


def _why(state: str) -> str:
    return "not-archived" if state == "waiting" else "damaged"


def _piece(item: Known) -> Piece:
    manifest = item.manifest
    start, end = manifest.start, manifest.end
    if start.pts_90k is not None and end.pts_90k is not None:
        length_90k = end.pts_90k - start.pts_90k
    else:
        length_90k = (end.wall_ns - start.wall_ns) * 9 // 100_000
    return Piece(
        item.entry, manifest.run, manifest.sequence, start.wall_ns, end.wall_ns, length_90k, manifest.recovered
    )


def _place(pieces: Sequence[Piece]) -> tuple[Piece, ...]:
    """Runs in the order they began, each run's segments in their own order, one behind the other."""
    began: dict[str, int] = {}
    for piece in pieces:
        began.setdefault(piece.run, piece.start_wall_ns)
    placed: list[Piece] = []
    at_90k = 0
    for piece in sorted(pieces, key=lambda one: (began[one.run], one.run, one.sequence)):
        placed.append(replace(piece, at_90k=at_90k))
        at_90k += piece.length_90k
    return tuple(placed)


def _holes(pieces: Sequence[Piece], explained: Sequence[Missing], span: tuple[int, int]) -> list[Missing]:
    """Stretches inside the span that neither play nor are explained."""
    covered = sorted(
        [
            *((piece.start_wall_ns, piece.end_wall_ns) for piece in pieces),
            *((gap.start_wall_ns, gap.end_wall_ns) for gap in explained if gap.track == "all"),
        ]
    )
    holes: list[Missing] = []
    until = covered[0][0] if covered else span[1]
    for start, end in covered:
        if start - until > HOLE_NS:
            holes.append(Missing(until, start, "all", "unexplained"))
        until = max(until, end)
    return holes


def _clip(gap: Missing, span: tuple[int, int]) -> Missing | None:
    start, end = max(gap.start_wall_ns, span[0]), min(gap.end_wall_ns, span[1])
    return replace(gap, start_wall_ns=start, end_wall_ns=end) if end > start else None


def _joined(gaps: Sequence[Missing]) -> list[Missing]:
    """Neighbours with one cause become one stretch: ten segments on their way are one thing to a reader."""
    joined: list[Missing] = []
    for gap in gaps:
        last = joined[-1] if joined else None
        same = last is not None and (last.track, last.cause) == (gap.track, gap.cause)
        if last is not None and same and gap.start_wall_ns - last.end_wall_ns <= HOLE_NS:
            joined[-1] = replace(last, end_wall_ns=max(last.end_wall_ns, gap.end_wall_ns))
        else:
            joined.append(gap)
    return joined
