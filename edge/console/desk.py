"""What every request of the console needs: who is here, what the room looks like, in which language.

Built once per process. Renders and answers nothing by itself.
"""

from __future__ import annotations

import secrets
import sqlite3
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.requests import Request

from config.opening_hours import OpeningHours
from config.room import DEFAULT_TIMEZONE
from edge.agent.board import Board
from edge.agent.outbox import Outbox
from edge.agent.recorder_client import Recorder
from edge.agent.room_record import RoomRecord
from edge.agent.trouble import Trouble
from edge.console.session_record import RoomSession, SessionRecord
from edge.console.sessions import Acting, Sessions
from edge.console.sign_in import SignIn
from edge.console.view import FAULT_REASONS, fault, levels, notices, recording_state, sources
from edge.console.visitors import visitors_word
from edge.console.web_sessions import WebSession, WebSessions
from pages.assets import Assets
from pages.environment import Pages
from pages.form_safety import form_token
from storage.errors import StorageError

HERE = Path(__file__).parent
ENGLISH = HERE / "translations" / "en.po"
COOKIE = "shilu_console"
UNTAGGED_FOR_NS = 48 * 3600 * 1_000_000_000


@dataclass(frozen=True)
class ConsoleParts:
    """What the agent lends to its console. `watch` is called when somebody looks at the meters."""

    board: Board
    recorder: Recorder
    record: RoomRecord
    outbox: Outbox
    database: sqlite3.Connection
    enrol: Callable[[str], Awaitable[None]]
    tag_kept: Callable[[], None]
    watch: Callable[[], None]
    demo: bool


class Desk:
    def __init__(self, parts: ConsoleParts) -> None:
        self.board, self.recorder, self.record = parts.board, parts.recorder, parts.record
        self.enrol, self.watch, self.demo = parts.enrol, parts.watch, parts.demo
        self.web = WebSessions()
        self.sign_in = SignIn(parts.record, parts.database)
        self.room_sessions = SessionRecord(parts.database)
        self.sessions = Sessions(parts.recorder, parts.record, parts.outbox, self.room_sessions, parts.tag_kept)
        self.assets = Assets(HERE / "static")
        self._pages: dict[str, Pages] = {}
        self._secret = secrets.token_bytes(32)

    def pages(self) -> Pages:
        """In the county's time zone, as the signed configuration names it."""
        zone = self._timezone()
        if zone not in self._pages:
            self._pages[zone] = Pages([HERE / "templates"], [ENGLISH], self.assets, zone)
        return self._pages[zone]

    def _timezone(self) -> str:
        try:
            configuration = self.record.configuration()
        except StorageError:
            return DEFAULT_TIMEZONE
        return str((configuration or {}).get("timezone", DEFAULT_TIMEZONE))

    def _opens_wall_ns(self, now_wall_ns: int) -> int | None:
        """When the room opens next, as its signed configuration says."""
        with suppress(StorageError, ValueError):
            settings = ((self.record.configuration() or {}).get("recording") or {}).get("hours") or {}
            return OpeningHours.model_validate(settings).next_opening(now_wall_ns, self._timezone())
        return None

    def web_session(self, request: Request) -> WebSession | None:
        stay = self.board.open_session() is not None
        return self.web.find(request.cookies.get(COOKIE), time.monotonic_ns(), stay=stay)

    def form_token(self, web_session: WebSession) -> str:
        return form_token(self._secret, web_session.token)

    @property
    def secret(self) -> bytes:
        return self._secret

    def page_name(self, web_session: WebSession | None) -> str:
        """Which screen belongs to this browser now."""
        if self.board.enrolment in {"unenrolled", "pending"}:
            return self.board.enrolment
        return "room" if web_session is not None and web_session.officer is not None else "sign_in"

    def acting(self, web_session: WebSession) -> Acting | None:
        """The officer with the rights of now: one locked or removed at the centre is out at once."""
        if web_session.officer is None:
            return None
        officer = self.record.officer_by_id(web_session.officer.id)
        if officer is None or officer.locked:
            self.web.end(web_session.token)
            return None
        return Acting(officer, web_session.signed_in)

    async def look_again(self) -> None:
        """Ask the recorder at once, so that who just opened or closed a session sees it on the next page."""
        # a recorder that fell silent here is told of by the next regular look
        with suppress(Trouble):
            self.board.recorder_says(await self.recorder.status())

    def open_session(self) -> RoomSession | None:
        session = self.board.open_session()
        return self.room_sessions.find(session) if session else None

    def facts(self, web_session: WebSession | None) -> dict[str, Any]:
        """Everything the templates and the JSON of /api/status are made of."""
        board, now_wall_ns = self.board, time.time_ns()
        standby_cause = board.recorder.get("standby_cause") if board.recorder_answers() else None
        state = recording_state(board.recorder_state(), standby_cause)
        session = self.open_session()
        opener = self.record.officer_by_id(session.officer) if session else None
        untagged = self.room_sessions.untagged(now_wall_ns - UNTAGGED_FOR_NS)
        return {
            "demo": self.demo,
            "now_wall_ns": now_wall_ns,
            "timezone": self._timezone(),
            "enrolment": board.enrolment,
            "fingerprint": board.fingerprint,
            "unit_name": board.unit_name,
            "room_name": board.room_name,
            "state_name": board.recorder_state(),
            "state": state,
            "visitors": visitors_word(state, board.recorder if board.recorder_answers() else {}),
            "standby_cause": standby_cause,
            "opens_wall_ns": self._opens_wall_ns(now_wall_ns) if standby_cause == "outside-hours" else None,
            "session": session,
            "opener": opener,
            "untagged": untagged if web_session and web_session.officer else [],
            "fault": fault(board.recorder) if board.recorder_answers() else None,
            "fault_reasons": FAULT_REASONS,
            "officer": web_session.officer if web_session else None,
            "signed_in": web_session.signed_in if web_session else None,
            "sources": sources(board.recorder) if board.recorder_answers() else [],
            "levels": levels(board.recorder) if board.recorder_answers() else [],
            "notices": notices(board.recorder, board.problems(), board.centre_clock_ahead_ns),
            "backlog": board.backlog,
            "forecast": board.forecast,
            "waiting_tags": board.waiting_tags,
            "last_receipt_wall_ns": board.last_receipt_wall_ns,
            "centre_reachable": board.centre_reachable(),
            "centre_since_wall_ns": board.link_changed_wall_ns,
            "viewers": board.viewers,
        }
