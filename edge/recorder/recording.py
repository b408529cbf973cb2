"""Records one pinned room: opens its spool, mends what a crash left, runs the pipeline as configured.

Owns the spool, the chain and the sessions of one life. Sockets and configuration files stand elsewhere.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from config.room import RoomConfiguration, SpoolSettings
from edge.encode.encoder_choice import EncoderChoice
from edge.gate.gate import Gate
from edge.gate.live import LiveGate
from edge.gate.steering import Sessions, Steering, SteeringParts
from edge.mirror.both_copies import BothCopies
from edge.mirror.restorer import FirstCopy
from edge.mirror.second_copy import SecondCopy
from edge.pipeline.recording import RecordingPipeline
from edge.process.watchdog import WAITS_FOR_DISK_NS, Loop, S
from edge.recorder.attendant import Attendant, Report, Surroundings
from edge.recorder.attendants import make_attendants
from edge.recorder.configuration import Orders, same_recording
from edge.recorder.notes import Notes
from edge.recorder.observer import Observer
from edge.recorder.pinning import Pinned
from edge.recorder.room_health import RoomHealth
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
from edge.spool.timeline_state import ENCODER_STUCK, ENCODER_WELL, Unaccounted, unaccounted
from edge.spool.writer import SpoolWriter
from storage.chain import AnyManifest
from storage.manifest import MANIFEST, ClockState, GapCause, Moment, NoteKind, NoteManifest
from storage.signing import SigningKey, peek_json
from streaming.packet import Packet, PcmBlock

log = structlog.get_logger("recorder")
NOTES_READ_BACK = 10_000
STOP_PIPELINE_S = 2.0
CHANGE_PIPELINE_S = 10.0  # a change of sources: longer, for what does not end is started anew as a process
STOP_SPOOL_S = 2.0
LOOKING_NS = 20 * S  # one turn of the thread in which attendants look and listen
LAST_WORD_S = 0.3  # how long a process that ends for a stuck thread waits for the chain
PRE_ROLL_NS = 30_000_000_000  # until the configuration was asked
SPOOL_IS_BEHIND_90K = 5 * 90_000


@dataclass(frozen=True)
class Outlets:
    """Where live media and news of this recording go; every one returns at once."""

    picture: Callable[[Packet], None]
    sound: Callable[[PcmBlock], None]
    run_started: Callable[[RunStart], None]
    failed: Callable[[BaseException], None]


@dataclass
class SourceBoard:
    """The last word of every source."""

    states: dict[tuple[str, str], SourceState] = field(default_factory=dict)

    def put(self, state: SourceState) -> None:
        self.states = {**self.states, (state.name, state.kind): state}

    @property
    def all_there(self) -> bool:
        return all(one.state == "ok" for one in self.states.values())


class RoomRecording:
    """Opening it recovers and notes `recorder-started`. `record` as often as the configuration changes; `stop` once."""

    def __init__(
        self,
        spool: Path,
        key: SigningKey,
        pinned: Pinned,
        outlets: Outlets,
        clock: Callable[[], ClockState],
        version: str,
        mirror_directory: Path | None = None,
        free_bytes: Callable[[], int | None] = lambda: None,
    ) -> None:
        self._free_bytes = free_bytes
        self._spool, self._pinned, self._outlets, self._clock, self._version = spool, pinned, outlets, clock, version
        index, self._damaged_index = open_index(spool)
        self.index: SpoolIndex = index
        self.ledger = Ledger(spool, self.index, key, Place(pinned.device, pinned.room), present, clock)
        self.notes = Notes(self.ledger, self._spool_failed)
        self._mirror_directory = mirror_directory
        self._second: SecondCopy | None = None
        self.problems = list(self._recover())
        self.sources = SourceBoard()
        self.health = RoomHealth(self.notes, lambda: self._pipeline, lambda: tuple(self.sources.states.values()))
        self._orders: Orders | None = None
        self._recorded: RoomConfiguration | None = None  # what the running pipeline was made from
        self._keeper: RunKeeper | None = None
        self._writer: SpoolWriter | None = None
        self._pipeline: RecordingPipeline | None = None
        self._room: DiskRoom | None = None
        self._attendants: tuple[Attendant, ...] = ()
        self._observer: Observer | None = None
        self._encoders = EncoderChoice()
        self.gate: Gate | None = None
        self._steering: Steering | None = None
        self._changing = threading.Lock()
        self._stopped = self._spool_lost = False

    def _recover(self) -> Iterator[str]:
        adopted = adopt_chain(self._spool, self.index, self.ledger, self._damaged_index)
        self.sessions = SessionBook(read_notes(self.index))
        report = recover(self._spool, self.index, self.ledger, self.sessions.at)
        missing = _missing(self.index, report)  # before this life's own note
        self._unaccounted = after_standby(self.ledger, missing, StandbyMark(self._spool).take())
        started = self.notes.write(NoteKind.RECORDER_STARTED, detail=f"{self._version} boot={boot_id()}")
        self.sessions.apply(started)
        if self._unaccounted is not None and self._unaccounted.cause is GapCause.ENCODER_FAILED:
            self.notes.write(NoteKind.HEALTH, detail=ENCODER_WELL)  # the thread that stood still ended with its process
        yield from {*adopted.problems, *report.problems}
        if report.set_aside:
            yield "segment-set-aside"

    @property
    def pipeline(self) -> RecordingPipeline | None:
        return self._pipeline

    @property
    def keeper(self) -> RunKeeper | None:
        return self._keeper

    @property
    def reports(self) -> tuple[Report, ...]:
        """What the attendants say for the status."""
        return tuple(self._observer.reports()) if self._observer else ()

    def watched_loops(self) -> list[Loop]:
        """The loops of all its threads, for the watchdog."""
        loops = self._pipeline.watched_loops() if self._pipeline else []
        if self._writer is not None and not self._spool_lost:
            loops.append(Loop("spool", id(self._writer), self._writer.loops, WAITS_FOR_DISK_NS))
        if self._observer is not None:
            loops.append(Loop("observer", id(self._observer), self._observer.loops, LOOKING_NS))
        return [] if self._stopped else loops

    def is_stuck(self, loop: Loop) -> None:
        """A source is opened anew, everything else ends the process; the chain is told why, if the disk answers."""
        if loop.name.startswith("capture-") and self._pipeline is not None:
            self._pipeline.replace_source(loop.name)
            return
        log.error("thread-stuck", loop=loop.name, still_s=loop.limit_ns // S, going_on="the process is started anew")
        if loop.name == "spool":
            self._spool_failed(TimeoutError("the spool stands still"))
            return
        if loop.name == "pipeline":
            note = threading.Thread(target=self.notes.write, args=(NoteKind.HEALTH,), kwargs={"detail": ENCODER_STUCK})
            note.daemon = True
            note.start()
            note.join(LAST_WORD_S)
        self._outlets.failed(TimeoutError(f"{loop.name} stands still"))

    @property
    def queued_90k(self) -> int:
        return self._writer.queued_90k if self._writer else 0

    @property
    def reserve_bytes(self) -> int:
        return self._room.limits.reserve_bytes if self._room else 0

    @property
    def change_waits(self) -> bool:
        """Orders are in force whose sources or picture are not recorded yet."""
        recorded, orders = self._recorded, self._orders
        return recorded is not None and orders is not None and not same_recording(recorded, orders.configuration)

    def record(self, orders: Orders) -> None:
        """Record as `orders` say. Only a change of what is recorded breaks the run; the break is in the chain.

        Whom it is sealed to and what the disk keeps change at once; a break waits for the end of an open session,
        unless a source is missing: then the change may be what mends it. Call again while `change_waits`.
        """
        with self._changing:
            if self._stopped:
                return
            if orders != self._orders:
                self.notes.write(NoteKind.CONFIGURED, detail=orders.detail)
                self._orders = orders
                self._decide()
            keeper, writer = self._prepare(orders)
            keeper.recipients = orders.sealing.texts
            if self._second is not None:
                self._second.writer.seal_to(orders.sealing.texts)
            if self._pipeline is not None:
                if not self.change_waits:
                    self._pipeline.arrange(orders.configuration)
                    self._recorded = orders.configuration
                    return
                if self.sessions.current is not None and self.sources.all_there:
                    return
                self._break_because(GapCause.FORMAT_CHANGED)
                if not self._pipeline.stop(CHANGE_PIPELINE_S):
                    raise TimeoutError("the pipeline does not end")  # another one beside it would mix two runs
                self._break_because(None)
            self._start_pipeline(orders.configuration, writer)

    def stop(self) -> None:
        """Everything sealed, signed and noted, in less than five seconds."""
        with self._changing:
            self._stopped = True
            if self._pipeline is not None:
                self._pipeline.stop(STOP_PIPELINE_S)
            if self._observer is not None:
                self._observer.stop()
            if self.gate is not None:
                self.gate.finish()
            if self._second is not None:
                self._second.stop(STOP_SPOOL_S)
            self.health.stop()
            self.notes.stop()
            written = self._writer.stop(STOP_SPOOL_S) if self._writer else True
            if written and not self._spool_lost:
                self.notes.write(NoteKind.RECORDER_STOPPED, detail=self._version)
                self.index.close()
            else:
                log.error("stop-unfinished", message="the disk did not take all in time; the next start recovers it")

    def cut(self) -> None:
        """A session opened or closed: a new segment at the next key frame, and its mark on the picture.

        Whatever was paused is kept again when this returns, where a session wants it.
        """
        self._decide()
        if self._pipeline is not None:
            current = self.sessions.current
            self._pipeline.cut(current.session[:6].upper() if current else None)

    def _decide(self) -> None:
        if self._steering is not None:
            self._steering.decide()

    def _break_because(self, cause: GapCause | None) -> None:
        if self.gate is not None:
            self.gate.break_cause = cause

    def want_key_frame(self) -> None:
        if self._pipeline is not None:
            self._pipeline.request_key_frame()

    def _prepare(self, orders: Orders) -> tuple[RunKeeper, SpoolWriter]:
        limits = limits_of(orders.configuration.spool)
        if self._room is None:
            expiring = Expiring(self._spool, self.index, self.ledger, self._clock)
            self._room = DiskRoom(self._spool, self.index, self._pinned.centre, limits, expiring)
        self._room.limits = limits
        if self._keeper is None or self._writer is None:
            parts = KeeperParts(
                spool=self._spool,
                ledger=self.ledger,
                room=self._room,
                session_at=self.sessions.at,
                clock=self._clock,
                recover=self._recover_in_life,
                want_key_frame=self.want_key_frame,
                before_entry=self.health.before_entry,
                standing_by=lambda: self.gate.cause if self.gate else None,
            )
            self._keeper = RunKeeper(parts, orders.sealing.texts, self._unaccounted)
            self._writer = SpoolWriter(self._keeper, self._outlets.run_started, self.sources.put, self._spool_failed)
            self._writer.start()
            self._second = self._start_second_copy(self._keeper, self._writer, self._room, orders)
        return self._keeper, self._writer

    def _start_pipeline(self, configuration: RoomConfiguration, writer: SpoolWriter) -> None:
        self.sources.states = {}
        sink: RecordingSink = writer if self._second is None else BothCopies(writer, self._second.writer)
        if self.gate is None or self._observer is None:
            self.gate = Gate(self.health.proven(sink), lambda: writer.queued_90k, PRE_ROLL_NS)
            self._steering = self._make_steering(self.gate, configuration)
            self._observer = self._start_observer(configuration, self._steering)
        self._decide()  # before the first fragment comes
        live = LiveGate(self.gate, self._outlets.picture, self._outlets.sound)
        pipeline = RecordingPipeline(
            configuration, self.gate, live.picture, live.sound, observe=self._observer.observe,
            clock_is_set=lambda: self._clock().synchronized is not False, encoders=self._encoders,
        )  # fmt: skip
        pipeline.start()
        self._pipeline, self._recorded = pipeline, configuration
        if self.sessions.current is not None:
            self.cut()

    def _make_steering(self, gate: Gate, first: RoomConfiguration) -> Steering:
        return Steering(
            gate,
            SteeringParts(
                configuration=lambda: self._orders.configuration if self._orders else first,
                sessions=Sessions(lambda: self.sessions.current is not None, lambda: self.sessions.last_closed),
                clock_state=self._clock,
                now=present,
                note_later=self.notes.write_later,
                opened=self.want_key_frame,
            ),
        )

    def _start_observer(self, first: RoomConfiguration, steering: Steering) -> Observer:
        surroundings = Surroundings(
            configuration=lambda: self._orders.configuration if self._orders else first,
            session=lambda: self.sessions.current,
            clock_state=self._clock,
            note_later=self.notes.write_later,
            head_number=lambda: self.ledger.head.number,
            newest_entries=lambda: ((row.number, peek_json(row.jws)) for row in self.index.newest_first()),
            disk=self._disk_figures,
            clock_bends=lambda: self._pipeline.clock_bends if self._pipeline else {},
            recorded=self.health,
            steering=steering,
        )
        self._attendants = make_attendants(surroundings) + ((self._second,) if self._second else ())
        observer = Observer(self._attendants, present)
        observer.start()
        return observer

    def _disk_figures(self) -> DiskFigures:
        figures = self.index.figures
        return DiskFigures(self._free_bytes(), self.reserve_bytes, figures.receipted_bytes, figures.sealed_bytes)

    def _start_second_copy(
        self, keeper: RunKeeper, writer: SpoolWriter, room: DiskRoom, orders: Orders
    ) -> SecondCopy | None:
        if self._mirror_directory is None:
            return None
        first = FirstCopy(
            spool=self._spool,
            index=self.index,
            ledger=self.ledger,
            session_at=self.sessions.at,
            run=lambda: keeper.run,
            settled=lambda: keeper.settled,
            well=lambda: not keeper.halted and writer.queued_90k < SPOOL_IS_BEHIND_90K,
            limits=lambda: room.limits,
        )
        device = self._pinned.device
        second = SecondCopy(self._mirror_directory, device, first, self._clock, orders.sealing.texts)
        second.start()
        return second

    def _spool_failed(self, error: BaseException) -> None:
        """Nothing on a disk that failed can be believed until it is read again, so the process ends and starts anew;
        while a second copy is being written, only once the first disk can be written again."""
        self._spool_lost = True
        if self._second is not None and self._second.is_well:
            log.error("spool-failed", exc_info=error)
            self._second.carry_on(again=lambda: self._outlets.failed(error))
        else:
            self._outlets.failed(error)

    def _recover_in_life(self) -> Moment | None:
        report = RecoveryReport()
        recover_segments(self._spool, self.index, self.ledger, self.sessions.at, report)
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
