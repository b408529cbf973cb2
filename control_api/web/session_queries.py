"""What the pages show of sessions. Reads only; each function is one page's need in few statements."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from config.process import CenterSettings
from control_api.accounts.actor import Actor
from control_api.database import Account, CaseTag, Entry, Finding, HeldSession, Hold, Room, RoomSession
from control_api.sessions.footage import ends_wall_ns, is_over
from control_api.sessions.search import SessionQuery, find_some, former_case_id
from control_api.sessions.tags import is_current

LIMIT = 200


@dataclass(frozen=True, slots=True)
class SessionRow:
    """`waiting` and `archived` count segments; `case_id` is the current one. `ends_ns`: when it was closed, or the end
    of its last footage; `close_unknown`: it is over, and no signed note says when."""

    id: str
    opened_ns: int
    closed_ns: int | None
    ends_ns: int
    close_unknown: bool
    room_id: str
    room: str
    unit: str
    case_id: str | None
    officer: str | None
    signed_in: str | None
    held: bool
    waiting: int
    archived: int
    refused: int
    kept_until_ns: int | None
    former_case_id: str | None = None  # what it was found by, where a correction has replaced that


def find_sessions(
    db: Session, actor: Actor, query: SessionQuery, settings: CenterSettings, limit: int = LIMIT
) -> list[SessionRow]:
    """What the search finds, as the pages show it. Raises NotAllowed."""
    rows = describe_sessions(db, find_some(db, actor, query, settings, limit))
    return [replace(row, former_case_id=former_case_id(query, settings, row.case_id)) for row in rows]


def describe_sessions(db: Session, sessions: Sequence[RoomSession]) -> list[SessionRow]:
    """Rows for people out of rows of the table, with a fixed number of statements."""
    ids = [session.id for session in sessions]
    tags = current_tags(db, ids)
    officers = names_of(db, [session.officer_id for session in sessions])
    segments = _segments(db, ids)
    held = _held(db, ids)
    ends = {session_id: (ends_ns, over) for session_id, ends_ns, over in db.execute(_ends(ids))}
    rows = []
    for session in sessions:
        tag, figures = tags.get(session.id), segments[session.id]
        rows.append(
            SessionRow(
                id=session.id,
                opened_ns=session.opened_wall_ns,
                closed_ns=session.closed_wall_ns,
                ends_ns=ends[session.id][0],
                close_unknown=session.closed_wall_ns is None and ends[session.id][1],
                room_id=session.room_id,
                room=session.room.name,
                unit=session.room.unit.name,
                case_id=tag.case_id if tag else None,
                officer=officers.get(session.officer_id or ""),
                signed_in=session.signed_in,
                held=session.id in held,
                waiting=figures.get("waiting", 0),
                archived=figures.get("receipted", 0),
                refused=figures.get("refused", 0),
                kept_until_ns=figures.get("until"),
            )
        )
    return rows


def current_tags(db: Session, session_ids: Sequence[str]) -> dict[str, CaseTag]:
    """The tag of each session that counts."""
    query = select(CaseTag).where(CaseTag.session_id.in_(session_ids), is_current())
    return {tag.session_id: tag for tag in db.scalars(query.order_by(CaseTag.made_wall_ns))}


def names_of(db: Session, account_ids: Iterable[str | None]) -> dict[str, str]:
    """Account id to what people call the person: the officer's number comes first where there is one."""
    wanted = {account_id for account_id in account_ids if account_id}
    if not wanted:
        return {}
    query = select(Account.id, Account.display_name, Account.officer_number).where(Account.id.in_(wanted))
    return {row.id: f"{row.officer_number} {row.display_name}".removeprefix("None ") for row in db.execute(query)}


def _segments(db: Session, session_ids: Sequence[str]) -> defaultdict[str, dict[str, Any]]:
    figures: defaultdict[str, dict[str, Any]] = defaultdict(dict)
    query = (
        select(Entry.session_id, Entry.state, func.count(), func.max(Entry.retain_until_wall_ns))
        .where(Entry.session_id.in_(session_ids), Entry.kind == "segment")
        .group_by(Entry.session_id, Entry.state)
    )
    for session_id, state, number, until in db.execute(query):
        assert session_id is not None  # noqa: S101 - asked for by id
        figures[session_id][state] = number
        figures[session_id]["until"] = max(until or 0, figures[session_id].get("until") or 0) or None
    return figures


def _held(db: Session, session_ids: Sequence[str]) -> set[str]:
    """Those under a standing hold."""
    query = select(HeldSession.session_id).join(Hold, Hold.id == HeldSession.hold_id)
    return set(db.scalars(query.where(HeldSession.session_id.in_(session_ids), Hold.released_wall_ns.is_(None))))


def _ends(session_ids: Sequence[str]) -> Select[str, int, bool]:
    return select(RoomSession.id, ends_wall_ns(), is_over()).where(RoomSession.id.in_(session_ids))


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
