"""Findings 督查意见: written remarks on a moment of footage. Added, never changed."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from control_api.accounts.actor import Actor
from control_api.accounts.permissions import Permission
from control_api.center import Center
from control_api.database import Finding, new_id
from control_api.errors import CenterError
from control_api.records.write import add_record
from control_api.sessions.footage import get_session, session_span

TEXT_CHARACTERS = 2000


def add_finding(
    session: Session,
    center: Center,
    actor: Actor,
    now_ns: int,
    session_id: str,
    *,
    wall_ns: int,
    text: str,
    marked: bool = True,
) -> Finding:
    """Raises CenterError `no-text`, `outside-session`."""
    actor.check(Permission.WRITE_FINDINGS)
    start, end = session_span(session, get_session(session, session_id))
    text = _check_text(text)
    if not start <= wall_ns <= end:
        raise CenterError(
            "outside-session", "时刻不在本场次内。", "The moment lies outside the session.", status=422, field="wall_ns"
        )
    finding = Finding(
        id=new_id(),
        session_id=session_id,
        wall_ns=wall_ns,
        text=text,
        marked=marked,
        author_id=actor.account_id,
        made_wall_ns=now_ns,
    )
    session.add(finding)
    body = {"id": finding.id, "session": session_id, "wall_ns": str(wall_ns), "text": text, "author": actor.account_id}
    add_record(session, center, now_ns, "findings", {**body, "marked": marked, "made_wall_ns": str(now_ns)})
    session.flush()
    center.hurry()
    return finding


def list_findings(session: Session, session_id: str) -> list[Finding]:
    query = select(Finding).where(Finding.session_id == session_id)
    return list(session.scalars(query.order_by(Finding.wall_ns, Finding.made_wall_ns)))


def _check_text(text: str) -> str:
    text = text.strip()
    if not 1 <= len(text) <= TEXT_CHARACTERS:
        raise CenterError(
            "no-text",
            f"请填写 1 至 {TEXT_CHARACTERS} 个字。",
            f"Write 1 to {TEXT_CHARACTERS} characters.",
            status=422,
            field="text",
        )
    return text
