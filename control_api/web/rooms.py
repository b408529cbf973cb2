"""The rooms at a glance, and one room with its day."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from control_api.accounts.actor import Actor
from control_api.accounts.guard import require
from control_api.accounts.permissions import Permission
from control_api.center import center_of
from control_api.errors import NotFound
from control_api.sessions.describe import SessionRow
from control_api.sessions.search import SessionQuery
from control_api.web.day_line import Span, day_window, draw
from control_api.web.page import PageRoute, pages_of, render
from control_api.web.room_queries import footage_of, view_room, view_rooms
from control_api.web.room_state import count
from control_api.web.session_queries import find_sessions

router = APIRouter(route_class=PageRoute, include_in_schema=False)
Viewer = Annotated[Actor, Depends(require(Permission.SEE_ROOMS))]


@router.get("/rooms")
def show_rooms(request: Request, actor: Viewer) -> Response:
    center = center_of(request)
    with center.database.reading() as db:
        rooms = view_rooms(db, center, pages_of(request).county_time)
    context = {"rooms": rooms, "counts": count([room.state for room in rooms])}
    return render(request, actor, "rooms.html", context, section="rooms")


@router.get("/rooms/{room_id}")
def show_room(request: Request, actor: Viewer, room_id: str, day: str = "") -> Response:
    center, county = center_of(request), pages_of(request).county_time
    today = county.at(center.now_ns()).date()
    shown = min(county.day_of(day) or today, today)
    span = county.day_span(shown)
    may_see = actor.may(Permission.FIND_SESSIONS)
    with center.database.reading() as db:
        room = view_room(db, center, county, room_id)
        if room is None:
            raise NotFound
        query = SessionQuery(room_id=room_id, span_ns=span)
        found = find_sessions(db, actor, query, center.settings) if may_see else []
        spans = session_spans(found)
        footage, gaps = footage_of(db, room_id, span, spans)
    window = day_window(*span, [*footage, *spans])
    context = {
        "room": room,
        "day": shown.isoformat(),
        "day_before": (shown - timedelta(days=1)).isoformat(),
        "day_after": (shown + timedelta(days=1)).isoformat() if shown < today else "",
        "line": draw(window, footage, spans, gaps, county, center.now_ns()),
        "sessions": found if may_see else None,
    }
    return render(request, actor, "room.html", context, section="rooms")


def session_spans(sessions: list[SessionRow]) -> list[Span]:
    return [Span(row.opened_ns, row.ends_ns, row.case_id or "", row.id) for row in sessions]
