"""Which entries of a room's chain belong to a session: its own span and 30 s on both sides."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session, aliased

from control_api.archive.retention import MARGIN_NS
from control_api.database import Device, Entry, RoomSession
from control_api.errors import NotFound


def get_session(session: Session, session_id: str) -> RoomSession:
    row = session.get(RoomSession, session_id)
    if row is None:
        raise NotFound
    return row


def ends_wall_ns() -> ColumnElement[int]:
    """When a session ended, for queries on sessions. One that no note closed ends with the last footage or gap that
    says itself that it belongs to it: a dead PC must not let its session swallow the room for ever."""
    named = aliased(Entry)
    last = (
        select(func.max(named.end_wall_ns))
        .where(named.session_id == RoomSession.id, named.room_id == RoomSession.room_id, named.kind != "note")
        .correlate(RoomSession)
        .scalar_subquery()
    )
    return func.coalesce(RoomSession.closed_wall_ns, last, RoomSession.opened_wall_ns)


def is_over() -> ColumnElement[bool]:
    """For queries on sessions: closed by a note; or its device has ended, or a later session began in the room."""
    later = aliased(RoomSession)
    followed = select(later.id).where(
        later.room_id == RoomSession.room_id, later.opened_wall_ns > RoomSession.opened_wall_ns
    )
    works = select(Device.id).where(Device.id == RoomSession.device_id, Device.state == "active")
    unclosed = followed.correlate(RoomSession).exists() | ~works.correlate(RoomSession).exists()
    return RoomSession.closed_wall_ns.is_not(None) | unclosed


def session_span(session: Session, row: RoomSession) -> tuple[int, int]:
    """From and to, margins included."""
    ends_ns = session.scalars(select(ends_wall_ns()).where(RoomSession.id == row.id)).one()
    return row.opened_wall_ns - MARGIN_NS, max(ends_ns, row.opened_wall_ns) + MARGIN_NS


@dataclass(frozen=True, slots=True)
class Stretch:
    """Some of a room's time. `inside_ns`: what should all be there, a session's own span without its margins."""

    room_id: str
    span_ns: tuple[int, int]
    inside_ns: tuple[int, int] | None = None


def session_stretch(session: Session, row: RoomSession) -> Stretch:
    start, end = session_span(session, row)
    return Stretch(row.room_id, (start, end), (start + MARGIN_NS, end - MARGIN_NS))


def entries_in(session: Session, stretch: Stretch) -> list[Entry]:
    """Segments, gaps and notes that overlap it, by time; of every device that the room has had."""
    start, end = stretch.span_ns
    query = select(Entry).where(
        Entry.room_id == stretch.room_id, Entry.end_wall_ns >= start, Entry.start_wall_ns <= end
    )
    return list(session.scalars(query.order_by(Entry.start_wall_ns, Entry.number)))


def session_entries(session: Session, row: RoomSession) -> list[Entry]:
    return entries_in(session, session_stretch(session, row))


def behind_refused(session: Session, row: RoomSession) -> list[Entry]:
    """Where the chain of this session is not whole: what stood before these entries was refused (C3)."""
    return [entry for entry in session_entries(session, row) if entry.behind_refused]
