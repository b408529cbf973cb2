"""The health of one recording: what is wrong since when, what the chain says of it, what the officer has to decide.

Owns the board, the faults and the prover; the watch that looks at pictures and sound is an attendant. `look` is called
about once a second with the whole status, so that every trouble passes here, whoever found it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import structlog

from edge.health.board import ROOM, HealthBoard, Trouble
from edge.health.decode_proof import Prover
from edge.health.fault import Choice, Failing, Fault, FaultDesk, Reason, decision
from edge.health.frames import Counters
from edge.health.proven_sink import ProvenSink
from edge.pipeline.recording import RecordingPipeline
from edge.recorder.notes import Notes
from edge.recorder.refusal import Refusal
from edge.segment.sink import RecordingSink, SourceState
from edge.spool.moments import present
from storage.manifest import Moment, NoteKind, NoteManifest, SourceName

log = structlog.get_logger("recorder")
SIGNER_WAITS_S = 1.0  # for the proof of the segment that it signs; it signs in any case
RENEW_NS = 60_000_000_000  # between two encoders for the same trouble
UNDECODABLE: Trouble = ("footage-undecodable", ROOM)
_STOPPING_CODES = frozenset({"disk-full"})  # recording stands still with them, whatever they count for otherwise


class RoomHealth:
    """`look` from one thread, `decide` and `completed` from any."""

    def __init__(
        self,
        notes: Notes,
        pipeline: Callable[[], RecordingPipeline | None],
        sources: Callable[[], Sequence[SourceState]],
    ) -> None:
        self._notes, self._pipeline, self._states = notes, pipeline, sources
        self._board = HealthBoard()
        self._faults = FaultDesk()
        self._lock = threading.RLock()
        self._standing: frozenset[Trouble] = frozenset()
        self._renew_after_ns = 0
        self._prover = Prover(self._undecodable)
        self._prover.start()

    def proven(self, sink: RecordingSink) -> RecordingSink:
        """`sink`, with the beginning of each segment decoded on its way there."""
        return ProvenSink(sink, self._prover.offer)

    def before_entry(self, run: str, start_pts_90k: int) -> None:
        """Whoever signs a segment waits here for its proof, a moment at most. A failed one is in the chain by then."""
        self._prover.await_result(run, start_pts_90k, SIGNER_WAITS_S)

    def stop(self) -> None:
        self._prover.stop()

    # What the watch asks.

    @property
    def counters(self) -> Counters | None:
        pipeline = self._pipeline()
        if pipeline is None:
            return None
        return Counters(id(pipeline), pipeline.frames, pipeline.frames_lost, pipeline.frames_refused)

    @property
    def lost_sources(self) -> frozenset[SourceName]:
        return frozenset(one.name for one in self._states() if one.state != "ok")

    @property
    def undecodable(self) -> bool:
        return self._prover.failing is not None

    @property
    def unproved_since_mono_ns(self) -> int | None:
        return self._prover.waiting_since_mono_ns

    # What is said.

    def look(self, status: dict[str, Any], now: Moment) -> None:
        """Notes for what changed, and how long each fault lasts."""
        failing = failing_in(status)
        with self._lock:
            standing = troubles_in(status) | ({UNDECODABLE} if self.undecodable else set())
            self._standing = frozenset(standing)
            words = self._board.tell(standing, now)
            self._faults.tell(failing, now)
        for word in words:
            self._notes.write_later(NoteKind.HEALTH, session=status.get("session"), detail=word)

    def completed(self, status: dict[str, Any]) -> dict[str, Any]:
        """The status with the time since which each problem stands, and the fault that waits for the officer."""
        with self._lock:
            since = self._board.since
            fault = self._faults.waiting(status.get("session"))
        for problem in status["problems"]:
            if problem["since_wall_ns"] is None:
                problem["since_wall_ns"] = since.get((problem["code"], problem["source"] or ROOM))
        status["fault"] = {"code": fault.code, "since_wall_ns": fault.since_wall_ns} if fault else None
        return status

    def decide(self, session: str, choice: Choice, reason: Reason, officer: str, signed_in: str) -> NoteManifest:
        """Sign what the officer chose. Raises Refusal, with nothing changed, or OSError."""
        with self._lock:
            fault = self._faults.waiting(session)
            if fault is None:
                raise Refusal(
                    "no-fault",
                    "故障已经恢复或已作过选择，未作改动；请看页面上的最新状态。",
                    "The fault is over or was decided already, nothing was changed; see the page as it is now.",
                )
            note = self._write_decision(session, choice, fault, reason, officer, signed_in)
            self._faults.decide(session, fault)
        return note

    def _write_decision(
        self, session: str, choice: Choice, fault: Fault, reason: Reason, officer: str, signed_in: str
    ) -> NoteManifest:
        return self._notes.write(
            NoteKind.FAULT_DECISION,
            session=session,
            officer=officer,
            signed_in=signed_in,
            detail=decision(choice, fault, reason),
        )

    def _undecodable(self) -> None:
        """From the prover's thread: in the chain before the segment is; then another encoder, but not all the time."""
        log.error("footage-undecodable", reason=self._prover.failing, going_on="it is kept, with another encoder")
        with self._lock:
            words = self._board.tell(self._standing | {UNDECODABLE}, present())
        try:
            for word in words:
                self._notes.write(NoteKind.HEALTH, detail=word)
        except OSError as error:  # the spool's own thread meets the same disk and decides what follows
            log.error("note-lost", detail="footage-undecodable", errno=error.errno)
        pipeline, now_ns = self._pipeline(), time.monotonic_ns()
        if pipeline is not None and now_ns >= self._renew_after_ns:
            self._renew_after_ns = now_ns + RENEW_NS
            pipeline.renew()


def troubles_in(status: dict[str, Any]) -> set[Trouble]:
    """Everything that is wrong, by code and source."""
    lost = {(one["code"] or "source-lost", one["name"]) for one in status["sources"] if one["state"] != "ok"}
    return lost | {(one["code"], one["source"] or ROOM) for one in status["problems"]}


def failing_in(status: dict[str, Any]) -> list[Failing]:
    """What makes the recording less than whole, the gravest first: it stands still, a source is gone, the rest."""
    problems = [one for one in status["problems"] if one["degrading"] or one["code"] in _STOPPING_CODES]
    stopping = [Failing(one["code"], one["code"]) for one in problems if one["code"] in _STOPPING_CODES]
    lost = [Failing(one["name"], one["code"]) for one in status["sources"] if one["state"] != "ok"]
    rest = [Failing(f"{one['code']} {one['source'] or ROOM}", one["code"]) for one in problems]
    return [*stopping, *lost, *(one for one in rest if one.code not in _STOPPING_CODES)]
