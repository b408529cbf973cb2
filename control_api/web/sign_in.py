"""Signing in and out, the choice of language, the own account. Services decide; this shows."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response

from control_api.accounts.actor import Actor
from control_api.accounts.acts import SHOWN_NS, TOLD_NS, acts_by_others
from control_api.accounts.attempts import source_of
from control_api.accounts.cookies import clear_cookie, set_cookie
from control_api.accounts.guard import public, require
from control_api.accounts.permissions import Permission
from control_api.accounts.signing_in import change_own_password, sign_in, sign_out
from control_api.center import center_of
from control_api.errors import CenterError
from control_api.web.navigation import home_for
from control_api.web.page import PageRoute, error_text, go, language_of, render
from control_api.web.words import ACCOUNT_ACTS
from pages.translation import LANGUAGE_COOKIE, LANGUAGES

router = APIRouter(route_class=PageRoute, include_in_schema=False)
Own = Annotated[Actor, Depends(require(Permission.OWN_ACCOUNT))]
YEAR_S = 365 * 24 * 3600


@router.get("/sign-in", dependencies=[Depends(public)])
def show_sign_in(request: Request, ended: str = "") -> Response:
    return render(request, None, "sign_in.html", {"name": "", "message": "", "ended": bool(ended)})


@router.post("/sign-in", dependencies=[Depends(public)])
def do_sign_in(request: Request, name: Annotated[str, Form()] = "", password: Annotated[str, Form()] = "") -> Response:
    center = center_of(request)
    try:
        token, actor = sign_in(center, name[:40], password[:200], source_of(request))
    except CenterError as error:
        context = {"name": name[:40], "message": error_text(language_of(request), error), "ended": False}
        return render(request, None, "sign_in.html", context, status=error.status)
    with center.database.reading() as db:
        told = acts_by_others(db, actor.account_id, center.now_ns() - TOLD_NS)
    answer = go("/account" if told else home_for(actor.may))
    set_cookie(answer, center, token)
    if LANGUAGE_COOKIE not in request.cookies and actor.locale in LANGUAGES:
        answer.set_cookie(LANGUAGE_COOKIE, actor.locale, max_age=YEAR_S, samesite="strict", secure=center.secure)
    return answer


@router.post("/sign-out")
def do_sign_out(request: Request, actor: Own) -> Response:
    center = center_of(request)
    with center.database.writing() as db:
        sign_out(db, actor)
    answer = go("/sign-in")
    clear_cookie(answer, center)
    return answer


@router.post("/language", dependencies=[Depends(public)])
def choose_language(request: Request, language: Annotated[str, Form()] = "zh") -> Response:
    """Back to the page where the choice was made."""
    base = str(request.base_url)
    referer = request.headers.get("referer", "")
    answer = go("/" + referer.removeprefix(base) if referer.startswith(base) else "/")
    if language in LANGUAGES:
        secure = center_of(request).secure
        answer.set_cookie(LANGUAGE_COOKIE, language, max_age=YEAR_S, samesite="strict", secure=secure)
    return answer


@router.get("/")
def start(actor: Own) -> Response:
    return go(home_for(actor.may))


@router.get("/account")
def show_account(request: Request, actor: Own, saved: str = "") -> Response:
    return _account_page(request, actor, {"old": "", "new": ""}, saved=bool(saved))


@router.post("/account/password")
def change_password(
    request: Request, actor: Own, old: Annotated[str, Form()] = "", new: Annotated[str, Form()] = ""
) -> Response:
    try:
        change_own_password(center_of(request), actor, old[:200], new[:200], source_of(request))
    except CenterError as error:
        field = "old" if error.field == "old" else "new"
        errors = {"old": "", "new": ""} | {field: error_text(language_of(request), error)}
        return _account_page(request, actor, errors, status=422)
    return go("/account?saved=1")


def _account_page(
    request: Request, actor: Actor, errors: dict[str, str], *, saved: bool = False, status: int = 200
) -> Response:
    center = center_of(request)
    with center.database.reading() as db:
        acts = acts_by_others(db, actor.account_id, center.now_ns() - SHOWN_NS)
    context = {"errors": errors, "saved": saved, "acts": acts, "act_words": ACCOUNT_ACTS}
    return render(request, actor, "account.html", context, section="account", status=status)
