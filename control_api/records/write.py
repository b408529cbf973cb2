"""Records on their way to the archive: sealed, with the row they belong to, stored by the keeper until it holds.

The content is sealed to the same keys as footage, since it may name a case, and signed by the centre; the name in the
archive says only the kind, the day and a random id (`storage/record.py`).
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from control_api.archive.alarms import raise_alarm
from control_api.archive.keeping import keep
from control_api.archive.retention import DAY_NS
from control_api.center import Center
from control_api.database import ArchiveWrite, CenterKey, Device, new_id
from storage.key_record import KeyRecord, centre_key_record, device_key_record
from storage.layout import KEYS_PREFIX
from storage.record import write_record
from storage.signing import PublicKey


def add_record(
    session: Session, center: Center, now_ns: int, kind: str, body: dict[str, Any], identifier: str | None = None
) -> None:
    """`kind`: holds, releases, findings, corrections …; `body` JSON; `identifier`: for a name known again."""
    keys = center.keys
    name, data = write_record(kind, identifier or new_id(), now_ns, body, keys.recipient_texts, keys.signing)
    add_write(session, center, now_ns, name, data)


def add_write(session: Session, center: Center, now_ns: int, key: str, data: bytes) -> None:
    session.add(
        ArchiveWrite(
            object_key=key,
            data=data,
            retain_until_wall_ns=now_ns + center.settings.tagged_days * DAY_NS,
            made_wall_ns=now_ns,
        )
    )


def add_keys(center: Center, limit: int = 100) -> int:
    """The public keys that a verification far from here needs: readable by everybody, once per key."""
    with center.database.reading() as session:
        query = select(ArchiveWrite.object_key).where(ArchiveWrite.object_key.startswith(KEYS_PREFIX))
        known = set(session.scalars(query))
        new = [record for record in _key_records(session) if record.object_key not in known][:limit]
    if new:
        with center.database.writing() as session:
            for record in new:
                signed = record.signed_by(center.keys.signing).model_dump_json()
                add_write(session, center, center.now_ns(), record.object_key, signed.encode())
    return len(new)


def _key_records(session: Session) -> list[KeyRecord]:
    records = [
        centre_key_record(PublicKey.from_text(row.public_key), row.made_wall_ns)
        for row in session.scalars(select(CenterKey))
    ]
    for device in session.scalars(select(Device).where(Device.confirmed_wall_ns.is_not(None))):
        key, since_ns = PublicKey.from_text(device.chain_key), device.confirmed_wall_ns or 0
        records.append(device_key_record(key, device.id, device.room_id, since_ns))
    return records


def store_waiting(center: Center, limit: int = 100) -> int:
    """Store what waits, oldest first. Returns how many; raises ObjectStoreError when the archive is down.

    Where other bytes stand under the name already, somebody put them there: said loudly, set aside, the rest goes on.
    """
    with center.database.reading() as session:
        query = select(ArchiveWrite).where(ArchiveWrite.stored_wall_ns.is_(None), ArchiveWrite.refused_code.is_(None))
        waiting = session.scalars(query.order_by(ArchiveWrite.number).limit(limit)).all()
    for write in waiting:
        _, standing = keep(center.store, write.object_key, write.data, write.retain_until_wall_ns)
        with center.database.writing() as session:
            row = session.get_one(ArchiveWrite, write.number)
            if standing == write.data:
                row.stored_wall_ns = center.now_ns()
            else:
                row.refused_code = "bytes-differ"
                raise_alarm(session, center.now_ns(), "record-differs", detail=write.object_key)
    return len(waiting)
