"""Accounts for the administrator: made, disabled, passwords and PINs reset. A password is shown once, in its answer."""

from __future__ import annotations

import secrets
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response

from control_api.accounts import people
from control_api.accounts.actor import Actor
from control_api.accounts.guard import require
from control_api.accounts.permissions import Permission
from control_api.center import center_of
from control_api.errors import CenterError, NotFound
from control_api.web.page import PageRoute, error_text, go, language_of, pages_of, render
from control_api.web.words import ROLES

router = APIRouter(route_class=PageRoute, include_in_schema=False)
Manager = Annotated[Actor, Depends(require(Permission.MANAGE_ACCOUNTS))]
Text = Annotated[str, Form()]
FIELDS = ("display_name", "sign_in_name", "unit", "role", "officer_number", "pin")
_LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"


def temporary_password() -> str:
    """Read aloud without mistakes: no letter that looks like another; 80 bits."""
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(4))


@router.get("/accounts")
def show_accounts(request: Request, actor: Manager) -> Response:
    return _list(request, actor)


@router.post("/accounts")
def make_account(
    request: Request,
    actor: Manager,
    display_name: Text = "",
    sign_in_name: Text = "",
    unit: Text = "",
    role: Text = "",
    officer_number: Text = "",
    pin: Text = "",
) -> Response:
    center, password = center_of(request), temporary_password()
    try:
        with center.database.writing() as db:
            account = people.create_account(
                db,
                actor,
                center.now_ns(),
                sign_in_name=sign_in_name,
                display_name=display_name,
                unit_id=unit,
                role=role,
                password=password,
                pin=pin or None,
                officer_number=officer_number or None,
            )
            name = account.display_name
    except CenterError as error:
        typed = {"display_name": display_name, "sign_in_name": sign_in_name, "unit": unit, "role": role}
        return _list(request, actor, error=error, typed=typed | {"officer_number": officer_number})
    return _list(request, actor, handed_out={"name": name, "password": password})


@router.get("/accounts/{account_id}")
def show_account(request: Request, actor: Manager, account_id: str, saved: str = "") -> Response:
    return _one(request, actor, account_id, saved=bool(saved))


@router.post("/accounts/{account_id}/password")
def reset_password(request: Request, actor: Manager, account_id: str) -> Response:
    center, password = center_of(request), temporary_password()
    with center.database.writing() as db:
        people.reset_password(db, actor, center.now_ns(), account_id, password)
        name = people.get_account(db, account_id).display_name
    return _one(request, actor, account_id, handed_out={"name": name, "password": password})


@router.post("/accounts/{account_id}/pin")
def reset_pin(request: Request, actor: Manager, account_id: str, pin: Text = "") -> Response:
    center = center_of(request)
    try:
        with center.database.writing() as db:
            people.set_pin(db, actor, center.now_ns(), account_id, pin)
    except CenterError as error:
        if isinstance(error, NotFound):
            raise
        return _one(request, actor, account_id, errors={"pin": error_text(language_of(request), error)})
    return go(f"/accounts/{account_id}?saved=1")


@router.post("/accounts/{account_id}/disable")
def disable(request: Request, actor: Manager, account_id: str) -> Response:
    center = center_of(request)
    try:
        with center.database.writing() as db:
            people.disable_account(db, actor, center.now_ns(), account_id)
    except CenterError as error:
        if isinstance(error, NotFound):
            raise
        return _one(request, actor, account_id, errors={"other": error_text(language_of(request), error)})
    return go(f"/accounts/{account_id}?saved=1")


@router.post("/accounts/{account_id}/enable")
def enable(request: Request, actor: Manager, account_id: str) -> Response:
    center = center_of(request)
    with center.database.writing() as db:
        people.enable_account(db, actor, center.now_ns(), account_id)
    return go(f"/accounts/{account_id}?saved=1")


def _list(
    request: Request,
    actor: Actor,
    *,
    error: CenterError | None = None,
    typed: dict[str, str] | None = None,
    handed_out: dict[str, str] | None = None,
) -> Response:
    pages, language = pages_of(request), language_of(request)
    with center_of(request).database.reading() as db:
        accounts, units = people.list_accounts(db), people.list_units(db)
    errors = dict.fromkeys((*FIELDS, "other"), "")
    if error is not None:
        errors[error.field if error.field in FIELDS else "other"] = error_text(language, error)
    context: dict[str, Any] = {
        "accounts": accounts,
        "unit_options": [(unit.id, unit.name) for unit in units],
        "role_options": [(code, pages.text(language, word)) for code, word in ROLES.items()],
        "errors": errors,
        "refused": error is not None,
        "typed": dict.fromkeys(FIELDS, "") | (typed or {}),
        "handed_out": handed_out,
    }
    return render(request, actor, "accounts.html", context, section="accounts", status=error.status if error else 200)


def _one(
    request: Request,
    actor: Actor,
    account_id: str,
    *,
    saved: bool = False,
    errors: dict[str, str] | None = None,
    handed_out: dict[str, str] | None = None,
) -> Response:
    with center_of(request).database.reading() as db:
        account = people.get_account(db, account_id)
    context = {
        "account": account,
        "saved": saved,
        "errors": {"pin": "", "other": ""} | (errors or {}),
        "handed_out": handed_out,
    }
    return render(request, actor, "one_account.html", context, section="accounts", status=422 if errors else 200)
