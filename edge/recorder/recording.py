"""Records one pinned room: opens its spool, mends what a crash left, runs the pipeline as configured.

Owns the spool, the chain and the sessions of one life. Sockets and configuration files stand elsewhere.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

from config.room import RoomConfiguration
from edge.encode.encoder_choice import EncoderChoice
from edge.gate.gate import Gate
from edge.gate.live import LiveGate
from edge.gate.steering import Sessions, Steering, SteeringParts
from edge.pipeline.recording import RecordingPipeline
from edge.process.watchdog import Loop, S
from edge.recorder.attendant import Attendant, Report, Surroundings
from edge.recorder.attendants import make_attendants
from edge.recorder.configuration import Orders, same_recording
from edge.recorder.keeping import Feeding, Keeping
from edge.recorder.observer import Observer
from edge.recorder.room_health import RoomHealth
from edge.segment.sink import RunStart, SourceState
from edge.spool.moments import present
from edge.spool.timeline_state import ENCODER_STUCK
from storage.manifest import ClockState, GapCause, NoteKind
from storage.signing import peek_json
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

    def __init__(self, keeping: Keeping, outlets: Outlets, clock: Callable[[], ClockState]) -> None:
        self.keeping, self._outlets, self._clock = keeping, outlets, clock
        self.sources = SourceBoard()
        self.health = RoomHealth(keeping.notes, lambda: self._pipeline, lambda: tuple(self.sources.states.values()))
        self._orders: Orders | None = None
        self._recorded: RoomConfiguration | None = None  # what the running pipeline was made from
        self._pipeline: RecordingPipeline | None = None
        self._attendants: tuple[Attendant, ...] = ()
        self._observer: Observer | None = None
        self._encoders = EncoderChoice()
        self.gate: Gate | None = None
        self._steering: Steering | None = None
        self._changing = threading.Lock()
        self._stopped = False

    @property
    def pipeline(self) -> RecordingPipeline | None:
        return self._pipeline

    @property
    def reports(self) -> tuple[Report, ...]:
        """What the attendants say for the status."""
        return tuple(self._observer.reports()) if self._observer else ()

    def watched_loops(self) -> list[Loop]:
        """The loops of all its threads, for the watchdog."""
        loops = self._pipeline.watched_loops() if self._pipeline else []
        loops += self.keeping.watched_loops()
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
            self.keeping.failed(TimeoutError("the spool stands still"))
            return
        if loop.name == "pipeline":
            note = threading.Thread(
                target=self.keeping.notes.write, args=(NoteKind.HEALTH,), kwargs={"detail": ENCODER_STUCK}
            )
            note.daemon = True
            note.start()
            note.join(LAST_WORD_S)
        self._outlets.failed(TimeoutError(f"{loop.name} stands still"))

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
                self.keeping.notes.write(NoteKind.CONFIGURED, detail=orders.detail)
                self._orders = orders
                self._decide()
            self.keeping.begin(orders, self._feeding())
            self.keeping.change(orders)
            if self._pipeline is not None:
                if not self.change_waits:
                    self._pipeline.arrange(orders.configuration)
                    self._recorded = orders.configuration
                    return
                if self.keeping.sessions.current is not None and self.sources.all_there:
                    return
                self._break_because(GapCause.FORMAT_CHANGED)
                if not self._pipeline.stop(CHANGE_PIPELINE_S):
                    raise TimeoutError("the pipeline does not end")  # another one beside it would mix two runs
                self._break_because(None)
            self._start_pipeline(orders.configuration)

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
            self.health.stop()
            self.keeping.stop()

    def cut(self) -> None:
        """A session opened or closed: a new segment at the next key frame, and its mark on the picture.

        Whatever was paused is kept again when this returns, where a session wants it.
        """
        self._decide()
        if self._pipeline is not None:
            current = self.keeping.sessions.current
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

    def _feeding(self) -> Feeding:
        return Feeding(
            run_started=self._outlets.run_started,
            source_state=self.sources.put,
            want_key_frame=self.want_key_frame,
            before_entry=self.health.before_entry,
            standing_by=lambda: self.gate.cause if self.gate else None,
        )

    def _start_pipeline(self, configuration: RoomConfiguration) -> None:
        self.sources.states = {}
        if self.gate is None or self._observer is None:
            self.gate = Gate(self.health.proven(self.keeping.sink), lambda: self.keeping.queued_90k, PRE_ROLL_NS)
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
        if self.keeping.sessions.current is not None:
            self.cut()

    def _make_steering(self, gate: Gate, first: RoomConfiguration) -> Steering:
        return Steering(
            gate,
            SteeringParts(
                configuration=lambda: self._orders.configuration if self._orders else first,
                sessions=Sessions(
                    lambda: self.keeping.sessions.current is not None, lambda: self.keeping.sessions.last_closed
                ),
                clock_state=self._clock,
                now=present,
                note_later=self.keeping.notes.write_later,
                opened=self.want_key_frame,
            ),
        )

    def _start_observer(self, first: RoomConfiguration, steering: Steering) -> Observer:
        surroundings = Surroundings(
            configuration=lambda: self._orders.configuration if self._orders else first,
            session=lambda: self.keeping.sessions.current,
            clock_state=self._clock,
            note_later=self.keeping.notes.write_later,
            head_number=lambda: self.keeping.ledger.head.number,
            newest_entries=lambda: ((row.number, peek_json(row.jws)) for row in self.keeping.index.newest_first()),
            disk=lambda: self.keeping.disk_figures,
            clock_bends=lambda: self._pipeline.clock_bends if self._pipeline else {},
            recorded=self.health,
            steering=steering,
        )
        self._attendants = make_attendants(surroundings) + ((self.keeping.second,) if self.keeping.second else ())
        observer = Observer(self._attendants, present)
        observer.start()
        return observer
