"""Records on their way to the archive: sealed, with the row they belong to, stored by the keeper until it holds.

The content is sealed to the same keys as footage, since it may name a case; the name in the archive says only the
kind, the day and a random id.
"""

from __future__ import annotations

import base64
import json
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from control_api.archive.keeping import keep
from control_api.archive.retention import DAY_NS
from control_api.center import Center
from control_api.database import ArchiveWrite, new_id
from storage.layout import key_record_key, record_key
from storage.sealing import seal_bytes

FORMAT = "shilu-record-1"


def add_record(session: Session, center: Center, now_ns: int, kind: str, body: dict[str, Any]) -> None:
    """`kind`: holds, releases, findings, corrections …; `body` JSON."""
    sealed = seal_bytes(json.dumps(body, ensure_ascii=False).encode(), center.keys.recipient_texts)
    wrapped = {"format": FORMAT, "kind": kind, "sealed": base64.b64encode(sealed).decode()}
    add_write(session, center, now_ns, record_key(kind, now_ns, new_id()), json.dumps(wrapped).encode())


def add_write(session: Session, center: Center, now_ns: int, key: str, data: bytes) -> None:
    session.add(
        ArchiveWrite(
            object_key=key,
            data=data,
            retain_until_wall_ns=now_ns + center.settings.tagged_days * DAY_NS,
            made_wall_ns=now_ns,
        )
    )


def add_key_record(session: Session, center: Center, now_ns: int, owner: str, kid: str, body: dict[str, Any]) -> None:
    """A public key, readable by everybody: what a verification far from here needs. Once per key."""
    key = key_record_key(owner, kid)
    if session.scalar(select(ArchiveWrite.number).where(ArchiveWrite.object_key == key)) is None:
        add_write(session, center, now_ns, key, json.dumps({"format": FORMAT, "kind": "keys", **body}).encode())


def store_waiting(center: Center, limit: int = 100) -> int:
    """Store what waits, oldest first. Returns how many; raises ObjectStoreError when the archive is down."""
    with center.database.reading() as session:
        query = select(ArchiveWrite).where(ArchiveWrite.stored_wall_ns.is_(None)).order_by(ArchiveWrite.number)
        waiting = session.scalars(query.limit(limit)).all()
    for write in waiting:
        keep(center.store, write.object_key, write.data, write.retain_until_wall_ns)
        with center.database.writing() as session:
            session.get_one(ArchiveWrite, write.number).stored_wall_ns = center.now_ns()
    return len(waiting)
