"""What the recorder says about itself: `RecorderStatus` of ARCHITECTURE.md. Pure: facts in, one object out."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from edge.recorder.attendant import Problem, Report
from edge.recorder.problems import describe
from edge.recorder.sessions import Session
from edge.segment.sink import SourceState
from edge.spool.figures import Backlog
from storage.manifest import ClockState, Moment

State = Literal["unenrolled", "unconfigured", "starting", "recording", "standby", "degraded", "stopped"]
LATE_NS = 5_000_000_000
SLOW_QUEUE_90K = 5 * 90_000
NO_BACKLOG = Backlog(0, 0, None, 0)
_DEGRADING = {"disk-full", "disk-slow", "footage-late", "standby-blind"}


@dataclass(frozen=True)
class Facts:
    """Everything the status is made of, read at one moment."""

    now: Moment
    pinned: bool
    configured: bool
    version: str
    run: str | None = None
    halted: bool = False
    settled: Moment | None = None
    queued_90k: int = 0
    segments_sealed: int = 0
    session: Session | None = None
    sources: tuple[SourceState, ...] = ()
    levels_dbfs: tuple[float, ...] = ()
    backlog: Backlog = NO_BACKLOG
    disk_free_bytes: int = 0
    clock_synchronized: bool | None = None
    clock: ClockState = field(default_factory=ClockState)
    encoder: str = ""
    frames: int = 0
    frames_lost: int = 0
    lasting_problems: tuple[str, ...] = field(default=())
    reports: tuple[Report, ...] = ()
    standby: bool = False  # nothing is kept now, as configured: nobody there, or outside opening hours
    keeping_since_mono_ns: int | None = None  # after a pause: since when footage has been kept again
    held_mono_ns: int | None = None  # in a pause: the newest footage that is held in memory


def problems_of(facts: Facts) -> list[Problem]:
    """What is wrong now, the gravest first."""
    found = [*_own_problems(facts), *(problem for report in facts.reports for problem in report.problems)]
    return sorted(found, key=lambda problem: not problem.degrading)  # as found otherwise


def _own_problems(facts: Facts) -> list[Problem]:
    """What the facts alone show."""
    codes = ["disk-full"] if facts.halted else []
    if _late_ns(facts) > LATE_NS and not facts.halted and not facts.standby:
        codes.append("footage-late")
    if facts.standby and facts.held_mono_ns is not None and facts.now.mono_ns - facts.held_mono_ns > LATE_NS:
        codes.append("standby-blind")
    if facts.queued_90k > SLOW_QUEUE_90K:
        codes.append("disk-slow")
    if facts.backlog.refused:
        codes.append("entries-refused")
    if facts.clock_synchronized is False:
        codes.append("clock-unsynchronised")
    return [Problem(code, degrading=code in _DEGRADING) for code in (*codes, *facts.lasting_problems)]


def _late_ns(facts: Facts) -> int:
    """How long footage has been missing on the disk; after a pause, from its end on."""
    known = [facts.settled.mono_ns] if facts.settled else []
    known += [facts.keeping_since_mono_ns] if facts.keeping_since_mono_ns is not None else []
    return facts.now.mono_ns - max(known) if known else 0


def state_of(facts: Facts, problems: list[Problem]) -> State:
    """One word for all of it. `recording` is said only once footage is on the disk."""
    if not facts.pinned:
        return "unenrolled"
    if not facts.configured:
        return "unconfigured"
    if facts.halted:
        return "stopped"
    if facts.settled is None and not facts.standby:
        return "starting"
    lost = any(source.state != "ok" for source in facts.sources)
    if lost or any(problem.degrading for problem in problems):
        return "degraded"
    return "standby" if facts.standby else "recording"


def describe_status(facts: Facts, since_wall_ns: int) -> dict[str, Any]:
    """The answer to `status`."""
    problems = problems_of(facts)
    session = facts.session
    status: dict[str, Any] = {
        "state": state_of(facts, problems),
        "recording": facts.settled is not None and not facts.halted and not facts.standby,
        "since_wall_ns": since_wall_ns,
        "wall_ns": facts.now.wall_ns,
        "run": facts.run,
        "session": session.session if session else None,
        "session_opened_wall_ns": session.opened_wall_ns if session else None,
        "sources": [asdict(source) for source in facts.sources],
        "levels_dbfs": list(facts.levels_dbfs),
        "segments_sealed": facts.segments_sealed,
        "backlog_segments": facts.backlog.segments,
        "backlog_bytes": facts.backlog.size_bytes,
        "oldest_backlog_wall_ns": facts.backlog.oldest_wall_ns,
        "disk_free_bytes": facts.disk_free_bytes,
        "disk_hours_left": None,
        "last_synced_wall_ns": facts.settled.wall_ns if facts.settled else None,
        "encoder": facts.encoder,
        "frames": facts.frames,
        "frames_lost": facts.frames_lost,
        "version": facts.version,
        "clock": facts.clock.model_dump(include={"source", "synchronized", "offset_ns", "uncertainty_ns"}),
        "problems": [_described(problem) for problem in problems],
        "fault": None,
    }
    for report in facts.reports:
        status |= report.fields
    return status


def _described(problem: Problem) -> dict[str, Any]:
    beside = {"source": problem.source, "since_wall_ns": problem.since_wall_ns, "degrading": problem.degrading}
    return {**describe(problem.code, problem.source, problem.figure), **beside}
