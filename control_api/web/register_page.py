"""The access register as a page: who watched or took what, why, when, and the stretches that really went out."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from control_api.accounts.actor import Actor
from control_api.accounts.acts import list_acts
from control_api.accounts.guard import require
from control_api.accounts.permissions import Permission
from control_api.center import center_of
from control_api.web.page import PageRoute, pages_of, render
from control_api.web.register_queries import accesses_in
from control_api.web.words import ACCOUNT_ACTS

router = APIRouter(route_class=PageRoute, include_in_schema=False)
Reader = Annotated[Actor, Depends(require(Permission.READ_REGISTER))]


@router.get("/register")
def show_register(request: Request, actor: Reader, day: str = "") -> Response:
    center, county = center_of(request), pages_of(request).county_time
    shown = county.day_of(day)
    with center.database.reading() as db:
        span_ns = county.day_span(shown) if shown else None
        rows, acts = accesses_in(db, span_ns), list_acts(db, actor, span_ns)
    context = {"rows": rows, "acts": acts, "act_words": ACCOUNT_ACTS, "day": shown.isoformat() if shown else ""}
    return render(request, actor, "register.html", context, section="register")
