"""Signing in and out, accounts and units, as JSON. Thin: the services decide."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from control_api.accounts import people
from control_api.accounts.actor import Actor
from control_api.accounts.acts import TOLD_NS, acts_by_others
from control_api.accounts.attempts import source_of
from control_api.accounts.cookies import clear_cookie, set_cookie
from control_api.accounts.guard import public, require
from control_api.accounts.permissions import ALLOWED, Permission, Role
from control_api.accounts.signing_in import change_own_password, sign_in, sign_out
from control_api.center import Center, center_of
from control_api.database import Account, AccountAct

router = APIRouter(prefix="/api", tags=["accounts"])
Anybody = Annotated[Actor, Depends(require(Permission.OWN_ACCOUNT))]
Administrator = Annotated[Actor, Depends(require(Permission.MANAGE_ACCOUNTS))]
Secret = Annotated[str, Field(max_length=128)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class SignInBody(_Body):
    name: str = Field(max_length=40, examples=["duty"])
    password: Secret = Field(examples=["correct horse battery"])


class ActShown(_Body):
    """Something done to an account."""

    number: int
    account: str
    name: str
    act: str = Field(examples=["password-reset"])
    by_name: str
    made_wall_ns: int


class SignedIn(_Body):
    """`csrf` goes into the header `x-csrf-token` of every request that changes something."""

    account: str
    name: str = Field(examples=["值班员甲"])
    unit: str = Field(examples=["云溪县接待中心"])
    role: str = Field(examples=["duty-officer"])
    locale: str = Field(examples=["zh"])
    permissions: list[str]
    csrf: str
    must_change_password: bool
    acts: list[ActShown] = Field(description="what others did to this account in the last days")


class PasswordBody(_Body):
    old: Secret
    new: Secret


class LocaleBody(_Body):
    locale: str = Field(examples=["en"])


class UnitBody(_Body):
    name: str = Field(examples=["青石镇"])
    kind: str = Field("township", examples=["township"])


class UnitShown(UnitBody):
    id: str


class AccountBody(_Body):
    sign_in_name: str = Field(examples=["officer03"])
    display_name: str = Field(examples=["接谈员03号"])
    unit: str
    role: str = Field(examples=["officer"])
    password: Secret
    pin: Secret | None = None
    officer_number: str | None = Field(None, examples=["03"])
    locale: str = "zh"


class AccountShown(_Body):
    id: str
    sign_in_name: str
    display_name: str
    unit: str
    role: str
    officer_number: str | None
    disabled: bool
    locked: bool
    pin_exposed: bool


class NewPassword(_Body):
    password: Secret


class NewPin(_Body):
    pin: Secret


@router.post("/session", dependencies=[Depends(public)])
def open_session(body: SignInBody, request: Request, response: Response) -> SignedIn:
    """Sign in. After five wrong passwords this account is locked for 15 minutes for who calls from here."""
    center = center_of(request)
    token, actor = sign_in(center, body.name, body.password, source_of(request))
    set_cookie(response, center, token)
    return _signed_in(center, actor)


@router.get("/session")
def show_session(request: Request, actor: Anybody) -> SignedIn:
    return _signed_in(center_of(request), actor)


@router.delete("/session", status_code=204)
def close_session(request: Request, response: Response, actor: Anybody) -> None:
    center = center_of(request)
    with center.database.writing() as session:
        sign_out(session, actor)
    clear_cookie(response, center)


@router.post("/session/password", status_code=204)
def change_password(body: PasswordBody, request: Request, actor: Anybody) -> None:
    change_own_password(center_of(request), actor, body.old, body.new, source_of(request))


@router.put("/session/locale", status_code=204)
def change_locale(body: LocaleBody, request: Request, actor: Anybody) -> None:
    with center_of(request).database.writing() as session:
        people.set_locale(session, actor, body.locale)


@router.get("/units")
def units(request: Request, _actor: Annotated[Actor, Depends(require(Permission.SEE_ROOMS))]) -> list[UnitShown]:
    with center_of(request).database.reading() as session:
        return [UnitShown(id=unit.id, name=unit.name, kind=unit.kind) for unit in people.list_units(session)]


@router.post("/units", status_code=201)
def add_unit(body: UnitBody, request: Request, actor: Administrator) -> UnitShown:
    center = center_of(request)
    with center.database.writing() as session:
        unit = people.create_unit(session, actor, center.now_ns(), name=body.name, kind=body.kind)
        return UnitShown(id=unit.id, name=unit.name, kind=unit.kind)


@router.get("/accounts")
def accounts(request: Request, _actor: Administrator) -> list[AccountShown]:
    center = center_of(request)
    with center.database.reading() as session:
        return [_shown(account, center.now_ns()) for account in people.list_accounts(session)]


@router.post("/accounts", status_code=201)
def add_account(body: AccountBody, request: Request, actor: Administrator) -> AccountShown:
    center = center_of(request)
    values = body.model_dump()
    unit_id = values.pop("unit")
    with center.database.writing() as session:
        account = people.create_account(session, actor, center.now_ns(), unit_id=unit_id, **values)
        return _shown(account, center.now_ns())


@router.post("/accounts/{account_id}/password", status_code=204)
def reset_password(account_id: str, body: NewPassword, request: Request, actor: Administrator) -> None:
    center = center_of(request)
    with center.database.writing() as session:
        people.reset_password(session, actor, center.now_ns(), account_id, body.password)


@router.post("/accounts/{account_id}/pin", status_code=204)
def set_pin(account_id: str, body: NewPin, request: Request, actor: Administrator) -> None:
    center = center_of(request)
    with center.database.writing() as session:
        people.set_pin(session, actor, center.now_ns(), account_id, body.pin)


@router.post("/accounts/{account_id}/disable", status_code=204)
def disable(account_id: str, request: Request, actor: Administrator) -> None:
    center = center_of(request)
    with center.database.writing() as session:
        people.disable_account(session, actor, center.now_ns(), account_id)


@router.post("/accounts/{account_id}/enable", status_code=204)
def enable(account_id: str, request: Request, actor: Administrator) -> None:
    center = center_of(request)
    with center.database.writing() as session:
        people.enable_account(session, actor, center.now_ns(), account_id)


def show_act(act: AccountAct) -> ActShown:
    return ActShown(
        number=act.number,
        account=act.account_id,
        name=act.name,
        act=act.act,
        by_name=act.by_name,
        made_wall_ns=act.made_wall_ns,
    )


def _signed_in(center: Center, actor: Actor) -> SignedIn:
    with center.database.reading() as session:
        acts = acts_by_others(session, actor.account_id, center.now_ns() - TOLD_NS)
    return SignedIn(
        account=actor.account_id,
        name=actor.name,
        unit=actor.unit_name,
        role=actor.role,
        locale=actor.locale,
        permissions=sorted(ALLOWED[Role(actor.role)]),
        csrf=actor.csrf,
        must_change_password=actor.must_change_password,
        acts=[show_act(act) for act in acts],
    )


def _shown(account: Account, now_ns: int) -> AccountShown:
    return AccountShown(
        id=account.id,
        sign_in_name=account.sign_in_name,
        display_name=account.display_name,
        unit=account.unit_id,
        role=account.role,
        officer_number=account.officer_number,
        disabled=account.disabled_wall_ns is not None,
        locked=(account.locked_until_wall_ns or 0) > now_ns,
        pin_exposed=account.pin_exposed_wall_ns is not None,
    )
