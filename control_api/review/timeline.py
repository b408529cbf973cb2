"""A session's footage on one line: pieces that play, stretches that are missing and why. Pure.

Two clocks meet here and are never mixed: `at_90k` counts along the playlist, where gaps take no time, and wall time
runs over gaps. A piece maps one to the other by the manifest's own start on both clocks.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from storage.manifest import AS_CONFIGURED, AudioTrack, GapManifest, SegmentManifest

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
    in_run_90k: int = 0  # where it begins in its run
    signed_wall_ns: int | None = None  # what the room said, where a signed correction dates it otherwise
    voices: str = ""  # who is on which channel: "microphones" (officer left, visitor right), "channels", or one for all
    copied: bool = False  # from the room's second copy


@dataclass(frozen=True, slots=True)
class Missing:
    """Footage that is not there: a gap that the room signed, or what the centre finds itself.

    Causes of the centre's own: `not-archived` (still in the room or on its way), `damaged` (bytes differ from the
    manifest), `unexplained` (no entry says why). `source`: only this one's part of the track is missing. `calm`: as
    configured, and outside a session: nothing that ought to be there is missing.
    """

    start_wall_ns: int
    end_wall_ns: int
    track: str
    cause: str
    source: str | None = None
    calm: bool = False


@dataclass(frozen=True, slots=True)
class Known:
    """One segment entry as the centre has it: `state` waiting, receipted, refused or damaged."""

    entry: str
    manifest: SegmentManifest
    state: str
    signed_wall_ns: int | None = None


@dataclass(frozen=True, slots=True)
class Timeline:
    start_wall_ns: int
    end_wall_ns: int
    pieces: tuple[Piece, ...]
    missing: tuple[Missing, ...]

    @property
    def length_90k(self) -> int:
        return self.pieces[-1].at_90k + self.pieces[-1].length_90k if self.pieces else 0


def lay_out(
    segments: Iterable[Known],
    gaps: Iterable[GapManifest],
    span: tuple[int, int],
    inside: tuple[int, int] | None = None,
) -> Timeline:
    """Put a span's segments and gaps on one line. `inside`: the session's own time, where nothing is missing calmly."""
    known = sorted(segments, key=lambda item: (item.manifest.start.wall_ns, item.manifest.sequence))
    pieces = _place([_piece(item) for item in known if item.state == "receipted"])
    copies = [_ends(item) for item in known if item.state == "receipted" and item.manifest.replaces is not None]
    signed = [left for gap in gaps for left in _without(_missing(gap, inside), copies)]
    not_here = [
        Missing(item.manifest.start.wall_ns, item.manifest.end.wall_ns, "all", _why(item.state))
        for item in known
        if item.state != "receipted"
    ]
    explained = [*signed, *not_here]
    holes = _holes(pieces, explained, span)
    missing = sorted((*explained, *holes), key=lambda gap: (gap.start_wall_ns, gap.end_wall_ns))
    return Timeline(*span, pieces, tuple(_joined([clipped for gap in missing if (clipped := _clip(gap, span))])))


def _missing(gap: GapManifest, inside: tuple[int, int] | None) -> Missing:
    start, end = gap.start.wall_ns, gap.end.wall_ns
    in_session = inside is not None and start < inside[1] and end > inside[0]
    calm = gap.cause in AS_CONFIGURED and not in_session
    return Missing(start, end, gap.track, gap.cause.value, gap.source, calm)


def _ends(item: Known) -> tuple[int, int]:
    return item.manifest.start.wall_ns, item.manifest.end.wall_ns


def _without(gap: Missing, covered: Sequence[tuple[int, int]]) -> list[Missing]:
    """What is left of a gap where footage from the second copy has come: that stands in no gap's way."""
    left = [gap]
    for start, end in covered:
        left = [part for one in left for part in _outside(one, start, end)]
    return left


def _outside(gap: Missing, start: int, end: int) -> list[Missing]:
    if end <= gap.start_wall_ns or start >= gap.end_wall_ns or gap.track != "all":
        return [gap]
    parts = (
        replace(gap, end_wall_ns=min(start, gap.end_wall_ns)),
        replace(gap, start_wall_ns=max(end, gap.start_wall_ns)),
    )
    return [part for part in parts if part.end_wall_ns > part.start_wall_ns]


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
        item.entry,
        manifest.run,
        manifest.sequence,
        start.wall_ns,
        end.wall_ns,
        length_90k,
        manifest.recovered,
        in_run_90k=manifest.sequence if start.pts_90k is None else start.pts_90k,
        signed_wall_ns=item.signed_wall_ns,
        voices=_voices(manifest),
        copied=manifest.replaces is not None,
    )


def _voices(manifest: SegmentManifest) -> str:
    """Two microphones have a channel each; what two channels of another source hold is not known."""
    for track in manifest.tracks:
        if isinstance(track, AudioTrack) and track.channels == 2:
            return "microphones" if len(track.microphones or ()) == 2 else "channels"
    return ""


def _place(pieces: Sequence[Piece]) -> tuple[Piece, ...]:
    """Runs in the order they began, each run's segments by their own time, one behind the other: what comes from the
    second copy has no place in the run's numbers."""
    began: dict[str, int] = {}
    for piece in pieces:
        began.setdefault(piece.run, piece.start_wall_ns)
    placed: list[Piece] = []
    at_90k = 0
    for piece in sorted(pieces, key=lambda one: (began[one.run], one.run, one.in_run_90k, one.sequence)):
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
        same = last is not None and _kind(last) == _kind(gap)
        if last is not None and same and gap.start_wall_ns - last.end_wall_ns <= HOLE_NS:
            joined[-1] = replace(last, end_wall_ns=max(last.end_wall_ns, gap.end_wall_ns))
        else:
            joined.append(gap)
    return joined


def _kind(gap: Missing) -> tuple[str, str, str | None, bool]:
    return gap.track, gap.cause, gap.source, gap.calm
