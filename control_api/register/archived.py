"""The register in the archive: every row as a signed record, and the daily check of one against the other.

R1 alone holds against whoever changes a row, not against whoever writes the whole database anew: the chain's hash has
no key. What was signed and lies in the archive can't be written anew.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from control_api.accounts.acts import KIND as ACTS
from control_api.accounts.acts import broken_act
from control_api.archive.alarms import clear_alarm, raise_alarm
from control_api.archive.keeping import MAX_KEPT_BYTES
from control_api.archive.retention import DAY_NS
from control_api.center import Center
from control_api.database import AccessGrant, AccessStretch, AccountAct, CenterKey, Meta
from control_api.records.write import add_record
from control_api.register.service import KIND, RegisterFault, check_chain
from storage.errors import StorageError
from storage.layout import day_path
from storage.object_store import StoredObject
from storage.record import read_record
from storage.signing import PublicKey

SETTLE_NS = 60 * 10**9  # a stretch as old as this has no unfinished one before it
PAUSE_NS = 300 * 10**9
BATCH = 500
CHECK_NS = DAY_NS
GRACE_NS = 3600 * 10**9
BACK_DAYS = 400
STRETCHES = "stretches"
_STRETCHES, _CHECKED = "stretches-head", "register-checked"


def archive_stretches(center: Center, _limit: int) -> int:
    """What really went out, as records of many stretches, each naming the one before it. Returns how many records."""
    now_ns = center.now_ns()
    with center.database.writing() as session:
        head = session.get(Meta, _STRETCHES, with_for_update=True) or Meta(key=_STRETCHES, value="0 ")
        last, _, previous = head.value.partition(" ")
        query = select(AccessStretch).where(AccessStretch.number > int(last)).order_by(AccessStretch.number)
        rows = [_stretch(row) for row in _settled(session.scalars(query.limit(BATCH)), now_ns)]
        if not rows or (len(rows) < BATCH and now_ns - int(rows[0]["fetched_wall_ns"]) < PAUSE_NS):
            return 0
        body = {"stretches": rows, "previous": previous or None}
        digest = hashlib.sha256(json.dumps(body).encode()).hexdigest()
        add_record(session, center, now_ns, STRETCHES, body, digest[:32])
        head.value = f"{rows[-1]['number']} {digest}"
        session.merge(head)
    return 1


def check_register(center: Center, _limit: int) -> int:
    """Once a day. A fault is an alarm that stays until the register fits again."""
    now_ns = center.now_ns()
    with center.database.reading() as session:
        checked = session.get(Meta, _CHECKED)
        if checked is not None and 0 <= now_ns - int(checked.value) < CHECK_NS:
            return 0
        fault = check_chain(session) or check_acts(session)
        for kind in (KIND, ACTS):
            fault = fault or find_difference(session, center, now_ns, kind)
        fault = fault or find_changed_stretch(session, center, now_ns)
    with center.database.writing() as session:
        session.merge(Meta(key=_CHECKED, value=str(now_ns)))
        if fault is None:
            clear_alarm(session, now_ns, "register-broken", room_id=None, device_id=None)
        else:
            raise_alarm(session, now_ns, "register-broken", detail=f"row {fault.number}: {fault.why}")
    return 1


def check_acts(session: Session) -> RegisterFault | None:
    broken = broken_act(session)
    return None if broken is None else RegisterFault(broken, "what was done to accounts was changed")


def find_difference(session: Session, center: Center, now_ns: int, kind: str) -> RegisterFault | None:
    """Rows and records of the last two days, or of the last day that has any: the chain binds all rows before them."""
    table: Any = AccessGrant if kind == KIND else AccountAct
    made = AccessGrant.granted_wall_ns if kind == KIND else AccountAct.made_wall_ns
    archived: dict[str, dict[str, Any]] = {}
    for name, body in _recent(session, center, kind, now_ns):
        if body is None:
            return _foreign(name)
        archived[str(body["id"])] = body
    for body in archived.values():
        row = session.scalar(select(table).where(table.id == str(body["id"])))
        if row is None or row.sha256 != body["sha256"]:
            return RegisterFault(int(body["number"]), "the archive's copy says otherwise")
    late = made.between(now_ns - 2 * DAY_NS, now_ns - GRACE_NS)
    for row in session.scalars(select(table).where(late).order_by(table.number)):
        if row.id not in archived:
            return RegisterFault(row.number, "the archive has no copy of it")
    return None


def find_changed_stretch(session: Session, center: Center, now_ns: int) -> RegisterFault | None:
    for name, body in _recent(session, center, STRETCHES, now_ns):
        if body is None:
            return _foreign(name)
        for said in body["stretches"]:
            row = session.get(AccessStretch, said["number"])
            if row is None or _stretch(row) != said:
                return RegisterFault(0, f"stretch {said['number']} is another in the archive's copy")
    return None


def _recent(session: Session, center: Center, kind: str, now_ns: int) -> Iterator[tuple[str, dict[str, Any] | None]]:
    """Names and bodies (None: of no version the centre signed) of the last two days, or of the newest day there is."""
    keys = [PublicKey.from_text(text) for text in session.scalars(select(CenterKey.public_key))]
    bodies: dict[str, dict[str, Any] | None] = {}
    for stored in _recent_objects(center, kind, now_ns):
        bodies.setdefault(stored.key, None)
        with center.store.open(stored.key, stored.version_id) as reader:
            data = reader.read(MAX_KEPT_BYTES)
        with suppress(StorageError):
            bodies[stored.key] = read_record(stored.key, data, keys, center.keys.opener)
    yield from bodies.items()


def _recent_objects(center: Center, kind: str, now_ns: int) -> list[StoredObject]:
    since = f"records/{kind}/{day_path(now_ns - 2 * DAY_NS)}"
    days = [day_path(now_ns - day * DAY_NS) for day in range(-1, BACK_DAYS)]
    found: list[StoredObject] = []
    for month in dict.fromkeys(day[:7] for day in days):
        prefix = f"records/{kind}/{month}/"
        if found and prefix < since[: len(prefix)]:
            break
        found.extend(center.store.list(prefix))
    newest = max((one.key[: len(since)] for one in found), default=since)
    return [one for one in found if one.key[: len(since)] >= min(since, newest)]


def _foreign(name: str) -> RegisterFault:
    return RegisterFault(0, f"{name} in the archive is no record of this centre")


def _settled(rows: Any, now_ns: int) -> Iterator[AccessStretch]:
    for row in rows:
        if now_ns - row.fetched_wall_ns < SETTLE_NS:
            return
        yield row


def _stretch(row: AccessStretch) -> dict[str, Any]:
    return {
        "number": row.number,
        "grant": row.grant_id,
        "from_wall_ns": str(row.from_wall_ns),
        "to_wall_ns": str(row.to_wall_ns),
        "fetched_wall_ns": str(row.fetched_wall_ns),
        "entry_sha256": row.entry_sha256,
    }
