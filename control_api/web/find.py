"""Finding sessions. Searches are posted and shown under a random id."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from control_api.accounts.actor import Actor
from control_api.accounts.guard import require
from control_api.accounts.permissions import Permission
from control_api.center import center_of
from control_api.sessions.describe import SessionRow
from control_api.web.find_terms import FIELDS, Search, read_search, read_text
from control_api.web.page import PageRoute, go, language_of, pages_of, render
from control_api.web.searches import Searches
from control_api.web.session_queries import LIMIT, find_sessions, officer_options, room_options
from pages.translation import mark as _

router = APIRouter(route_class=PageRoute, include_in_schema=False)
Finder = Annotated[Actor, Depends(require(Permission.FIND_SESSIONS))]
EMPTY = Search(dict.fromkeys(FIELDS, ""))
_searches = Searches()


@router.get("/find")
def show_find(request: Request, actor: Finder) -> Response:
    with center_of(request).database.reading() as db:
        return _page(request, actor, db, EMPTY)


@router.post("/find")
def do_find(
    request: Request,
    actor: Finder,
    text: Annotated[str, Form()] = "",
    case_id: Annotated[str, Form()] = "",
    room: Annotated[str, Form()] = "",
    first_day: Annotated[str, Form()] = "",
    last_day: Annotated[str, Form()] = "",
    officer: Annotated[str, Form()] = "",
) -> Response:
    center, county = center_of(request), pages_of(request).county_time
    typed = {"case_id": case_id, "room": room, "first_day": first_day, "last_day": last_day, "officer": officer}
    with center.database.reading() as db:
        if text:
            typed |= read_text(text, room_options(db), county)
        search = read_search(typed, center.settings.case_pattern, county)
        if search.terms is None:
            return _page(request, actor, db, search, status=422 if search.errors else 200)
    return go(f"/find/{_searches.keep(actor.web_session, search, center.now_ns())}")


@router.get("/find/{search_id}")
def show_found(request: Request, actor: Finder, search_id: str) -> Response:
    center = center_of(request)
    search = _searches.get(search_id, actor.web_session, center.now_ns())
    if search is None or search.terms is None:
        return go("/find")
    with center.database.reading() as db:
        return _page(request, actor, db, search, find_sessions(db, actor, search.terms, center.settings))


def _page(
    request: Request,
    actor: Actor,
    db: Session,
    search: Search,
    found: list[SessionRow] | None = None,
    status: int = 200,
) -> Response:
    english = language_of(request) == "en"
    anywhere = ("", pages_of(request).text(language_of(request), _("不限")))
    context = {
        "terms": search.typed,
        "errors": dict.fromkeys(FIELDS, "") | {name: pair[english] for name, pair in search.errors.items()},
        "sessions": found,
        "more": found is not None and len(found) >= LIMIT,
        "room_options": [anywhere, *room_options(db)],
        "officer_options": [anywhere, *officer_options(db)],
    }
    return render(request, actor, "find.html", context, section="find", status=status)
