"""What is decided about a session on its page: its case, holds, releases. Services decide; this asks and shows."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response

from control_api.accounts.actor import Actor
from control_api.accounts.guard import require
from control_api.accounts.permissions import Permission
from control_api.archive.holding import hold_in_archive
from control_api.center import center_of
from control_api.errors import CenterError, NotFound
from control_api.sessions.cases import correct_case
from control_api.sessions.holds import place_hold, release_hold
from control_api.web.page import PageRoute, go
from control_api.web.sessions import session_page

router = APIRouter(route_class=PageRoute, include_in_schema=False)
Corrector = Annotated[Actor, Depends(require(Permission.CORRECT_CASE))]
Holder = Annotated[Actor, Depends(require(Permission.HOLD))]
Text = Annotated[str, Form()]


@router.post("/sessions/{session_id}/case")
def correct(
    request: Request, actor: Corrector, session_id: str, case_id: Text = "", case_reason: Text = ""
) -> Response:
    center = center_of(request)
    try:
        with center.database.writing() as db:
            correct_case(db, center, actor, center.now_ns(), session_id, case_id, case_reason)
    except CenterError as error:
        if isinstance(error, NotFound):
            raise
        field = "case_reason" if error.field == "reason" else "case_id"
        typed = {"case_id": case_id[:80], "case_reason": case_reason[:200]}
        return session_page(request, actor, session_id, error=error, field=field, typed=typed)
    return go(f"/sessions/{session_id}")


@router.post("/sessions/{session_id}/holds")
def hold(request: Request, actor: Holder, session_id: str, hold_reason: Text = "") -> Response:
    center = center_of(request)
    try:
        with center.database.writing() as db:
            place_hold(db, center, actor, center.now_ns(), reason=hold_reason, session_id=session_id)
    except CenterError as error:
        if isinstance(error, NotFound):
            raise
        typed = {"hold_reason": hold_reason[:200]}
        return session_page(request, actor, session_id, error=error, field="hold_reason", typed=typed)
    hold_in_archive(center)
    return go(f"/sessions/{session_id}")


@router.post("/holds/{hold_id}/release")
def release(request: Request, actor: Holder, hold_id: str, session: Text = "", release_reason: Text = "") -> Response:
    center = center_of(request)
    try:
        with center.database.writing() as db:
            release_hold(db, center, actor, center.now_ns(), hold_id, release_reason)
    except CenterError as error:
        if isinstance(error, NotFound):
            raise
        typed = {"release_reason": release_reason[:200]}
        return session_page(request, actor, session, error=error, field="release_reason", typed=typed)
    hold_in_archive(center)
    return go(f"/sessions/{session}")
