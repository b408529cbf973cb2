"""Counts wrong passwords, so that guessing ends and nobody can lock another out.

By source and account: five wrong ones lock that account for that source alone. By source: thirty in a quarter of an
hour, whomever they are aimed at. By account: fifty, from wherever; that lock holds for sources alone from which this
person has not signed in before. None of them reaches a room: its console counts PINs by itself.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress

from sqlalchemy import and_, delete, or_
from sqlalchemy.orm import Session
from starlette.requests import HTTPConnection

from control_api.archive.alarms import raise_alarm
from control_api.database import Account, SignInAttempt

PAIR_FAILURES = 5
SOURCE_FAILURES = 30
ACCOUNT_FAILURES = 50
LOCKED_NS = 15 * 60 * 10**9
FORGET_NS = 24 * 3600 * 10**9
KNOWN_NS = 90 * FORGET_NS
ANYBODY = ""


def source_of(connection: HTTPConnection) -> str:
    """The address that an attempt is counted under; the network of an IPv6 one, since its guest picks the rest."""
    host = connection.client.host if connection.client else "unknown"
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host[:64]
    return str(ipaddress.ip_network((address, 64), strict=False)) if address.version == 6 else str(address)


def target_of(account: Account | None, name: str, key: bytes) -> str:
    """What an attempt is aimed at. An unknown name is kept as a MAC only: people type passwords there."""
    return account.id if account is not None else hmac.new(key, name.encode(), hashlib.sha256).hexdigest()


def count_attempt(session: Session, source: str, target: str, account: Account | None, now_ns: int) -> int:
    """Seconds to wait before the next attempt, or 0 after having counted this one."""
    _forget(session, now_ns)
    pair, whole = _row(session, source, target, now_ns), _row(session, source, ANYBODY, now_ns)
    known = pair.good_wall_ns is not None and now_ns - pair.good_wall_ns <= KNOWN_NS
    locks = [pair.locked_until_wall_ns, whole.locked_until_wall_ns]
    if account is not None and not known:
        locks.append(account.locked_until_wall_ns)
    until_ns = max(lock or 0 for lock in locks)
    if until_ns > now_ns:
        return -(-(until_ns - now_ns) // 10**9)
    _count(pair, PAIR_FAILURES, now_ns)
    if _count(whole, SOURCE_FAILURES, now_ns):
        raise_alarm(session, now_ns, "sign-in-guessed", detail=f"source {source}")
    if account is not None and _count_account(account, now_ns):
        raise_alarm(session, now_ns, "sign-in-guessed", detail=f"account {account.id}")
    return 0


def forgive_attempt(session: Session, source: str, account: Account, now_ns: int) -> None:
    """The password fitted: what was counted for this person is gone, and this source is known."""
    pair, whole = _row(session, source, account.id, now_ns), _row(session, source, ANYBODY, now_ns)
    pair.failed_count, pair.locked_until_wall_ns, pair.good_wall_ns = 0, None, now_ns
    whole.failed_count, whole.locked_until_wall_ns = max(0, whole.failed_count - 1), None
    account.failed_count, account.locked_until_wall_ns = 0, None


def unlock(session: Session, account: Account) -> None:
    """By an administrator: from everywhere."""
    session.execute(delete(SignInAttempt).where(SignInAttempt.target == account.id))
    account.failed_count, account.locked_until_wall_ns = 0, None


def _row(session: Session, source: str, target: str, now_ns: int) -> SignInAttempt:
    row = session.get(SignInAttempt, (source, target), with_for_update=True)
    if row is None:
        row = SignInAttempt(source=source, target=target, failed_count=0, first_wall_ns=now_ns, last_wall_ns=now_ns)
        session.add(row)
        session.flush()
    return row


def _count(row: SignInAttempt, limit: int, now_ns: int) -> bool:
    """Whether this one locks."""
    if row.locked_until_wall_ns is not None or now_ns - row.first_wall_ns > LOCKED_NS:
        row.failed_count, row.first_wall_ns, row.locked_until_wall_ns = 0, now_ns, None
    row.failed_count += 1
    row.last_wall_ns = now_ns
    if row.failed_count >= limit:
        row.locked_until_wall_ns = now_ns + LOCKED_NS
    return row.failed_count >= limit


def _count_account(account: Account, now_ns: int) -> bool:
    if (account.locked_until_wall_ns or now_ns) < now_ns:  # the lock has run out: count anew
        account.failed_count, account.locked_until_wall_ns = 0, None
    account.failed_count += 1
    if account.failed_count >= ACCOUNT_FAILURES:
        account.locked_until_wall_ns = now_ns + LOCKED_NS
    return account.failed_count >= ACCOUNT_FAILURES


def _forget(session: Session, now_ns: int) -> None:
    never_good = and_(SignInAttempt.good_wall_ns.is_(None), SignInAttempt.last_wall_ns < now_ns - FORGET_NS)
    session.execute(delete(SignInAttempt).where(or_(never_good, SignInAttempt.good_wall_ns < now_ns - KNOWN_NS)))
