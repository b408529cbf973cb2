"""Holds 封存: footage of a session, or of every session of a case, that nothing deletes until it is released.

The row is what counts for everything that would delete; the archive's own legal hold is set beside it.
"""

from __future__ import annotations

import structlog
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from control_api.accounts.actor import Actor
from control_api.accounts.permissions import Permission
from control_api.archive.alarms import raise_alarm
from control_api.archive.retention import MARGIN_NS
from control_api.center import Center
from control_api.database import CaseTag, Entry, Hold, RoomSession, new_id
from control_api.errors import CenterError, NotFound
from control_api.records.write import add_record
from control_api.sessions.cases import check_case_id, check_reason, current_tag, is_current
from control_api.sessions.footage import get_session, session_entries
from storage.object_store import ObjectStoreError

log = structlog.get_logger()


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


def holds_of_session(session: Session, session_id: str) -> list[Hold]:
    """Holds on the session or on its case, released ones too, newest first."""
    tag = current_tag(session, session_id)
    wanted = [Hold.session_id == session_id]
    if tag is not None:
        wanted.append(Hold.case_id == tag.case_id)
    return list(session.scalars(select(Hold).where(or_(*wanted)).order_by(Hold.placed_wall_ns.desc())))


def session_held(session: Session, session_id: str) -> bool:
    return any(hold.released_wall_ns is None for hold in holds_of_session(session, session_id))


def is_held(session: Session, entry: Entry) -> bool:
    """Whether any session that this entry belongs to, margins included, is held."""
    query = select(RoomSession.id).where(
        RoomSession.room_id == entry.room_id,
        RoomSession.opened_wall_ns - MARGIN_NS <= entry.end_wall_ns,
        or_(RoomSession.closed_wall_ns.is_(None), RoomSession.closed_wall_ns + MARGIN_NS >= entry.start_wall_ns),
    )
    return any(session_held(session, session_id) for session_id in session.scalars(query))


def held_sessions(session: Session, hold: Hold) -> list[RoomSession]:
    """Every session that a hold speaks of now."""
    if hold.session_id is not None:
        return [session.get_one(RoomSession, hold.session_id)]
    query = select(RoomSession).join(CaseTag, CaseTag.session_id == RoomSession.id)
    return list(session.scalars(query.where(CaseTag.case_id == hold.case_id, is_current())).unique())


def hold_in_archive(center: Center, hold_id: str) -> int:
    """Set or lift the archive's own legal hold as the rows say; returns how many segments. A failure is an alarm: the
    row holds in any case, and nothing of ours deletes under it."""
    with center.database.reading() as session:
        hold = session.get_one(Hold, hold_id)
        entries = {
            entry.sha256: (entry, is_held(session, entry))
            for row in held_sessions(session, hold)
            for entry in session_entries(session, row, center.now_ns())
            if entry.kind == "segment" and entry.version_id is not None
        }
    try:
        for entry, held in entries.values():
            center.store.set_legal_hold(entry.object_key, entry.version_id or "", held)
    except ObjectStoreError as error:
        with center.database.writing() as session:
            raise_alarm(session, center.now_ns(), "hold-not-in-archive", detail=f"{error.code} {hold_id}")
        return 0
    log.info("hold-applied", hold=hold_id, segments=len(entries))
    return len(entries)


def _add_record(
    session: Session, center: Center, now_ns: int, kind: str, hold: Hold, actor: Actor, reason: str
) -> None:
    body = {"hold": hold.id, "session": hold.session_id, "case_id": hold.case_id, "reason": reason}
    add_record(session, center, now_ns, kind, {**body, "by": actor.account_id, "wall_ns": str(now_ns)})
