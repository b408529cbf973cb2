"""When something really was, as well as it is known now. Pure: signed entries in, wall times out; nothing is rewritten.

Monotonic time ran on beside a wall clock that was wrong, stepped or stood in 1970. So within one boot:

1. An entry made while the clock was known dates its own moments: true wall = mono + (made.wall - made.mono). That
   also dates the footage of a run that began before the clock was known and went on after it.
2. An entry made while it was not known is dated by a signed correction over its number and boot.
3. Otherwise the wall time stands as it was signed, and is not `known`.

Which boot a moment belongs to follows from the notes `recorder-started`; a gap may begin in an earlier boot than the
one it was written in, and what a start recovers was recorded in the life before.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from storage.chain import AnyManifest
from storage.manifest import ClockCorrection, GapManifest, Moment, NoteKind, NoteManifest, SegmentManifest

SAME_NS = 500_000_000  # the signed time and a better one that are nearer than this are one
UNKNOWN_BOOT = ""
_BOOT = "boot="


@dataclass(frozen=True, slots=True)
class Dated:
    """`wall_ns` is the best-known time, `signed_wall_ns` what the entry says. `known`: by a clock that was known."""

    wall_ns: int
    signed_wall_ns: int
    known: bool

    @property
    def corrected(self) -> bool:
        return abs(self.wall_ns - self.signed_wall_ns) > SAME_NS


@dataclass(frozen=True, slots=True)
class DatedEntry:
    """`start` and `end` of a note are when it was made."""

    number: int
    start: Dated
    end: Dated
    made: Dated

    @property
    def corrected(self) -> bool:
        return self.start.corrected or self.end.corrected

    @property
    def known(self) -> bool:
        return self.start.known and self.end.known


def corrections_of(entries: Iterable[AnyManifest]) -> list[ClockCorrection]:
    """All corrections among `entries`, in chain order."""
    return [one.correction for one in entries if isinstance(one, NoteManifest) and one.correction is not None]


class Dating:
    """Takes the entries of one device in chain order. `corrections` may come from anywhere in its chain, also from
    after the entries that are dated; of two for one entry the later counts."""

    def __init__(self, corrections: Iterable[ClockCorrection] = ()) -> None:
        self._corrections = list(corrections)
        self._boot = UNKNOWN_BOOT
        self._boot_of_run: dict[str, str] = {}
        self._known: dict[str, int] = {}  # by boot: wall minus monotonic time while the clock was known
        self._covered_in = UNKNOWN_BOOT  # the boot in which footage or a gap last ended

    def date(self, entry: AnyManifest) -> DatedEntry:
        """The entry's moments as well as they are known. Call once for each entry, in order."""
        if isinstance(entry, NoteManifest):
            self._follow(entry)
            made = self._moment(entry, entry.made, self._boot)
            return DatedEntry(entry.number, made, made, made)
        began_in, ended_in = self._boots(entry)
        made = self._moment(entry, entry.made, self._boot)
        start = self._moment(entry, entry.start, began_in)
        return DatedEntry(entry.number, start, self._moment(entry, entry.end, ended_in), made)

    def _follow(self, note: NoteManifest) -> None:
        detail = note.detail or ""
        if note.note is NoteKind.RECORDER_STARTED and _BOOT in detail:
            self._boot = detail.rpartition(_BOOT)[2].split()[0]

    def _boots(self, entry: SegmentManifest | GapManifest) -> tuple[str, str]:
        """In which boots the entry's start and end lie."""
        if isinstance(entry, SegmentManifest):
            boot = self._boot_of_run.setdefault(entry.run, self._boot)
            self._covered_in = boot
            return boot, boot
        if entry.track != "all":
            return self._boot, self._boot
        began_in, self._covered_in = self._covered_in, self._boot
        return began_in, self._boot

    def _moment(self, entry: AnyManifest, moment: Moment, boot: str) -> Dated:
        offset_ns = self._offset(entry, moment, boot)
        if offset_ns is None:
            return Dated(moment.wall_ns, moment.wall_ns, known=False)
        wall_ns = moment.mono_ns + offset_ns
        if abs(wall_ns - moment.wall_ns) <= SAME_NS:
            wall_ns = moment.wall_ns
        return Dated(wall_ns, moment.wall_ns, known=True)

    def _offset(self, entry: AnyManifest, moment: Moment, boot: str) -> int | None:
        """True wall minus monotonic time in that boot, or None."""
        here = boot == self._boot and moment.mono_ns <= entry.made.mono_ns
        if here and entry.clock.synchronized is True:
            self._known[boot] = entry.made.wall_ns - entry.made.mono_ns
            return self._known[boot]
        for one in reversed(self._corrections):
            covers = one.first_number <= entry.number <= one.last_number
            if (one.boot == boot and (covers or not here)) or (boot == UNKNOWN_BOOT and covers):
                return one.wall_minus_mono_ns
        return None if here else self._known.get(boot)


@dataclass(frozen=True, slots=True)
class Redated:
    """Entries in a row whose signed times were off by the same."""

    first_number: int
    last_number: int
    signed_start_wall_ns: int
    start_wall_ns: int
    end_wall_ns: int


def redated(entries: Iterable[DatedEntry]) -> list[Redated]:
    """Where best-known and signed times differ, as few stretches as that takes."""
    found: list[Redated] = []
    for one in entries:
        if not one.start.corrected:
            continue  # right as signed, or a gap that ends in another boot than it began in
        before = found[-1] if found else None
        shift_ns = one.start.wall_ns - one.start.signed_wall_ns
        if before is not None and abs(before.start_wall_ns - before.signed_start_wall_ns - shift_ns) <= SAME_NS:
            end_ns = max(before.end_wall_ns, one.end.wall_ns)
            found[-1] = replace(before, last_number=one.number, end_wall_ns=end_ns)
        else:
            signed_ns = one.start.signed_wall_ns
            found.append(Redated(one.number, one.number, signed_ns, one.start.wall_ns, one.end.wall_ns))
    return found


def date_entries(
    entries: Iterable[AnyManifest], corrections: Iterable[ClockCorrection] | None = None
) -> list[DatedEntry]:
    """One device's entries in chain order. `corrections`: None takes those among the entries."""
    entries = list(entries)
    dating = Dating(corrections_of(entries) if corrections is None else corrections)
    return [dating.date(entry) for entry in entries]
