"""Signing in, staying signed in, signing out. The database keeps digests of tokens only.

An attempt is counted before the password is looked at and forgiven when it fits: guesses side by side can't slip
past the limit.
"""

from __future__ import annotations

import hashlib
import secrets

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.orm import Session

from control_api.accounts.actor import Actor
from control_api.accounts.acts import record_act
from control_api.accounts.attempts import count_attempt, forgive_attempt, target_of
from control_api.accounts.passwords import check_password, hash_password, password_fits, place_in_queue
from control_api.center import Center
from control_api.database import Account, WebSession
from control_api.database.engine import Database
from control_api.errors import CenterError
from pages.form_safety import form_token

IDLE_NS = 30 * 60 * 10**9
LONGEST_NS = 12 * 3600 * 10**9
SEEN_STEP_NS = 60 * 10**9


def sign_in(center: Center, sign_in_name: str, password: str, source: str) -> tuple[str, Actor]:
    """A new web session: its secret token (for the cookie) and the person. Raises CenterError."""
    name, now_ns = sign_in_name.strip().lower(), center.now_ns()
    account = _proved(center, Account.sign_in_name == name, name, password, source)
    if account is None or account.disabled_wall_ns is not None:
        raise _wrong()
    with center.database.writing() as session:
        account = session.get_one(Account, account.id)
        forgive_attempt(session, source, account, now_ns)
        account.last_sign_in_wall_ns = now_ns
        return _open_web_session(session, account, now_ns)


def change_own_password(center: Center, actor: Actor, old: str, new: str, source: str) -> None:
    """A wrong old one counts like a wrong one at the door: a web session left open is no way to guess it."""
    check_password(new)
    account = _proved(center, Account.id == actor.account_id, "", old, source)
    if account is None:
        raise CenterError("wrong-password", "原密码不正确。", "The old password is not right.", field="old")
    if new == old:
        raise CenterError(
            "same-password", "新密码与原密码相同，请另设一个。", "The new password is the old one.", field="new"
        )
    hashed = hash_password(new)
    with center.database.writing() as session:
        account = session.get_one(Account, account.id)
        forgive_attempt(session, source, account, center.now_ns())
        account.password_hash = hashed
        account.must_change_password = False
        sign_out_everywhere(session, account.id, but=actor.web_session)
        record_act(session, actor, account, "password-changed", center.now_ns())


def _proved(center: Center, whose: ColumnElement[bool], name: str, password: str, source: str) -> Account | None:
    """The account whose password this is, the attempt counted; None when it is not. Raises `locked`, `busy`."""
    with place_in_queue():
        with center.database.writing() as session:
            account = session.scalar(select(Account).where(whose))
            target = target_of(account, name, center.keys.derived_key(b"sign-in-names"))
            locked_s = count_attempt(session, source, target, account, center.now_ns())
        if locked_s:
            raise _locked(locked_s)
        return account if password_fits(None if account is None else account.password_hash, password) else None


def find_actor(database: Database, token: str, now_ns: int, *, seen: bool = True) -> Actor | None:
    """Who holds `token`, or None when it is unknown, idle for too long or too old. `seen`: the person did something."""
    digest = token_digest(token)
    with database.reading() as session:
        row = session.get(WebSession, digest)
        if row is None or not _alive(row, now_ns):
            return None
        stale = seen and now_ns - row.seen_wall_ns > SEEN_STEP_NS
        actor = _actor(row)
    if stale:
        with database.writing() as session:
            again = session.get(WebSession, digest)
            if again is not None:
                again.seen_wall_ns = now_ns
    return actor


def still_signed_in(session: Session, web_session: str, now_ns: int, *, seen: bool = False) -> Actor | None:
    """The person of a web session as of now, with the rights of now: for what goes on after its request was let in.
    `seen`: what goes on is the person's own doing, and keeps the web session from idling out."""
    row = session.get(WebSession, web_session)
    if row is None or not _alive(row, now_ns):
        return None
    if seen:
        row.seen_wall_ns = now_ns
    return _actor(row)


def sign_out(session: Session, actor: Actor) -> None:
    session.execute(delete(WebSession).where(WebSession.token_sha256 == actor.web_session))


def sign_out_everywhere(session: Session, account_id: str, *, but: str | None = None) -> None:
    """After a change of password, of role or at disabling. `but`: the web session that stays."""
    session.execute(
        delete(WebSession).where(WebSession.account_id == account_id, WebSession.token_sha256 != (but or ""))
    )


def forget_ended_web_sessions(session: Session, now_ns: int) -> None:
    session.execute(
        delete(WebSession).where(
            (WebSession.seen_wall_ns < now_ns - IDLE_NS) | (WebSession.made_wall_ns < now_ns - LONGEST_NS)
        )
    )


def token_digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _open_web_session(session: Session, account: Account, now_ns: int) -> tuple[str, Actor]:
    token = secrets.token_urlsafe(32)
    row = WebSession(
        token_sha256=token_digest(token),
        account_id=account.id,
        csrf_token=secrets.token_hex(32),
        made_wall_ns=now_ns,
        seen_wall_ns=now_ns,
        account=account,
    )
    session.add(row)
    forget_ended_web_sessions(session, now_ns)
    return token, _actor(row)


def _alive(row: WebSession, now_ns: int) -> bool:
    fresh = now_ns - row.seen_wall_ns <= IDLE_NS and now_ns - row.made_wall_ns <= LONGEST_NS
    return fresh and row.account.disabled_wall_ns is None


def _actor(row: WebSession) -> Actor:
    account = row.account
    return Actor(
        account_id=account.id,
        name=account.display_name,
        unit_id=account.unit_id,
        unit_name=account.unit.name,
        role=account.role,
        locale=account.locale,
        web_session=row.token_sha256,
        csrf=form_token(bytes.fromhex(row.csrf_token), row.token_sha256),
        must_change_password=account.must_change_password,
    )


def _wrong() -> CenterError:
    return CenterError("wrong-sign-in", "用户名或密码不正确。", "The name or the password is not right.", status=401)


def _locked(seconds: int) -> CenterError:
    minutes = -(-seconds // 60)
    return CenterError(
        "locked",
        f"密码多次输错，账号已暂时锁定，请约 {minutes} 分钟后再试，或请管理员重设密码。",
        f"Too many wrong passwords: the account is locked for about {minutes} minutes; an administrator can reset it.",
        status=429,
        retry_after_s=seconds,
    )
