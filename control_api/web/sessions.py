"""The list of sessions by day, and one session with all that is known of it. No footage leaves here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from control_api.accounts.actor import Actor
from control_api.accounts.guard import require
from control_api.accounts.permissions import Permission
from control_api.center import Center, center_of
from control_api.database import RoomSession
from control_api.errors import CenterError, NotFound
from control_api.review.footage import notes_in
from control_api.review.marks import decisions_of
from control_api.sessions.describe import SessionRow, describe_sessions
from control_api.sessions.footage import behind_refused, session_span, session_stretch
from control_api.sessions.search import SessionQuery
from control_api.web.day_line import Line, draw
from control_api.web.page import PageRoute, error_text, language_of, pages_of, render
from control_api.web.register_queries import accesses_of
from control_api.web.room_queries import footage_of
from control_api.web.rooms import session_spans
from control_api.web.session_queries import (
    find_sessions,
    findings_of,
    holds_of,
    names_of,
    room_options,
    tags_of,
)
from pages.times import CountyTime
from pages.translation import mark as _

router = APIRouter(route_class=PageRoute, include_in_schema=False)
Finder = Annotated[Actor, Depends(require(Permission.FIND_SESSIONS))]
TYPED = ("reason", "case_id", "case_reason", "hold_reason", "release_reason", "download_reason")


@router.get("/sessions")
def show_sessions(request: Request, actor: Finder, day: str = "", room: str = "", tagged: str = "") -> Response:
    """Nothing personal stands in these filters; whoever looks for a person's case uses the search."""
    center, county = center_of(request), pages_of(request).county_time
    untagged = tagged == "no"
    shown = county.day_of(day) or (None if untagged else county.at(center.now_ns()).date())
    span = county.day_span(shown) if shown else None
    with center.database.reading() as db:
        query = SessionQuery(room_id=room, span_ns=span, untagged=untagged)
        found = find_sessions(db, actor, query, center.settings)
        rooms = room_options(db)
    context = {
        "sessions": found,
        "day": shown.isoformat() if shown else "",
        "room": room,
        "tagged": tagged,
        "room_options": [("", pages_of(request).text(language_of(request), _("全部"))), *rooms],
    }
    return render(request, actor, "sessions.html", context, section="sessions")


@router.get("/sessions/{session_id}")
def show_session(request: Request, actor: Finder, session_id: str) -> Response:
    return session_page(request, actor, session_id)


def session_page(
    request: Request,
    actor: Actor,
    session_id: str,
    *,
    error: CenterError | None = None,
    field: str = "",
    typed: Mapping[str, str] | None = None,
) -> Response:
    """The page; with what the person typed and the refusal beside `field` when a form on it was refused."""
    center, county = center_of(request), pages_of(request).county_time
    with center.database.reading() as db:
        row = db.get(RoomSession, session_id)
        if row is None:
            raise NotFound
        session = describe_sessions(db, [row])[0]
        context: dict[str, Any] = {
            "session": session,
            "line": _line(db, center, county, row, session),
            "breaks": [entry.start_wall_ns for entry in behind_refused(db, row)],
            "decisions": _decisions(db, row),
            "tags": tags_of(db, session_id),
            "holds": holds_of(db, session_id),
            "findings": findings_of(db, session_id),
            "accesses": accesses_of(db, session_id) if actor.may(Permission.READ_REGISTER) else None,
            "errors": dict.fromkeys(TYPED, ""),
            "typed": dict.fromkeys(TYPED, "") | dict(typed or {}),
        }
    if error is not None:
        context["errors"][field] = error_text(language_of(request), error)
    status = 200 if error is None else error.status
    return render(request, actor, "session.html", context, section="sessions", status=status)


def _decisions(db: Session, row: RoomSession) -> list[dict[str, Any]]:
    """What officers chose when recording failed in this session."""
    found = decisions_of(notes_in(db, session_stretch(db, row)), row.id)
    people = names_of(db, [one.officer for one in found])
    return [asdict(one) | {"person": people.get(one.officer or "", "")} for one in found]


def _line(db: Session, center: Center, county: CountyTime, row: RoomSession, session: SessionRow) -> Line:
    now_ns = center.now_ns()
    span = session_span(db, row)
    spans = session_spans([session])
    footage, gaps = footage_of(db, session.room_id, span, spans)
    return draw(span, footage, spans, gaps, county, now_ns)
