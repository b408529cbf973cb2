"""Holds 封存: footage of a session, or of every session of a case, that nothing deletes until it is released.

The row is what counts for everything that would delete; the archive's own legal hold is set beside it. Which sessions
a hold reaches stands in `held`.
"""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from control_api.accounts.actor import Actor
from control_api.accounts.permissions import Permission
from control_api.center import Center
from control_api.database import HeldSession, Hold, new_id
from control_api.errors import CenterError, NotFound
from control_api.records.write import add_record
from control_api.sessions.cases import check_case_id, check_reason
from control_api.sessions.footage import get_session
from control_api.sessions.held import bind_hold


def place_hold(
    session: Session,
    center: Center,
    actor: Actor,
    now_ns: int,
    *,
    reason: str,
    session_id: str | None = None,
    case_id: str | None = None,
) -> Hold:
    """On one session or one case. Call `hold_in_archive` after the commit. Raises CenterError, NotFound."""
    actor.check(Permission.HOLD)
    if (session_id is None) == (case_id is None):
        raise CenterError("no-target", "请选择封存场次或信访件。", "Hold either a session or a case.", status=422)
    if session_id is not None:
        get_session(session, session_id)
    hold = Hold(
        id=new_id(),
        session_id=session_id,
        case_id=check_case_id(case_id, center.settings.case_pattern) if case_id is not None else None,
        reason=check_reason(reason),
        placed_wall_ns=now_ns,
        placed_by=actor.account_id,
    )
    session.add(hold)
    _add_record(session, center, now_ns, "holds", hold, actor, hold.reason)
    session.flush()
    bind_hold(session, hold, now_ns)
    center.hurry()
    return hold


def release_hold(session: Session, center: Center, actor: Actor, now_ns: int, hold_id: str, reason: str) -> Hold:
    """Call `hold_in_archive` after the commit. Raises CenterError `released-already`."""
    actor.check(Permission.HOLD)
    hold = session.get(Hold, hold_id)
    if hold is None:
        raise NotFound
    if hold.released_wall_ns is not None:
        raise CenterError("released-already", "该封存已解除。", "This hold was released already.", status=409)
    hold.released_wall_ns = now_ns
    hold.released_by = actor.account_id
    hold.released_reason = check_reason(reason)
    _add_record(session, center, now_ns, "releases", hold, actor, hold.released_reason)
    session.flush()
    center.hurry()
    return hold


def bind_cases(center: Center, limit: int) -> int:
    """The keeper's part of H1: sessions that a case hold ought to have reached (placed beside a tag, or before this
    rule), and a record of what each hold reached."""
    now_ns = center.now_ns()
    with center.database.writing() as session:
        standing = select(Hold).where(Hold.case_id.is_not(None), Hold.released_wall_ns.is_(None))
        for hold in session.scalars(standing).all():
            bind_hold(session, hold, now_ns)
        new = session.scalars(select(HeldSession).where(HeldSession.recorded.is_(False)).limit(limit)).all()
        for row in new:
            body = {"hold": row.hold_id, "session": row.session_id, "wall_ns": str(row.bound_wall_ns)}
            add_record(session, center, now_ns, "held-sessions", body)
            row.recorded = True
    return len(new)


def _add_record(
    session: Session, center: Center, now_ns: int, kind: str, hold: Hold, actor: Actor, reason: str
) -> None:
    body = {"hold": hold.id, "session": hold.session_id, "case_id": hold.case_id, "reason": reason}
    add_record(session, center, now_ns, kind, {**body, "by": actor.account_id, "wall_ns": str(now_ns)})
