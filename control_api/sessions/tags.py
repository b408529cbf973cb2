"""Which tag of a session counts. Reads only."""

from __future__ import annotations

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session, aliased

from control_api.database import CaseTag


def current_tag(session: Session, session_id: str) -> CaseTag | None:
    """The newest tag that somebody vouched for and nothing has replaced."""
    query = select(CaseTag).where(CaseTag.session_id == session_id, is_current())
    return session.scalars(query.order_by(CaseTag.made_wall_ns.desc()).limit(1)).first()


def is_current() -> ColumnElement[bool]:
    """A condition on CaseTag rows, for queries: bound, replaced by none, and the newest of those in its session.

    What a tag says it replaces counts before its time: a room's clock may have stepped back.
    """
    newer = aliased(CaseTag)
    later = select(newer.sha256).where(
        newer.session_id == CaseTag.session_id,
        newer.bound_wall_ns.is_not(None),
        newer.made_wall_ns > CaseTag.made_wall_ns,
        ~_replaced(newer),
    )
    return CaseTag.bound_wall_ns.is_not(None) & ~_replaced(CaseTag) & ~later.exists()


def _replaced(tag: type[CaseTag]) -> ColumnElement[bool]:
    by = aliased(CaseTag)
    return (
        select(by.sha256)
        .where(by.session_id == tag.session_id, by.replaces == tag.sha256, by.bound_wall_ns.is_not(None))
        .exists()
    )


def tag_history(session: Session, session_id: str) -> list[CaseTag]:
    """Newest first; those that nobody vouched for too."""
    query = select(CaseTag).where(CaseTag.session_id == session_id)
    return list(session.scalars(query.order_by(CaseTag.made_wall_ns.desc())))
