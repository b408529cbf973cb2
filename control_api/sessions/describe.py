"""Sessions as people read them, out of rows of the table: what the pages and the API both show. Reads only."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from control_api.archive.settling import awaited
from control_api.database import Account, CaseTag, Entry, HeldSession, Hold, RoomSession
from control_api.sessions.footage import ends_wall_ns, is_over
from control_api.sessions.tags import is_current


@dataclass(frozen=True, slots=True)
class SessionRow:
    """`waiting` and `archived` count segments, those not that nobody awaits any more; `case_id` is the current one.
    `ends_ns`: when it was closed, or the end of its last footage; `close_unknown`: it is over, and no signed note says
    when. `signed_opened_ns`: what the room's clock said, where a signed correction dates it otherwise."""

    id: str
    opened_ns: int
    closed_ns: int | None
    ends_ns: int
    close_unknown: bool
    signed_opened_ns: int | None
    signed_closed_ns: int | None
    room_id: str
    room: str
    unit: str
    case_id: str | None
    officer_name: str | None
    officer_number: str | None
    signed_in: str | None
    held: bool
    waiting: int
    archived: int
    refused: int
    kept_until_ns: int | None
    former_case_id: str | None = None  # what it was found by, where a correction has replaced that

    @property
    def officer(self) -> str | None:
        """What people call the officer: the number comes first where there is one."""
        return " ".join(part for part in (self.officer_number, self.officer_name) if part) or None


def describe_sessions(db: Session, sessions: Sequence[RoomSession]) -> list[SessionRow]:
    """Rows for people out of rows of the table, with a fixed number of statements."""
    ids = [session.id for session in sessions]
    tags = current_tags(db, ids)
    officers = _officers(db, sessions)
    segments = _segments(db, ids)
    held = _held(db, ids)
    ends = {session_id: (ends_ns, over) for session_id, ends_ns, over in db.execute(_ends(ids))}
    rows = []
    for session in sessions:
        tag, figures = tags.get(session.id), segments[session.id]
        number, name = officers.get(session.officer_id or "", (None, None))
        rows.append(
            SessionRow(
                id=session.id,
                opened_ns=session.opened_wall_ns,
                closed_ns=session.closed_wall_ns,
                ends_ns=ends[session.id][0],
                close_unknown=session.closed_wall_ns is None and ends[session.id][1],
                signed_opened_ns=session.signed_opened_wall_ns,
                signed_closed_ns=session.signed_closed_wall_ns,
                room_id=session.room_id,
                room=session.room.name,
                unit=session.room.unit.name,
                case_id=tag.case_id if tag else None,
                officer_name=name,
                officer_number=number,
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


def _segments(db: Session, session_ids: Sequence[str]) -> defaultdict[str, dict[str, Any]]:
    figures: defaultdict[str, dict[str, Any]] = defaultdict(dict)
    query = (
        select(Entry.session_id, Entry.state, func.count(), func.max(Entry.retain_until_wall_ns))
        .where(Entry.session_id.in_(session_ids), Entry.kind == "segment")
        .where(awaited() | (Entry.state != "waiting"))
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


def _officers(db: Session, sessions: Sequence[RoomSession]) -> dict[str, tuple[str | None, str]]:
    """Account id to number and name."""
    wanted = {session.officer_id for session in sessions if session.officer_id}
    query = select(Account.id, Account.officer_number, Account.display_name).where(Account.id.in_(wanted))
    return {account_id: (number, name) for account_id, number, name in db.execute(query)}
