"""What was done to accounts, by whom: rows chained by hash, read beside the access register.

P3  Whoever sets another's password could sign in under that name: no such act goes without a row, a signed record in
    the archive and a word to the person at the next sign-in.
"""

from __future__ import annotations

import hashlib
import json

from sqlalchemy import select
from sqlalchemy.orm import Session

from control_api.accounts.actor import Actor
from control_api.accounts.permissions import Permission, may
from control_api.archive.alarms import raise_alarm
from control_api.center import Center
from control_api.database import Account, AccountAct, Meta, new_id
from control_api.database.state import locked_head
from control_api.records.write import add_record

KIND = "accounts"
COMMAND_LINE = "shilu-center"
TOLD_NS = 7 * 86400 * 10**9
SHOWN_NS = 90 * 86400 * 10**9
LIMIT = 200
_HEAD, _ARCHIVED = "account-acts-head", "account-acts-archived"
FIELDS = ("id", "account", "name", "act", "by", "by_name", "made_wall_ns", "previous")


def record_act(session: Session, actor: Actor | None, account: Account, act: str, now_ns: int) -> AccountAct:
    """`act`: created, password-reset, password-changed, pin-set, disabled, enabled. `actor` None: the command line."""
    head = locked_head(session, _HEAD)
    row = AccountAct(
        id=new_id(),
        account_id=account.id,
        name=account.display_name,
        act=act,
        by_account_id=actor.account_id if actor else None,
        by_name=actor.name if actor else COMMAND_LINE,
        made_wall_ns=now_ns,
        previous=head.value or None,
    )
    row.sha256 = head.value = act_hash(row)
    session.add(row)
    session.flush()
    sees_footage = may(account.role, Permission.REPLAY) or may(account.role, Permission.WATCH_LIVE)
    if act == "password-reset" and sees_footage and row.by_account_id != account.id:
        raise_alarm(session, now_ns, "password-reset", detail=f"account {account.id}")
    return row


def acts_by_others(session: Session, account_id: str, since_ns: int) -> list[AccountAct]:
    """Newest first: what somebody else did to this account once it was there."""
    query = select(AccountAct).where(AccountAct.account_id == account_id, AccountAct.made_wall_ns >= since_ns)
    others = (AccountAct.by_account_id.is_(None)) | (AccountAct.by_account_id != account_id)
    query = query.where(others, AccountAct.act != "created")
    return list(session.scalars(query.order_by(AccountAct.number.desc()).limit(LIMIT)))


def list_acts(session: Session, actor: Actor, span_ns: tuple[int, int] | None = None) -> list[AccountAct]:
    """Newest first."""
    actor.check(Permission.READ_REGISTER)
    query = select(AccountAct)
    if span_ns is not None:
        query = query.where(AccountAct.made_wall_ns >= span_ns[0], AccountAct.made_wall_ns < span_ns[1])
    return list(session.scalars(query.order_by(AccountAct.number.desc()).limit(LIMIT)))


def broken_act(session: Session) -> int | None:
    """Number of the first row that does not follow from the one before it; 0 when rows at the end are missing."""
    previous: str | None = None
    for row in session.scalars(select(AccountAct).order_by(AccountAct.number).execution_options(yield_per=500)):
        if row.previous != previous or row.sha256 != act_hash(row):
            return row.number
        previous = row.sha256
    head = session.get(Meta, _HEAD)
    return None if (head.value if head is not None else "") == (previous or "") else 0


def archive_acts(center: Center, limit: int) -> int:
    """By the keeper: each new row as a signed record. Returns how many."""
    with center.database.writing() as session:
        archived = locked_head(session, _ARCHIVED)
        query = select(AccountAct).where(AccountAct.number > int(archived.value or "0")).order_by(AccountAct.number)
        rows = session.scalars(query.limit(limit)).all()
        for row in rows:
            body = dict(zip(FIELDS, _fields(row), strict=True)) | {"number": row.number, "sha256": row.sha256}
            add_record(session, center, row.made_wall_ns, KIND, body, row.id)
            archived.value = str(row.number)
    return len(rows)


def act_hash(row: AccountAct) -> str:
    text = json.dumps(["shilu-account-act-1", *_fields(row)], ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _fields(row: AccountAct) -> list[str | None]:
    """In the order of FIELDS."""
    made = str(row.made_wall_ns)
    return [row.id, row.account_id, row.name, row.act, row.by_account_id, row.by_name, made, row.previous]
