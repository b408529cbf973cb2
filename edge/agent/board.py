"""What the agent knows at this moment: the one place that the link, the console and the visitor's page read.

In memory only; each field is written by one duty. Decides nothing but how old is too old.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any, Literal

from edge.agent.spool_reader import Backlog
from edge.agent.trouble import RecorderSilent, Sentence, Trouble

Enrolment = Literal["unenrolled", "pending", "active", "revoked"]
STALE_NS = 5_000_000_000
MOST_PROBLEMS = 16


@dataclass(frozen=True, slots=True)
class Forecast:
    """`line_kbps`: the best rate lately, None while nothing was uploaded. `through_wall_ns`: when the backlog will be
    through, by the centre's clock; None: unknown, or (with a rate) not at this rate."""

    line_kbps: int | None = None
    through_wall_ns: int | None = None


@dataclass
class Board:
    version: str
    enrolment: Enrolment = "unenrolled"
    fingerprint: str = ""
    room_name: str = ""
    unit_name: str = ""
    recorder: dict[str, Any] = field(default_factory=dict)
    recorder_seen_mono_ns: int | None = None
    link_up: bool = False
    link_changed_wall_ns: int = field(default_factory=time.time_ns)
    centre_seen_mono_ns: int | None = None
    centre_clock_ahead_ns: int = 0
    centre_wall_minus_mono_ns: int | None = None  # by it the hour is known whatever this PC's clock says
    backlog: Backlog = field(default_factory=lambda: Backlog(0, 0, None))
    forecast: Forecast = Forecast()
    unsent_entries: int = 0
    waiting_tags: int = 0
    last_receipt_wall_ns: int | None = None
    viewers: list[dict[str, Any]] = field(default_factory=list)
    live_asked_mono_ns: int | None = None
    console: str = ""  # the page's address on this PC
    locked_officers: int = 0
    watchers: int = 0
    troubles: dict[str, Sentence] = field(default_factory=dict)

    def recorder_says(self, status: dict[str, Any]) -> None:
        self.recorder = status
        self.recorder_seen_mono_ns = time.monotonic_ns()

    def recorder_answers(self) -> bool:
        seen = self.recorder_seen_mono_ns
        return seen is not None and time.monotonic_ns() - seen < STALE_NS

    def link_is(self, up: bool) -> None:
        if up != self.link_up:
            self.link_up, self.link_changed_wall_ns = up, time.time_ns()

    def centre_answered(self) -> None:
        self.centre_seen_mono_ns = time.monotonic_ns()

    def centre_reachable(self) -> bool:
        """The link stands, or some call was answered within the last seconds."""
        seen = self.centre_seen_mono_ns
        return self.link_up or (seen is not None and time.monotonic_ns() - seen < 4 * STALE_NS)

    @property
    def centre_clock_known(self) -> bool:
        return self.centre_wall_minus_mono_ns is not None

    def centre_now_wall_ns(self) -> int:
        """The centre's clock now, as last heard and carried on; this PC's own before it was ever heard."""
        offset_ns = self.centre_wall_minus_mono_ns
        return time.time_ns() if offset_ns is None else offset_ns + time.monotonic_ns()

    def live_asked(self) -> None:
        self.live_asked_mono_ns = time.monotonic_ns()

    def trouble(self, duty: str, trouble: Trouble | None) -> None:
        if trouble is None:
            self.troubles.pop(duty, None)
        else:
            self.troubles[duty] = trouble.sentence()

    def recorder_state(self) -> str:
        """`recording`, … as the recorder says, or `unreachable`."""
        return str(self.recorder.get("state", "unreachable")) if self.recorder_answers() else "unreachable"

    def open_session(self) -> str | None:
        session = self.recorder.get("session")
        return session if isinstance(session, str) else None

    def problems(self) -> list[Sentence]:
        """Each trouble once, whatever number of duties met it."""
        return list({sentence["code"]: sentence for sentence in self.troubles.values()}.values())

    def link_status(self) -> dict[str, Any]:
        """The message that tells the centre how the room is."""
        status = self._recorder_status()
        problems = [*_objects(status.get("problems")), *self.problems()]
        return {
            "type": "status",
            **status,
            "problems": problems[:MOST_PROBLEMS],
            "viewers": [one["viewer"] for one in self.viewers if isinstance(one.get("viewer"), str)],
            "agent": self.agent_status(),
        }

    def _recorder_status(self) -> dict[str, Any]:
        if self.recorder_answers():
            return {name: value for name, value in self.recorder.items() if name not in {"ok", "type", "agent"}}
        return {
            "state": "stopped",
            "wall_ns": time.time_ns(),
            "run": None,
            "session": self.open_session(),
            "sources": [],
            "levels_dbfs": [],
            "problems": [RecorderSilent().sentence()],
        }

    def agent_status(self) -> dict[str, Any]:
        """Plain values only: the centre keeps no others."""
        return {
            "version": self.version,
            "link": "up" if self.link_up else "down",
            "link_since_wall_ns": self.link_changed_wall_ns,
            "backlog_segments": self.backlog.segments,
            "backlog_bytes": self.backlog.size_bytes,
            "oldest_backlog_wall_ns": self.backlog.oldest_wall_ns,
            "backlog_through_wall_ns": self.forecast.through_wall_ns,
            "line_kbps": self.forecast.line_kbps,
            "last_receipt_wall_ns": self.last_receipt_wall_ns,
            "unsent_entries": self.unsent_entries,
            "waiting_tags": self.waiting_tags,
            "clock_ahead_ns": -self.centre_clock_ahead_ns,
            "console": self.console,
            "locked_officers": self.locked_officers,
        }


def _objects(value: object) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
