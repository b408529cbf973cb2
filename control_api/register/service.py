"""Writes and reads the access register. A row names a person and a reason before the first byte leaves.

R1  A row's hash covers its own fields and the hash of the row before it: none can be changed or taken out unseen.
    The row goes signed into the archive too (`archived.py`), out of reach of whoever writes the database anew.
R2  A grant serves the person it was given to, in the web sessions of the same account, for twelve hours.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from control_api.accounts.actor import Actor
from control_api.accounts.permissions import Permission
from control_api.center import Center
from control_api.database import AccessGrant, AccessStretch, Meta, Room, RoomSession, new_id
from control_api.database.state import locked_head
from control_api.errors import CenterError, NotFound
from control_api.records.write import add_record
from control_api.sessions.cases import check_reason

GRANT_NS = 12 * 3600 * 10**9
PAGE_ROWS = 100
_HEAD = "register-head"
KIND = "register"
FIELDS = ("id", "account", "person", "unit", "what", "room", "session", "reason", "granted_wall_ns", "previous")
STRETCH_FIELDS = ("from_wall_ns", "to_wall_ns")  # only of a look at a stretch without a session
PERMISSIONS = {
    "replay": Permission.REPLAY,
    "download": Permission.DOWNLOAD,
    "live": Permission.WATCH_LIVE,
}


@dataclass(frozen=True, slots=True)
class RegisterFault:
    """The first row that does not fit."""

    number: int
    why: str


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What a row is to say. `span_ns`: the only stretch that it is good for, where it names no session."""

    what: str
    room_id: str
    reason: str
    session_id: str | None = None
    span_ns: tuple[int, int] | None = None


def grant_access(
    session: Session,
    center: Center,
    actor: Actor,
    now_ns: int,
    *,
    what: str,
    room_id: str,
    reason: str,
    session_id: str | None = None,
) -> AccessGrant:
    """Commit it before any footage leaves. Raises NotAllowed, NotFound, CenterError `no-reason`."""
    return _grant(session, center, actor, now_ns, _Wanted(what, room_id, reason, session_id))


def grant_stretch(
    session: Session, center: Center, actor: Actor, now_ns: int, room_id: str, span_ns: tuple[int, int], reason: str
) -> AccessGrant:
    """A look at a stretch of a room's footage that belongs to no session. As `grant_access`."""
    return _grant(session, center, actor, now_ns, _Wanted("replay", room_id, reason, span_ns=span_ns))


def _grant(session: Session, center: Center, actor: Actor, now_ns: int, wanted: _Wanted) -> AccessGrant:
    actor.check(PERMISSIONS[wanted.what])
    if session.get(Room, wanted.room_id) is None:
        raise NotFound
    if wanted.session_id is not None:
        row = session.get(RoomSession, wanted.session_id)
        if row is None or row.room_id != wanted.room_id:
            raise NotFound
    head = locked_head(session, _HEAD)
    grant = AccessGrant(
        id=new_id(),
        account_id=actor.account_id,
        person=actor.name,
        unit=actor.unit_name,
        what=wanted.what,
        room_id=wanted.room_id,
        session_id=wanted.session_id,
        reason=check_reason(wanted.reason),
        granted_wall_ns=now_ns,
        previous=head.value or None,
        from_wall_ns=wanted.span_ns[0] if wanted.span_ns else None,
        to_wall_ns=wanted.span_ns[1] if wanted.span_ns else None,
    )
    grant.sha256 = row_hash(grant)
    head.value = grant.sha256
    session.add(grant)
    session.flush()
    fields = _fields(grant)
    names = (*FIELDS, *STRETCH_FIELDS)[: len(fields)]
    body = dict(zip(names, fields, strict=True)) | {"number": grant.number, "sha256": grant.sha256}
    add_record(session, center, now_ns, KIND, body, grant.id)
    center.hurry()
    return grant


def get_grant(session: Session, actor: Actor, grant_id: str, now_ns: int) -> AccessGrant:
    """The actor's own, still good grant (R2). Raises NotFound, CenterError `grant-ended`."""
    grant = session.scalar(select(AccessGrant).where(AccessGrant.id == grant_id))
    if grant is None or grant.account_id != actor.account_id:
        raise NotFound
    actor.check(PERMISSIONS[grant.what])
    if now_ns - grant.granted_wall_ns > GRANT_NS:
        raise CenterError(
            "grant-ended", "查阅登记已过期，请重新填写事由。", "This access has ended; give a reason again.", status=403
        )
    return grant


def record_stretch(
    session: Session,
    grant_id: str,
    *,
    from_wall_ns: int,
    to_wall_ns: int,
    fetched_wall_ns: int,
    entry_sha256: str | None = None,
) -> AccessStretch:
    """What really went out. A stretch fetched again under the same grant is a row again."""
    stretch = AccessStretch(
        grant_id=grant_id,
        from_wall_ns=from_wall_ns,
        to_wall_ns=to_wall_ns,
        fetched_wall_ns=fetched_wall_ns,
        entry_sha256=entry_sha256,
    )
    session.add(stretch)
    session.flush()
    return stretch


def list_grants(
    session: Session, actor: Actor, *, page: int = 1, session_id: str | None = None, room_id: str | None = None
) -> list[AccessGrant]:
    """Newest first, a page of 100."""
    actor.check(Permission.READ_REGISTER)
    query = select(AccessGrant)
    if session_id is not None:
        query = query.where(AccessGrant.session_id == session_id)
    if room_id is not None:
        query = query.where(AccessGrant.room_id == room_id)
    query = query.order_by(AccessGrant.number.desc()).limit(PAGE_ROWS).offset((max(1, page) - 1) * PAGE_ROWS)
    return list(session.scalars(query))


def check_chain(session: Session) -> RegisterFault | None:
    """Walk the whole register; None when every row fits (R1)."""
    previous: str | None = None
    for grant in session.scalars(select(AccessGrant).order_by(AccessGrant.number).execution_options(yield_per=500)):
        if grant.previous != previous:
            return RegisterFault(grant.number, "the row before it is missing or was changed")
        if grant.sha256 != row_hash(grant):
            return RegisterFault(grant.number, "its fields were changed")
        previous = grant.sha256
    head = session.get(Meta, _HEAD)
    if (head.value if head is not None else "") != (previous or ""):
        return RegisterFault(0, "rows at the end are missing")
    return None


def row_hash(grant: AccessGrant) -> str:
    text = json.dumps(["shilu-register-1", *_fields(grant)], ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _fields(grant: AccessGrant) -> list[str | None]:
    """In the order of FIELDS; of a look at a stretch without a session its span too: nobody widens it unseen."""
    span = () if grant.from_wall_ns is None else (str(grant.from_wall_ns), str(grant.to_wall_ns))
    return [
        grant.id,
        grant.account_id,
        grant.person,
        grant.unit,
        grant.what,
        grant.room_id,
        grant.session_id,
        grant.reason,
        str(grant.granted_wall_ns),
        grant.previous,
        *span,
    ]
