"""Finding sessions by case, room, unit, officer or day. Searches leave no case ID in an address or a log."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from config.process import CenterSettings
from control_api.accounts.actor import Actor
from control_api.accounts.permissions import Permission
from control_api.database import CaseTag, Room, RoomSession
from control_api.sessions.cases import check_case_id
from control_api.sessions.describe import SessionRow, describe_sessions

PAGE_ROWS = 50


@dataclass(frozen=True, slots=True)
class SessionQuery:
    """What is left out is not asked for. A case ID finds sessions that bear it now or bore it before a correction.
    `untagged`: 待补编号 only. `span_ns`: the end not included. `page` from 1."""

    case_id: str | None = None
    room_id: str | None = None
    unit_id: str | None = None
    officer_id: str | None = None
    span_ns: tuple[int, int] | None = None
    untagged: bool = False
    page: int = 1


@dataclass(frozen=True, slots=True)
class SessionPage:
    rows: list[SessionRow]
    total: int
    page: int

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // PAGE_ROWS))


def find_sessions(session: Session, actor: Actor, query: SessionQuery, settings: CenterSettings) -> SessionPage:
    """Rows for the API. Raises as `find_some`."""
    page = max(1, query.page)
    found = find_some(session, actor, query, settings, PAGE_ROWS, (page - 1) * PAGE_ROWS)
    total = session.scalar(select(func.count()).select_from(_filtered(query, settings).subquery())) or 0
    rows = describe_sessions(session, found)
    told = [replace(row, former_case_id=former_case_id(query, settings, row.case_id)) for row in rows]
    return SessionPage(told, total, page)


def former_case_id(query: SessionQuery, settings: CenterSettings, case_id: str | None) -> str | None:
    """The ID that was asked for, where a correction has replaced it with `case_id`."""
    wanted = check_case_id(query.case_id, settings.case_pattern) if query.case_id else None
    return wanted if wanted != case_id else None


def find_some(
    session: Session, actor: Actor, query: SessionQuery, settings: CenterSettings, limit: int, offset: int = 0
) -> list[RoomSession]:
    """Newest first: what the API and the pages both find by. Raises NotAllowed, CenterError for no possible case ID."""
    actor.check(Permission.FIND_SESSIONS)
    ordered = _filtered(query, settings).order_by(RoomSession.opened_wall_ns.desc())
    return list(session.scalars(ordered.limit(limit).offset(offset)).unique())


def day_span(day: date, timezone: str) -> tuple[int, int]:
    """The county's day in UTC nanoseconds: from (inside) and to (outside)."""
    zone = ZoneInfo(timezone)
    start = datetime.combine(day, time(), zone)
    end = datetime.combine(day + timedelta(days=1), time(), zone)
    return int(start.timestamp()) * 10**9, int(end.timestamp()) * 10**9


def _filtered(query: SessionQuery, settings: CenterSettings) -> Select[RoomSession]:
    wanted = select(RoomSession)
    if query.case_id:
        case_id = check_case_id(query.case_id, settings.case_pattern)
        of_case = select(CaseTag.session_id).where(CaseTag.case_id == case_id, CaseTag.bound_wall_ns.is_not(None))
        wanted = wanted.where(RoomSession.id.in_(of_case))
    if query.untagged:
        tagged = select(CaseTag.session_id).where(CaseTag.bound_wall_ns.is_not(None))
        wanted = wanted.where(RoomSession.id.not_in(tagged))
    if query.room_id:
        wanted = wanted.where(RoomSession.room_id == query.room_id)
    if query.unit_id:
        wanted = wanted.where(RoomSession.room_id.in_(select(Room.id).where(Room.unit_id == query.unit_id)))
    if query.officer_id:
        wanted = wanted.where(RoomSession.officer_id == query.officer_id)
    if query.span_ns is not None:
        start, end = query.span_ns
        last = func.coalesce(RoomSession.closed_wall_ns, RoomSession.opened_wall_ns)
        wanted = wanted.where(RoomSession.opened_wall_ns < end, last >= start)
    return wanted
