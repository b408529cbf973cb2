"""The thread that compares both copies: brings what the spool lacks, lets the copy go when the archive has it.

It may wait for either disk, so nothing else runs in it. While the spool is full, failed or behind, it waits.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import structlog

from edge.mirror.bringing import CopyDamaged, bring, remove_parts
from edge.mirror.catalog import Catalog, CopySegment
from edge.mirror.lacking import Held, stands_for
from edge.spool.disk_room import RoomLimits, free_bytes
from edge.spool.index import RunSegment, SpoolIndex
from edge.spool.ledger import Ledger
from edge.spool.run_keeper import SessionAt
from storage.errors import StorageError
from storage.manifest import MANIFEST, Moment, SegmentManifest
from storage.signing import peek_json

log = structlog.get_logger("mirror")
STEP_S = 3.0
AT_ONCE = 50  # journals read in one step
SPOOL_AHEAD_NS = 20_000_000_000  # the spool must be this far past a segment before it counts as lacking it
EDGE_NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class FirstCopy:
    """The spool as the restorer needs it. `settled`: how far it is, on this life's clock; `well`: it can be written."""

    spool: Path
    index: SpoolIndex
    ledger: Ledger
    session_at: SessionAt
    run: Callable[[], str | None]
    settled: Callable[[], Moment | None]
    well: Callable[[], bool]
    limits: Callable[[], RoomLimits]


class Restorer:
    """`start` once, `stop` once."""

    def __init__(self, first: FirstCopy, root: Path, key: bytes, being_written: Callable[[], str | None]) -> None:
        self._first, self._root, self._key, self._being_written = first, root, key, being_written
        self._catalog = Catalog(root, key)
        self._settled: set[str] = set()  # compared, and the spool has them
        self._lost_told: set[int] = set()
        self.brought = 0
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name="restorer", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, timeout_s: float = 1.0) -> None:
        self._stopping.set()
        self._thread.join(timeout_s)

    def _work(self) -> None:
        remove_parts(self._first.spool)
        while not self._stopping.wait(STEP_S):
            try:
                self.step()
            except (OSError, StorageError) as error:  # one of the disks; both writers say so themselves
                log.warning("restoring-waits", error=type(error).__name__)

    def step(self) -> None:
        """Look, bring what is lacking, let go what is archived. Raises OSError or StorageError."""
        if not (self._root / "segments").is_dir() or not self._first.well():
            return
        self._catalog.look(self._being_written(), AT_ONCE)
        self._doubt_what_is_lost()
        for segment in sorted(self._catalog.known.values(), key=lambda one: one.start.wall_ns):
            if self._stopping.is_set() or not self._first.well():
                return
            if segment.name not in self._settled and self._is_due(segment):
                self._compare(segment)
        self._let_go()

    def _is_due(self, segment: CopySegment) -> bool:
        if segment.run != self._first.run():
            return True
        settled = self._first.settled()
        return settled is not None and settled.mono_ns - segment.end.mono_ns > SPOOL_AHEAD_NS

    def _doubt_what_is_lost(self) -> None:
        """A file of the spool was found gone or damaged: what covers it is compared again."""
        for number, run in self._first.index.lost_segments():
            if number not in self._lost_told:
                self._lost_told.add(number)
                self._settled = {name for name in self._settled if not name.startswith(f"{run}/")}

    def _compare(self, segment: CopySegment) -> None:
        if self._first.index.place(segment.run, segment.sequence) is None:
            replaces = stands_for(segment.span, map(_held, self._beside(segment)))
            if replaces is not None:
                self._bring(segment, replaces)
        self._settled.add(segment.name)

    def _bring(self, segment: CopySegment, replaces: list[str]) -> None:
        first = self._first
        try:
            entry = bring(self._root, self._key, segment, replaces, first.spool, first.ledger, first.session_at)
        except CopyDamaged:
            log.error("copy-damaged", run=segment.run, sequence=segment.sequence)
            return
        self.brought += 1
        log.warning("brought-from-second-copy", number=entry.number, replaces=len(replaces))

    def _beside(self, segment: CopySegment) -> list[RunSegment]:
        start_ns, end_ns = segment.start.wall_ns - EDGE_NS, segment.end.wall_ns + EDGE_NS
        return self._first.index.segments_between(segment.run, start_ns, end_ns)

    def _let_go(self) -> None:
        """Copies of what the archive has: those past their time, and while the second disk is short the oldest."""
        limits, now_ns = self._first.limits(), time.time_ns()
        for segment in sorted(self._catalog.known.values(), key=lambda one: one.start.wall_ns):
            short = free_bytes(self._root) < limits.reserve_bytes
            if not short and now_ns - segment.end.wall_ns < limits.keep_ns:
                return
            if segment.name in self._settled and self._is_archived(segment):
                self._catalog.drop(segment)
                self._settled.discard(segment.name)

    def _is_archived(self, segment: CopySegment) -> bool:
        archived = [one for one in self._beside(segment) if one.state in ("receipted", "pruned", "expired")]
        return stands_for(segment.span, map(_held, archived)) is None


def _held(row: RunSegment) -> Held:
    manifest = MANIFEST.validate_python(peek_json(row.jws))
    if not isinstance(manifest, SegmentManifest) or not manifest.opened.fragments:
        raise StorageError("bad-manifest", "片段条目无法读取。", "A segment's entry can't be read.")
    fragments = manifest.opened.fragments
    return Held(row.sha256, fragments[0].start_pts_90k, fragments[-1].end_pts_90k, not row.lost)
