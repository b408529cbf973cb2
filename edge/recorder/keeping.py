"""What lies between the gate and the disks: spool, index, chain, the book of sessions and the second copy.

Opening it mends what the last life left and notes `recorder-started`. Owns no source and no encoder.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import structlog

from config.room import SpoolSettings
from edge.mirror.both_copies import BothCopies
from edge.mirror.restorer import FirstCopy
from edge.mirror.second_copy import SecondCopy
from edge.process.watchdog import WAITS_FOR_DISK_NS, Loop
from edge.recorder.configuration import Orders
from edge.recorder.notes import Notes
from edge.recorder.pinning import Pinned
from edge.recorder.sessions import SessionBook
from edge.segment.sink import RecordingSink, RunStart, SourceState
from edge.spool.disk_room import DiskRoom, RoomLimits
from edge.spool.expiring import Expiring
from edge.spool.forecast import DiskFigures
from edge.spool.index import EntryRow, SpoolIndex
from edge.spool.index_repair import open_index
from edge.spool.ledger import Ledger, Place
from edge.spool.moments import boot_id, present
from edge.spool.recovery import RecoveryReport, adopt_chain, recover, recover_segments
from edge.spool.run_keeper import KeeperParts, RunKeeper
from edge.spool.standby_mark import StandbyMark, after_standby
from edge.spool.timeline_state import ENCODER_WELL, Unaccounted, unaccounted
from edge.spool.writer import SpoolWriter
from storage.chain import AnyManifest
from storage.manifest import MANIFEST, ClockState, GapCause, Moment, NoteKind, NoteManifest
from storage.signing import SigningKey, peek_json

log = structlog.get_logger("recorder")
NOTES_READ_BACK = 10_000
COPY_PURPOSE = b"shilu-second-copy-1"
STOP_SPOOL_S = 2.0
SPOOL_IS_BEHIND_90K = 5 * 90_000


@dataclass(frozen=True)
class Disks:
    """Where footage is kept. `free_bytes` answers at once; `failed` ends the process, which is then started anew."""

    spool: Path
    mirror_directory: Path | None
    free_bytes: Callable[[], int | None]
    failed: Callable[[BaseException], None]


@dataclass(frozen=True)
class Feeding:
    """What the keeping asks of the recording that feeds it, and tells it."""

    run_started: Callable[[RunStart], None]
    source_state: Callable[[SourceState], None]
    want_key_frame: Callable[[], None]
    before_entry: Callable[[str, int], None]
    standing_by: Callable[[], GapCause | None]


class Keeping:
    """`begin` with the first orders, `change` with later ones, `stop` once."""

    def __init__(
        self, disks: Disks, key: SigningKey, pinned: Pinned, clock: Callable[[], ClockState], version: str
    ) -> None:
        self._disks, self._pinned, self._clock, self._version = disks, pinned, clock, version
        self._copy_key = key.derived(COPY_PURPOSE)
        index, self._damaged_index = open_index(disks.spool)
        self.index: SpoolIndex = index
        self.ledger = Ledger(disks.spool, index, key, Place(pinned.device, pinned.room), present, clock)
        self.notes = Notes(self.ledger, self.failed)
        self.keeper: RunKeeper | None = None
        self.second: SecondCopy | None = None
        self._writer: SpoolWriter | None = None
        self._room: DiskRoom | None = None
        self._lost = False
        self.problems = list(self._recover())

    @property
    def sink(self) -> RecordingSink:
        """Where footage goes. Only after `begin`."""
        if self._writer is None:
            raise RuntimeError("nothing was begun")
        return self._writer if self.second is None else BothCopies(self._writer, self.second.writer)

    @property
    def queued_90k(self) -> int:
        """Media that waits for the disk."""
        return self._writer.queued_90k if self._writer else 0

    @property
    def reserve_bytes(self) -> int:
        return self._room.limits.reserve_bytes if self._room else 0

    @property
    def disk_figures(self) -> DiskFigures:
        figures = self.index.figures
        return DiskFigures(self._disks.free_bytes(), self.reserve_bytes, figures.receipted_bytes, figures.sealed_bytes)

    def watched_loops(self) -> list[Loop]:
        if self._writer is None or self._lost:
            return []
        return [Loop("spool", id(self._writer), self._writer.loops, WAITS_FOR_DISK_NS)]

    def begin(self, orders: Orders, feeding: Feeding) -> None:
        """The threads that wait for the disks. Further calls do nothing."""
        if self._writer is not None:
            return
        disks, limits = self._disks, limits_of(orders.configuration.spool)
        expiring = Expiring(disks.spool, self.index, self.ledger, self._clock)
        self._room = room = DiskRoom(disks.spool, self.index, self._pinned.centre, limits, expiring)
        parts = KeeperParts(
            spool=disks.spool,
            ledger=self.ledger,
            room=room,
            session_at=self.sessions.at,
            clock=self._clock,
            recover=self._recover_in_life,
            want_key_frame=feeding.want_key_frame,
            before_entry=feeding.before_entry,
            standing_by=feeding.standing_by,
        )
        self.keeper = keeper = RunKeeper(parts, orders.sealing.texts, self._unaccounted)
        self._writer = writer = SpoolWriter(keeper, feeding.run_started, feeding.source_state, self.failed)
        writer.start()
        if disks.mirror_directory is not None:
            self.second = self._start_second_copy(disks.mirror_directory, keeper, writer, room)

    def change(self, orders: Orders) -> None:
        """Whom it is sealed to and what the disk keeps: at once."""
        if self.keeper is not None:
            self.keeper.recipients = orders.sealing.texts
        if self._room is not None:
            self._room.limits = limits_of(orders.configuration.spool)
        if self.second is not None:
            self.second.writer.seal_to(orders.sealing.texts)

    def failed(self, error: BaseException) -> None:
        """Nothing on a disk that failed can be believed until it is read again, so the process ends and starts anew;
        while a second copy is being written, only once the first disk can be written again."""
        self._lost = True
        if self.second is not None and self.second.is_well:
            log.error("spool-failed", exc_info=error)
            self.second.carry_on(again=lambda: self._disks.failed(error))
        else:
            self._disks.failed(error)

    def stop(self) -> None:
        """Everything sealed, signed and noted, as far as the disks let it in time."""
        if self.second is not None:
            self.second.stop(STOP_SPOOL_S)
        self.notes.stop()
        written = self._writer.stop(STOP_SPOOL_S) if self._writer else True
        if written and not self._lost:
            self.notes.write(NoteKind.RECORDER_STOPPED, detail=self._version)
            self.index.close()
        else:
            log.error("stop-unfinished", message="the disk did not take all in time; the next start recovers it")

    def _recover(self) -> Iterator[str]:
        adopted = adopt_chain(self._disks.spool, self.index, self.ledger, self._damaged_index)
        self.sessions = SessionBook(read_notes(self.index))
        report = recover(self._disks.spool, self.index, self.ledger, self.sessions.at)
        missing = _missing(self.index, report)  # before this life's own note
        self._unaccounted = after_standby(self.ledger, missing, StandbyMark(self._disks.spool).take())
        started = self.notes.write(NoteKind.RECORDER_STARTED, detail=f"{self._version} boot={boot_id()}")
        self.sessions.apply(started)
        if self._unaccounted is not None and self._unaccounted.cause is GapCause.ENCODER_FAILED:
            self.notes.write(NoteKind.HEALTH, detail=ENCODER_WELL)  # the thread that stood still ended with its process
        yield from {*adopted.problems, *report.problems}
        if report.set_aside:
            yield "segment-set-aside"

    def _start_second_copy(self, directory: Path, keeper: RunKeeper, writer: SpoolWriter, room: DiskRoom) -> SecondCopy:
        first = FirstCopy(
            spool=self._disks.spool,
            index=self.index,
            ledger=self.ledger,
            session_at=self.sessions.at,
            run=lambda: keeper.run,
            settled=lambda: keeper.settled,
            well=lambda: not keeper.halted and writer.queued_90k < SPOOL_IS_BEHIND_90K,
            limits=lambda: room.limits,
        )
        device = self._pinned.device
        second = SecondCopy(directory, device, first, self._clock, keeper.recipients, self._copy_key)
        second.start()
        return second

    def _recover_in_life(self) -> Moment | None:
        report = RecoveryReport()
        recover_segments(self._disks.spool, self.index, self.ledger, self.sessions.at, report)
        return report.last_end


def limits_of(settings: SpoolSettings) -> RoomLimits:
    return RoomLimits(
        reserve_bytes=settings.reserve_mb * 1_000_000,
        keep_ns=settings.keep_receipted_hours * 3600 * 1_000_000_000,
        keep_unarchived_ns=settings.keep_unarchived_days * 24 * 3600 * 1_000_000_000,
    )


def read_notes(index: SpoolIndex) -> list[NoteManifest]:
    """Notes from the last opening of a session on, in order: all that the book of sessions needs."""
    notes: list[NoteManifest] = []
    for row in index.notes_newest_first(NOTES_READ_BACK):
        manifest = _manifest(row)
        if isinstance(manifest, NoteManifest):
            notes.append(manifest)
            if manifest.note is NoteKind.SESSION_OPENED:
                break
    return notes[::-1]


def _missing(index: SpoolIndex, report: RecoveryReport) -> Unaccounted | None:
    """The gap that the next run closes. Where bytes could not be proved, that is the reason to be named."""
    missing = unaccounted(_manifest(row) for row in index.newest_first())
    if missing is not None and report.damaged:
        return Unaccounted(missing.since, GapCause.SEGMENT_DAMAGED)
    return missing


def _manifest(row: EntryRow) -> AnyManifest:
    """A row's manifest. Its signature was checked or made when the row was written."""
    return MANIFEST.validate_python(peek_json(row.jws))
