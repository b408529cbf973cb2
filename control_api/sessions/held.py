"""H1  A session that a hold has reached stays under it until somebody with the right releases that hold.

It is reached when the hold is placed, or when a tag makes the session one of the held case. Which case it belongs to
afterwards changes nothing: who may correct a case number must not be able to lift a hold by it.
"""

from __future__ import annotations

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from control_api.archive.retention import MARGIN_NS
from control_api.database import CaseTag, Entry, HeldSession, Hold, RoomSession
from control_api.sessions.footage import ends_wall_ns
from control_api.sessions.tags import current_tag, is_current


def bind_hold(session: Session, hold: Hold, now_ns: int) -> list[str]:
    """The sessions that the hold speaks of now, bound to it; those bound already too."""
    wanted = [hold.session_id] if hold.session_id is not None else _sessions_of(session, hold.case_id or "")
    for session_id in wanted:
        _bind(session, hold.id, session_id, now_ns)
    return wanted


def bind_session(session: Session, session_id: str, now_ns: int) -> None:
    """After a tag: bring the session under every standing hold on the case that it belongs to now."""
    tag = current_tag(session, session_id)
    if tag is None:
        return
    query = select(Hold.id).where(Hold.case_id == tag.case_id, Hold.released_wall_ns.is_(None))
    for hold_id in session.scalars(query).all():
        _bind(session, hold_id, session_id, now_ns)


def holds_of_session(session: Session, session_id: str) -> list[Hold]:
    """Holds that reached the session, released ones too, newest first."""
    query = select(Hold).join(HeldSession, HeldSession.hold_id == Hold.id).where(HeldSession.session_id == session_id)
    return list(session.scalars(query.order_by(Hold.placed_wall_ns.desc())))


def session_held(session: Session, session_id: str) -> bool:
    return any(hold.released_wall_ns is None for hold in holds_of_session(session, session_id))


def is_held(session: Session, entry: Entry) -> bool:
    """Whether any session that this entry belongs to, margins included, is held."""
    query = (
        select(RoomSession.id)
        .join(HeldSession, HeldSession.session_id == RoomSession.id)
        .join(Hold, Hold.id == HeldSession.hold_id)
        .where(
            Hold.released_wall_ns.is_(None),
            RoomSession.room_id == entry.room_id,
            or_(
                RoomSession.id == entry.session_id,
                (RoomSession.opened_wall_ns - MARGIN_NS <= entry.end_wall_ns)
                & (ends_wall_ns() + MARGIN_NS >= entry.start_wall_ns),
            ),
        )
    )
    return session.scalar(query.limit(1)) is not None


def _sessions_of(session: Session, case_id: str) -> list[str]:
    query = select(RoomSession.id).join(CaseTag, CaseTag.session_id == RoomSession.id)
    return list(session.scalars(query.where(CaseTag.case_id == case_id, is_current()).distinct()))


def _bind(session: Session, hold_id: str, session_id: str, now_ns: int) -> None:
    if session.get(HeldSession, (hold_id, session_id)) is None:
        session.add(HeldSession(hold_id=hold_id, session_id=session_id, bound_wall_ns=now_ns))
        session.flush()
