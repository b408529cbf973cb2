"""Lets go, on a full disk, what may go without a receipt. The only place that deletes footage the archive never had.

Order (S5): gap `expired-unarchived` signed, synced and in the chain → rows `expired` with it → unlink → directory
synced → path forgotten. A crash in between is finished at the next start: the gap names the entries.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import structlog

from edge.spool.expiry import AHEAD_NS, BESIDE_SESSION_NS, Stretch, TrustedClock, age_ns, is_beside, stretches
from edge.spool.index import EntryRow, SpoolIndex
from edge.spool.ledger import Ledger
from edge.spool.moments import present
from edge.spool.pruning import finish_or_leave
from storage.chain import AnyManifest
from storage.manifest import MANIFEST, ClockState, EntryRange, GapCause, GapManifest, Moment, SegmentManifest
from storage.signing import peek_json

log = structlog.get_logger("spool")
AT_ONCE = 64  # segments looked at in one go: about ten minutes
MOST_PAGES = 40  # so that the spool's thread is back with the footage within about a second
NEIGHBOURS = 200  # entries before and after that are looked through for a session, whatever their wall clock said


class Expiring:
    """One thread's. `keep_ns` None: nothing goes without a receipt."""

    def __init__(
        self,
        spool: Path,
        index: SpoolIndex,
        ledger: Ledger,
        clock: Callable[[], ClockState],
        now: Callable[[], Moment] = present,
    ) -> None:
        self._spool, self._index, self._ledger = spool, index, ledger
        self._clock, self._now = clock, now
        self._trusted = TrustedClock()
        self._looked_at = 0  # entries up to here stay, whatever time comes: beside a session, or of an unknown time

    def watch_clock(self) -> bool:
        """Called every few seconds: a step is only seen by who looks before and after it."""
        head = self._index.numbered(self._ledger.head.number)
        made = _manifest(head).made if head else Moment(wall_ns=0, mono_ns=0)
        return self._trusted.is_trusted(self._now(), self._clock(), made)

    def let_go(self, wanted_bytes: int, keep_ns: int) -> int:
        """Free about `wanted_bytes`, the oldest first. Returns what was freed; 0: nothing more may go now."""
        if not self.watch_clock():
            return 0
        freed = 0
        for stretch in stretches(self._old(keep_ns), wanted_bytes):
            for one in self._exact(stretch):
                freed += self._expire(one)
        return freed

    def _exact(self, stretch: Stretch) -> list[Stretch]:
        """Whole, where its first and last number name nothing else of the run; one by one otherwise."""
        first, last = stretch.segments[0], stretch.segments[-1]
        if self._index.segments_numbered(first.run, first.number, last.number) == len(stretch.segments):
            return [stretch]
        return [Stretch((segment,)) for segment in stretch.segments]

    def _old(self, keep_ns: int) -> list[SegmentManifest]:
        """The next that may go. What never may is passed over for good, what is too young ends the search."""
        now = self._now()
        for _ in range(MOST_PAGES):
            rows = self._index.waiting_without_session(self._looked_at, now.wall_ns - keep_ns, AT_ONCE)
            if not rows:
                break
            of_sessions = self._of_sessions(rows)
            found: list[SegmentManifest] = []
            for row in rows:
                segment = _manifest(row)
                age = age_ns(segment, now) if isinstance(segment, SegmentManifest) else None
                if age is not None and age < keep_ns:
                    return found
                if age is not None and isinstance(segment, SegmentManifest) and not is_beside(segment, of_sessions):
                    found.append(segment)
                elif not found:
                    self._looked_at = row.number
            if found:
                return found
        return []

    def _of_sessions(self, rows: list[EntryRow]) -> list[AnyManifest]:
        beside_ns = BESIDE_SESSION_NS + AHEAD_NS
        found = self._index.of_sessions(
            rows[0].number - NEIGHBOURS,
            rows[-1].number + NEIGHBOURS,
            min(row.start_wall_ns for row in rows) - beside_ns,
            max(row.end_wall_ns for row in rows) + beside_ns,
        )
        return [_manifest(row) for row in found]

    def _expire(self, stretch: Stretch) -> int:
        first, last = stretch.segments[0], stretch.segments[-1]
        gap = self._ledger.append(
            GapManifest,
            track="all",
            start=first.start,
            end=last.end,
            cause=GapCause.EXPIRED_UNARCHIVED,
            run=first.run,
            expired=EntryRange(first=first.number, last=last.number),
        )
        log.warning("expired-unarchived", number=gap.number, first=first.number, last=last.number)
        freed = 0
        for segment in stretch.segments:
            row = self._index.numbered(segment.number)
            if (
                row is not None and row.state == "expired" and row.path is not None
            ):  # not where the row could not follow
                freed += row.size if finish_or_leave(self._spool, self._index, row.number, row.path) else 0
        return freed


def _manifest(row: EntryRow) -> AnyManifest:
    return MANIFEST.validate_python(peek_json(row.jws))
