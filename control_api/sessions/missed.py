"""漏登: presence in opening hours without a session, as a room reported it, and what people answer.

A room says it once per stretch. Nobody is accused by it: it stands open until somebody says why nothing was registered,
or which session it was. Answers are added and recorded, none is changed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from control_api.accounts.actor import Actor
from control_api.accounts.permissions import Permission
from control_api.center import Center
from control_api.database import MissedAnswer, MissedSession, RoomSession, new_id
from control_api.errors import CenterError, NotFound
from control_api.records.write import add_record
from control_api.sessions.cases import check_reason
from storage.manifest import NoteKind, NoteManifest

DAY_NS = 86400 * 10**9
LONGEST_NS = DAY_NS  # a stretch that claims to be longer is cut: the review of it must stay a review of that stretch
LIMIT = 200
_SINCE = re.compile(r"since_wall_ns=([0-9]{1,19})")


@dataclass(frozen=True, slots=True)
class Candidate:
    """`answers`: oldest first; open while there is none. `near`: sessions of that room around it."""

    row: MissedSession
    answers: list[MissedAnswer]
    near: list[RoomSession]

    @property
    def open(self) -> bool:
        return not self.answers


def apply_missed(session: Session, note: NoteManifest, sha256: str) -> None:
    """`note` was checked and accepted."""
    if note.note is not NoteKind.PRESENCE_WITHOUT_SESSION:
        return
    found = _SINCE.search(note.detail or "")
    told_ns = note.made.wall_ns
    since_ns = min(int(found.group(1)), told_ns) if found else told_ns
    session.add(
        MissedSession(
            id=new_id(),
            entry_sha256=sha256,
            room_id=note.room,
            device_id=note.device,
            since_wall_ns=max(since_ns, told_ns - LONGEST_NS, 0),
            told_wall_ns=told_ns,
        )
    )


def count_open(session: Session) -> int:
    answered = select(MissedAnswer.missed_id)
    query = select(func.count()).select_from(MissedSession).where(MissedSession.id.not_in(answered))
    return session.scalar(query) or 0


def list_missed(session: Session, actor: Actor, *, only_open: bool = False) -> list[Candidate]:
    """Newest first."""
    actor.check(Permission.FIND_SESSIONS)
    query = select(MissedSession)
    if only_open:
        query = query.where(MissedSession.id.not_in(select(MissedAnswer.missed_id)))
    rows = session.scalars(query.order_by(MissedSession.since_wall_ns.desc()).limit(LIMIT)).unique().all()
    return [candidate(session, row) for row in rows]


def get_missed(session: Session, missed_id: str) -> MissedSession:
    row = session.get(MissedSession, missed_id)
    if row is None:
        raise NotFound
    return row


def candidate(session: Session, row: MissedSession) -> Candidate:
    query = select(MissedAnswer).where(MissedAnswer.missed_id == row.id).order_by(MissedAnswer.made_wall_ns)
    return Candidate(row, list(session.scalars(query)), sessions_near(session, row))


def sessions_near(session: Session, row: MissedSession) -> list[RoomSession]:
    """Of the same room, half a day around it, nearest first: what was registered late may be one of them."""
    query = select(RoomSession).where(
        RoomSession.room_id == row.room_id,
        RoomSession.opened_wall_ns.between(row.since_wall_ns - DAY_NS // 2, row.told_wall_ns + DAY_NS // 2),
    )
    found = session.scalars(query.order_by(func.abs(RoomSession.opened_wall_ns - row.since_wall_ns)).limit(12))
    return list(found.unique())


def answer_missed(
    session: Session,
    center: Center,
    actor: Actor,
    now_ns: int,
    missed_id: str,
    *,
    reason: str,
    session_id: str | None = None,
) -> MissedAnswer:
    """Why nothing was registered, or with `session_id` that it was registered as that session. Raises CenterError."""
    actor.check(Permission.CORRECT_CASE)
    row = get_missed(session, missed_id)
    if session_id is not None:
        stated = session.get(RoomSession, session_id)
        if stated is None or stated.room_id != row.room_id:
            raise CenterError(
                "other-room",
                "这一场不是这间接谈室的，未作任何更改；请选同一间的场次。",
                "That session is not this room's; nothing was changed. Choose one of the same room.",
                status=422,
                field="session",
            )
    answer = MissedAnswer(
        id=new_id(),
        missed_id=row.id,
        answer="explained" if session_id is None else "registered",
        session_id=session_id,
        reason=check_reason(reason) if session_id is None else " ".join(reason.split())[:200],
        made_wall_ns=now_ns,
        made_by=actor.account_id,
    )
    session.add(answer)
    body = {"missed": row.id, "entry": row.entry_sha256, "room": row.room_id, "answer": answer.answer}
    stated_by = {"session": session_id, "reason": answer.reason, "by": actor.account_id, "wall_ns": str(now_ns)}
    add_record(session, center, now_ns, "missed-answers", body | stated_by)
    session.flush()
    center.hurry()
    return answer
