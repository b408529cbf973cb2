"""Accounts and units: made, changed, disabled. Never deleted, since footage and register point at them."""

from __future__ import annotations

import re

from sqlalchemy import select
from sqlalchemy.orm import Session

from control_api.accounts.actor import Actor
from control_api.accounts.acts import record_act
from control_api.accounts.attempts import unlock
from control_api.accounts.passwords import hash_password, hash_pin
from control_api.accounts.permissions import Permission, Role
from control_api.accounts.signing_in import sign_out_everywhere
from control_api.archive.alarms import clear_alarm, raise_alarm
from control_api.database import Account, Room, Unit, new_id
from control_api.errors import CenterError, NotFound

UNIT_KINDS = ("county", "township", "department")
LOCALES = ("zh", "en")
_SIGN_IN_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,39}")
_OFFICER_NUMBER = re.compile(r"[0-9A-Z-]{1,20}")


def list_units(session: Session) -> list[Unit]:
    return list(session.scalars(select(Unit).where(Unit.disabled_wall_ns.is_(None)).order_by(Unit.kind, Unit.name)))


def create_unit(session: Session, actor: Actor | None, now_ns: int, *, name: str, kind: str) -> Unit:
    """`actor` None: the command line. Raises CenterError."""
    _check_actor(actor)
    name = check_name(name)
    if kind not in UNIT_KINDS:
        raise CenterError("bad-kind", "单位类型不正确。", f"A unit is one of {', '.join(UNIT_KINDS)}.", field="kind")
    if session.scalar(select(Unit.id).where(Unit.name == name)) is not None:
        raise CenterError("name-taken", "已有同名单位。", "There is a unit of this name.", status=409, field="name")
    unit = Unit(id=new_id(), name=name, kind=kind, made_wall_ns=now_ns)
    session.add(unit)
    session.flush()
    return unit


def list_accounts(session: Session) -> list[Account]:
    return list(session.scalars(select(Account).order_by(Account.role, Account.sign_in_name)))


def get_account(session: Session, account_id: str) -> Account:
    account = session.get(Account, account_id)
    if account is None:
        raise NotFound
    return account


def create_account(  # noqa: PLR0913 - an account has this many parts
    session: Session,
    actor: Actor | None,
    now_ns: int,
    *,
    sign_in_name: str,
    display_name: str,
    unit_id: str,
    role: str,
    password: str,
    pin: str | None = None,
    officer_number: str | None = None,
    locale: str = "zh",
    must_change_password: bool = True,
) -> Account:
    """`actor` None: the command line. Raises CenterError."""
    _check_actor(actor)
    if session.get(Unit, unit_id) is None:
        raise CenterError("no-unit", "没有这个单位。", "There is no such unit.", field="unit")
    officer_number = _check_officer(role, officer_number, pin)
    account = Account(
        id=new_id(),
        sign_in_name=_free_sign_in_name(session, sign_in_name),
        display_name=check_name(display_name, "display_name"),
        unit_id=unit_id,
        role=_check_role(role),
        password_hash=hash_password(password),
        pin_verifier=hash_pin(pin) if pin else None,
        officer_number=_free_officer_number(session, officer_number),
        locale=_check_locale(locale),
        must_change_password=must_change_password,
        failed_count=0,
        made_wall_ns=now_ns,
        made_by=actor.account_id if actor else None,
    )
    session.add(account)
    session.flush()
    record_act(session, actor, account, "created", now_ns)
    return account


def reset_password(session: Session, actor: Actor, now_ns: int, account_id: str, password: str) -> None:
    """By an administrator: the person must choose another at the next sign-in. Unlocks the account."""
    actor.check(Permission.MANAGE_ACCOUNTS)
    account = get_account(session, account_id)
    account.password_hash = hash_password(password)
    account.must_change_password = account.id != actor.account_id
    unlock(session, account)
    sign_out_everywhere(session, account.id, but=actor.web_session)
    record_act(session, actor, account, "password-reset", now_ns)


def set_pin(session: Session, actor: Actor, now_ns: int, account_id: str, pin: str) -> None:
    """An officer's own, or by an administrator."""
    if account_id != actor.account_id:
        actor.check(Permission.MANAGE_ACCOUNTS)
    account = get_account(session, account_id)
    if account.role != Role.OFFICER:
        raise CenterError("not-an-officer", "只有接谈员使用 PIN。", "Only officers sign in by PIN.", field="pin")
    account.pin_verifier = hash_pin(pin)
    account.pin_exposed_wall_ns = None
    record_act(session, actor, account, "pin-set", now_ns)
    if not any(other.pin_exposed_wall_ns for other in list_officers(session) if other.unit_id == account.unit_id):
        for room_id in session.scalars(select(Room.id).where(Room.unit_id == account.unit_id)):
            clear_alarm(session, now_ns, "pins-exposed", room_id=room_id, device_id=None)


def expose_pins(session: Session, now_ns: int, room_id: str) -> None:
    """A device of this room is in other hands, and with it what its unit's PINs are checked by: six digits are soon
    found. Nobody is locked out for it; who sets new ones sees whose are waiting."""
    unit_id = session.get_one(Room, room_id).unit_id
    exposed = [account for account in list_officers(session) if account.unit_id == unit_id]
    for account in exposed:
        account.pin_exposed_wall_ns = now_ns
    if exposed:
        raise_alarm(session, now_ns, "pins-exposed", room_id=room_id)


def set_locale(session: Session, actor: Actor, locale: str) -> None:
    get_account(session, actor.account_id).locale = _check_locale(locale)


def disable_account(session: Session, actor: Actor, now_ns: int, account_id: str) -> None:
    actor.check(Permission.MANAGE_ACCOUNTS)
    account = get_account(session, account_id)
    if account.id == actor.account_id:
        raise CenterError("own-account", "不能停用自己的账号。", "You can't disable your own account.", status=409)
    account.disabled_wall_ns = now_ns
    sign_out_everywhere(session, account.id)
    record_act(session, actor, account, "disabled", now_ns)


def enable_account(session: Session, actor: Actor, now_ns: int, account_id: str) -> None:
    actor.check(Permission.MANAGE_ACCOUNTS)
    account = get_account(session, account_id)
    account.disabled_wall_ns = None
    record_act(session, actor, account, "enabled", now_ns)


def list_officers(session: Session) -> list[Account]:
    """Who may sign in at a room console."""
    query = select(Account).where(Account.role == Role.OFFICER, Account.pin_verifier.is_not(None))
    return list(session.scalars(query.where(Account.disabled_wall_ns.is_(None)).order_by(Account.officer_number)))


def check_name(name: str, field: str = "name") -> str:
    """A name that people see: trimmed, 1 to 60 characters, none of them invisible."""
    name = " ".join(name.split())
    if not 1 <= len(name) <= 60 or not name.isprintable():
        raise CenterError(
            "bad-name",
            "名称须为 1 至 60 个字符，不能含不可见字符。",
            "A name has 1 to 60 characters, none of them invisible.",
            field=field,
        )
    return name


def _check_actor(actor: Actor | None) -> None:
    if actor is not None:
        actor.check(Permission.MANAGE_ACCOUNTS)


def _check_role(role: str) -> str:
    if role not in set(Role):
        raise CenterError("bad-role", "岗位不正确。", f"A role is one of {', '.join(Role)}.", field="role")
    return role


def _check_locale(locale: str) -> str:
    if locale not in LOCALES:
        raise CenterError("bad-locale", "语言不正确。", f"A language is one of {', '.join(LOCALES)}.", field="locale")
    return locale


def _check_officer(role: str, number: str | None, pin: str | None) -> str | None:
    number = (number or "").strip().upper() or None
    if role == Role.OFFICER and (number is None or not pin):
        raise CenterError(
            "officer-incomplete",
            "接谈员须有工号和 PIN，才能在接谈室登录。",
            "An officer needs a number and a PIN to sign in at the room.",
            field="officer_number" if number is None else "pin",
        )
    if role != Role.OFFICER and (number or pin):
        raise CenterError("not-an-officer", "只有接谈员有工号和 PIN。", "Only officers have a number and a PIN.")
    if number is not None and not _OFFICER_NUMBER.fullmatch(number):
        raise CenterError("bad-number", "工号只能含数字、字母和连字符。", "A number has digits, letters and hyphens.")
    return number


def _free_sign_in_name(session: Session, name: str) -> str:
    name = name.strip().lower()
    if not _SIGN_IN_NAME.fullmatch(name):
        raise CenterError(
            "bad-sign-in-name",
            "用户名须为 2 至 40 个小写字母、数字、点、横线或下划线。",
            "A sign-in name has 2 to 40 lower-case letters, digits, dots, hyphens or underscores.",
            field="sign_in_name",
        )
    if session.scalar(select(Account.id).where(Account.sign_in_name == name)) is not None:
        raise CenterError("name-taken", "已有此用户名。", "This name is taken.", status=409, field="sign_in_name")
    return name


def _free_officer_number(session: Session, number: str | None) -> str | None:
    if number and session.scalar(select(Account.id).where(Account.officer_number == number)) is not None:
        raise CenterError("number-taken", "已有此工号。", "This number is taken.", status=409, field="officer_number")
    return number
