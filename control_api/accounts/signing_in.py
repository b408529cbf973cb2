"""Signing in, staying signed in, signing out. The database keeps digests of tokens only.

An attempt is counted before the password is looked at and forgiven when it fits: guesses side by side can't slip
past the limit.
"""

from __future__ import annotations

import hashlib
import secrets

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from control_api.accounts.actor import Actor
from control_api.accounts.passwords import password_fits
from control_api.database import Account, WebSession
from control_api.database.engine import Database
from control_api.errors import CenterError
from pages.form_safety import form_token

MAX_FAILURES = 5
LOCKED_NS = 15 * 60 * 10**9
IDLE_NS = 30 * 60 * 10**9
LONGEST_NS = 12 * 3600 * 10**9
SEEN_STEP_NS = 60 * 10**9


def sign_in(database: Database, sign_in_name: str, password: str, now_ns: int) -> tuple[str, Actor]:
    """A new web session: its secret token (for the cookie) and the person. Raises CenterError."""
    with database.writing() as session:
        account = session.scalar(select(Account).where(Account.sign_in_name == sign_in_name.strip().lower()))
        locked_s = 0 if account is None else _count_attempt(account, now_ns)
    if locked_s:
        raise _locked(locked_s)
    if not password_fits(None if account is None else account.password_hash, password) or account is None:
        raise _wrong()
    if account.disabled_wall_ns is not None:
        raise _wrong()
    with database.writing() as session:
        account = session.get_one(Account, account.id)
        account.failed_count = 0
        account.locked_until_wall_ns = None
        account.last_sign_in_wall_ns = now_ns
        return _open_web_session(session, account, now_ns)


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


def _count_attempt(account: Account, now_ns: int) -> int:
    """Seconds that the account is still locked, or 0 after having counted this attempt."""
    until = account.locked_until_wall_ns or 0
    if until > now_ns:
        return -(-(until - now_ns) // 10**9)
    if until:  # the lock has run out: count anew
        account.failed_count = 0
        account.locked_until_wall_ns = None
    account.failed_count += 1
    if account.failed_count >= MAX_FAILURES:
        account.locked_until_wall_ns = now_ns + LOCKED_NS
    return 0


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
