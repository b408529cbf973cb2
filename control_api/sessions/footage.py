"""Which entries of a room's chain belong to a session: its own span and 30 s on both sides."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from control_api.archive.retention import MARGIN_NS
from control_api.database import Entry, RoomSession
from control_api.errors import NotFound


def get_session(session: Session, session_id: str) -> RoomSession:
    row = session.get(RoomSession, session_id)
    if row is None:
        raise NotFound
    return row


def session_span(row: RoomSession, now_ns: int) -> tuple[int, int]:
    """From and to; an open session lasts until now."""
    return row.opened_wall_ns - MARGIN_NS, now_ns if row.closed_wall_ns is None else row.closed_wall_ns + MARGIN_NS


def session_entries(session: Session, row: RoomSession, now_ns: int) -> list[Entry]:
    """Segments, gaps and notes that overlap the span, by time; of every device that the room has had."""
    start, end = session_span(row, now_ns)
    query = select(Entry).where(Entry.room_id == row.room_id, Entry.end_wall_ns >= start, Entry.start_wall_ns <= end)
    return list(session.scalars(query.order_by(Entry.start_wall_ns, Entry.number)))
