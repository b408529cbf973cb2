"""What the pages show of the access register. Reads only."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from control_api.database import AccessGrant, Room
from control_api.web.day_line import Span, join
from control_api.web.words import ACCESSES, word

LIMIT = 300


def accesses_of(db: Session, session_id: str) -> list[dict[str, Any]]:
    query = select(AccessGrant).where(AccessGrant.session_id == session_id)
    return [_row(grant) for grant in db.scalars(query.order_by(AccessGrant.number.desc()).limit(LIMIT))]


def accesses_in(db: Session, span_ns: tuple[int, int] | None, account_id: str = "") -> list[dict[str, Any]]:
    """Newest first, with the stretches of footage that really went out."""
    query = select(AccessGrant, Room).join(Room, Room.id == AccessGrant.room_id)
    if span_ns:
        query = query.where(AccessGrant.granted_wall_ns >= span_ns[0], AccessGrant.granted_wall_ns < span_ns[1])
    if account_id:
        query = query.where(AccessGrant.account_id == account_id)
    query = query.options(selectinload(AccessGrant.stretches)).order_by(AccessGrant.number.desc()).limit(LIMIT)
    return [
        _row(grant) | {"room": room.name, "room_unit": room.unit.name, "stretches": stretches(grant)}
        for grant, room in db.execute(query).unique()
    ]


def stretches(grant: AccessGrant) -> list[Span]:
    """What was fetched as few spans as it takes: footage seen twice is one span."""
    return join((Span(one.from_wall_ns, one.to_wall_ns) for one in grant.stretches), within_ns=2 * 10**9)


def _row(grant: AccessGrant) -> dict[str, Any]:
    return {
        "number": grant.number,
        "granted_ns": grant.granted_wall_ns,
        "person": grant.person,
        "unit": grant.unit,
        "what_word": word(ACCESSES, grant.what),
        "reason": grant.reason,
        "session_id": grant.session_id,
    }
