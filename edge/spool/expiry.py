"""Decides which footage may go without a receipt on a full disk. Pure: no disk, no clock.

Only what waits, never belonged to a session, does not lie within 30 s of one, and is older than the room keeps it, by
clocks that may be believed: the one it was signed under and the one of now. A wrong wall clock never makes footage old.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from storage.chain import AnyManifest
from storage.manifest import ClockState, Moment, NoteManifest, SegmentManifest

BESIDE_SESSION_NS = 30_000_000_000
STEADY_NS = 3600 * 1_000_000_000  # how long a clock that was set must go on evenly before footage may be old by it
STEP_NS = 1_000_000_000
SLEWED = 1_000  # a clock being corrected gains or loses less than a thousandth
AHEAD_NS = 60 * 1_000_000_000


@dataclass(frozen=True, slots=True)
class Stretch:
    """Segments of one run, one after the other without a hole."""

    segments: tuple[SegmentManifest, ...]

    @property
    def size(self) -> int:
        return sum(segment.sealed.size for segment in self.segments)


class TrustedClock:
    """Told of both clocks again and again; says whether the wall clock may make footage old."""

    def __init__(self) -> None:
        self._seen: Moment | None = None
        self._set_mono_ns: int | None = None

    def is_trusted(self, now: Moment, state: ClockState, newest_made: Moment) -> bool:
        """`newest_made`: of the newest entry in the chain, which can't have been made after now."""
        before, self._seen = self._seen, now
        if before is not None:
            passed_ns = now.mono_ns - before.mono_ns
            if abs(now.wall_ns - before.wall_ns - passed_ns) > STEP_NS + passed_ns // SLEWED:
                self._set_mono_ns = now.mono_ns
        if self._set_mono_ns is not None and now.mono_ns - self._set_mono_ns < STEADY_NS:
            return False
        return state.synchronized is True and newest_made.wall_ns <= now.wall_ns + STEP_NS


def age_ns(segment: SegmentManifest, now: Moment) -> int | None:
    """At least how old it is; None when its own clock can't tell. It was made when it was signed, or before."""
    if segment.clock.synchronized is not True or segment.end.wall_ns > segment.made.wall_ns + AHEAD_NS:
        return None
    return now.wall_ns - max(segment.made.wall_ns, segment.end.wall_ns)


def is_beside(segment: SegmentManifest, of_sessions: Iterable[AnyManifest]) -> bool:
    """Whether it lies within 30 s of an entry of a session, by the wall clock or by the monotonic one.

    Monotonic times of different boots may meet by chance: then footage stays that could have gone.
    """
    for entry in of_sessions:
        start, end = (entry.made, entry.made) if isinstance(entry, NoteManifest) else (entry.start, entry.end)
        for since, until, first, last in (
            (segment.start.wall_ns, segment.end.wall_ns, start.wall_ns, end.wall_ns),
            (segment.start.mono_ns, segment.end.mono_ns, start.mono_ns, end.mono_ns),
        ):
            if since <= max(first, last) + BESIDE_SESSION_NS and min(first, last) - BESIDE_SESSION_NS <= until:
                return True
    return False


def stretches(segments: Iterable[SegmentManifest], wanted_bytes: int) -> list[Stretch]:
    """The oldest of `segments` that free `wanted_bytes`, each stretch without a hole. Oldest first."""
    found: list[list[SegmentManifest]] = []
    for segment in segments:
        if wanted_bytes <= 0:
            break
        if found and _follows(found[-1][-1], segment):
            found[-1].append(segment)
        else:
            found.append([segment])
        wanted_bytes -= segment.sealed.size
    return [Stretch(tuple(one)) for one in found]


def _follows(before: SegmentManifest, segment: SegmentManifest) -> bool:
    """Everything that the gap will name between the two may go: no other segment stands between them."""
    return (before.run, before.sequence + 1) == (segment.run, segment.sequence)
