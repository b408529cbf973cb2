"""漏登候选: presence without a session, open ones first; a look at the footage with a reason, and the answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from control_api.accounts.actor import Actor
from control_api.accounts.guard import require
from control_api.accounts.permissions import Permission
from control_api.archive.retention import MARGIN_NS
from control_api.center import center_of
from control_api.errors import CenterError, NotFound
from control_api.register.service import grant_stretch
from control_api.sessions.describe import current_tags
from control_api.sessions.missed import Candidate, answer_missed, get_missed, list_missed
from control_api.web.page import PageRoute, error_text, go, language_of, pages_of, render
from control_api.web.session_queries import names_of
from pages.translation import mark as _

router = APIRouter(route_class=PageRoute, include_in_schema=False)
Finder = Annotated[Actor, Depends(require(Permission.FIND_SESSIONS))]
Viewer = Annotated[Actor, Depends(require(Permission.REPLAY))]
Answerer = Annotated[Actor, Depends(require(Permission.CORRECT_CASE))]
Text = Annotated[str, Form()]
AFTER_NS = 10 * 60 * 10**9  # how far past the room's word a look reaches: presence may have gone on


@router.get("/missed")
def show_missed(request: Request, actor: Finder, shown: str = "") -> Response:
    return _page(request, actor, everything=shown == "all")


@router.post("/missed/{missed_id}/review")
def review(request: Request, actor: Viewer, missed_id: str, reason: Text = "") -> Response:
    """Reason first, as for a session: the register's row stands before the player's page is shown."""
    center = center_of(request)
    try:
        with center.database.writing() as db:
            row = get_missed(db, missed_id)
            span = (row.since_wall_ns - MARGIN_NS, row.told_wall_ns + AFTER_NS)
            grant = grant_stretch(db, center, actor, center.now_ns(), row.room_id, span, reason)
    except CenterError as error:
        if error.field != "reason":
            raise
        return _page(request, actor, error=error, of=missed_id, field="reason", typed=reason)
    return go(f"/review/{grant.id}")


@router.post("/missed/{missed_id}/answer")
def answer(request: Request, actor: Answerer, missed_id: str, explanation: Text = "", session: Text = "") -> Response:
    center = center_of(request)
    try:
        with center.database.writing() as db:
            answer_missed(db, center, actor, center.now_ns(), missed_id, reason=explanation, session_id=session or None)
    except CenterError as error:
        if isinstance(error, NotFound):
            raise
        field = "session" if error.field == "session" else "explanation"
        return _page(request, actor, error=error, of=missed_id, field=field, typed=explanation)
    return go("/missed")


def _page(
    request: Request,
    actor: Actor,
    *,
    everything: bool = False,
    error: CenterError | None = None,
    of: str = "",
    field: str = "",
    typed: str = "",
) -> Response:
    center = center_of(request)
    with center.database.reading() as db:
        found = list_missed(db, actor, only_open=not (everything or of))
        rows = [_row(request, db, one) for one in sorted(found, key=lambda one: not one.open)]
    context: dict[str, Any] = {"rows": rows, "everything": everything, "of": of, "field": field, "typed": typed[:400]}
    context["error_text"] = error_text(language_of(request), error) if error else ""
    return render(request, actor, "missed.html", context, section="missed", status=error.status if error else 200)


def _row(request: Request, db: Session, one: Candidate) -> dict[str, Any]:
    row = one.row
    people = names_of(db, [answer.made_by for answer in one.answers])
    return {
        "id": row.id,
        "room_id": row.room_id,
        "unit": row.room.unit.name,
        "room": row.room.name,
        "since_ns": row.since_wall_ns,
        "told_ns": row.told_wall_ns,
        "open": one.open,
        "answers": [
            {
                "session_id": answer.session_id,
                "reason": answer.reason,
                "person": people.get(answer.made_by, ""),
                "made_ns": answer.made_wall_ns,
            }
            for answer in one.answers
        ],
        "near": _choices(request, db, one),
    }


def _choices(request: Request, db: Session, one: Candidate) -> Sequence[tuple[str, str]]:
    county, pages = pages_of(request).county_time, pages_of(request)
    tags = current_tags(db, [session.id for session in one.near])
    none = pages.text(language_of(request), _("没有登记，说明原因"))
    untagged = pages.text(language_of(request), _("待补编号"))
    named = [
        (
            session.id,
            f"{county.moment(session.opened_wall_ns)} · {tags[session.id].case_id if session.id in tags else untagged}",
        )
        for session in one.near
    ]
    return [("", none), *named]
