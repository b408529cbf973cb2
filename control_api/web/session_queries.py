"""What the pages show of sessions. Reads only; each function is one page's need in few statements."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from config.process import CenterSettings
from control_api.accounts.actor import Actor
from control_api.database import Account, CaseTag, Finding, HeldSession, Hold, Room
from control_api.sessions.describe import SessionRow, describe_sessions
from control_api.sessions.search import SessionQuery, find_some, former_case_id

LIMIT = 200


def find_sessions(
    db: Session, actor: Actor, query: SessionQuery, settings: CenterSettings, limit: int = LIMIT
) -> list[SessionRow]:
    """What the search finds, as the pages show it. Raises NotAllowed."""
    rows = describe_sessions(db, find_some(db, actor, query, settings, limit))
    return [replace(row, former_case_id=former_case_id(query, settings, row.case_id)) for row in rows]


def names_of(db: Session, account_ids: Iterable[str | None]) -> dict[str, str]:
    """Account id to what people call the person: the officer's number comes first where there is one."""
    wanted = {account_id for account_id in account_ids if account_id}
    if not wanted:
        return {}
    query = select(Account.id, Account.display_name, Account.officer_number).where(Account.id.in_(wanted))
    return {row.id: f"{row.officer_number} {row.display_name}".removeprefix("None ") for row in db.execute(query)}


def tags_of(db: Session, session_id: str) -> list[dict[str, Any]]:
    """Every bound tag, the current one first."""
    query = select(CaseTag).where(CaseTag.session_id == session_id, CaseTag.bound_wall_ns.is_not(None))
    tags = db.scalars(query.order_by(CaseTag.made_wall_ns.desc())).all()
    people = names_of(db, [tag.officer_id for tag in tags])
    return [
        {"case_id": t.case_id, "person": people.get(t.officer_id), "made_ns": t.made_wall_ns, "reason": t.reason}
        for t in tags
    ]


def holds_of(db: Session, session_id: str) -> list[dict[str, Any]]:
    """Holds that reached the session; standing ones first."""
    query = select(Hold).join(HeldSession, HeldSession.hold_id == Hold.id).where(HeldSession.session_id == session_id)
    holds = db.scalars(query.order_by(Hold.released_wall_ns.is_not(None), Hold.placed_wall_ns.desc())).all()
    people = names_of(db, [person for hold in holds for person in (hold.placed_by, hold.released_by)])
    return [
        {
            "id": hold.id,
            "reason": hold.reason,
            "placed_ns": hold.placed_wall_ns,
            "placed_by": people.get(hold.placed_by, ""),
            "released_ns": hold.released_wall_ns,
            "released_by": people.get(hold.released_by or "", ""),
            "released_reason": hold.released_reason or "",
        }
        for hold in holds
    ]


def findings_of(db: Session, session_id: str) -> list[dict[str, Any]]:
    query = select(Finding).where(Finding.session_id == session_id).order_by(Finding.wall_ns)
    findings = db.scalars(query).all()
    people = names_of(db, [finding.author_id for finding in findings])
    return [
        {
            "id": finding.id,
            "wall_ns": finding.wall_ns,
            "text": finding.text,
            "marked": finding.marked,
            "author": people.get(finding.author_id, ""),
            "made_ns": finding.made_wall_ns,
        }
        for finding in findings
    ]


def room_options(db: Session) -> list[tuple[str, str]]:
    """Rooms for a list to choose from: id and full name."""
    rooms = db.scalars(select(Room).where(Room.disabled_wall_ns.is_(None))).unique().all()
    return sorted(((room.id, f"{room.unit.name} {room.name}") for room in rooms), key=lambda option: option[1])


def officer_options(db: Session) -> list[tuple[str, str]]:
    query = select(Account).where(Account.officer_number.is_not(None)).order_by(Account.officer_number)
    return [(one.id, f"{one.officer_number} {one.display_name}") for one in db.scalars(query).unique()]
