"""Puts into the archive what the centre itself has to put there: entries, receipts, keys, records. Blocking calls."""

from __future__ import annotations

import hashlib

import structlog
from sqlalchemy import ColumnElement, or_

from control_api.archive.alarms import raise_alarm
from control_api.center import Center
from control_api.database import Entry
from control_api.errors import CenterError
from storage.errors import StorageError
from storage.object_store import ObjectStore, ObjectStoreError, StoredObject

log = structlog.get_logger()
PUT_OFF_NS = 3600 * 10**9
MAX_KEPT_BYTES = 8 * 2**20


def archive_down(error: Exception) -> bool:
    """Whether the archive as a whole is the trouble: then everything waits. Else it is this one object's own."""
    return isinstance(error, ObjectStoreError) and (error.recoverable or error.code in ("denied", "store-failed"))


def keep(store: ObjectStore, key: str, data: bytes, retain_until_wall_ns: int) -> tuple[StoredObject, bytes]:
    """Store `data` once, or find what stands there already: the object and its bytes. Raises ObjectStoreError."""
    digest = hashlib.sha256(data).hexdigest()
    try:
        stored = store.put(key, data, len(data), digest, retain_until_wall_ns=retain_until_wall_ns)
    except ObjectStoreError as error:
        if error.code != "already-there":
            raise
        return _standing(store, key)
    return stored, data


def due(now_ns: int) -> ColumnElement[bool]:
    """A condition on entries: not put off until later."""
    return or_(Entry.keep_after_wall_ns.is_(None), Entry.keep_after_wall_ns <= now_ns)


def put_off(center: Center, sha256: str, error: Exception) -> None:
    """This entry's own trouble: said, and tried again in an hour."""
    code = error.code if isinstance(error, StorageError | CenterError) else type(error).__name__
    log.warning("entry-not-kept", entry=sha256[:16], code=code)
    now_ns = center.now_ns()
    with center.database.writing() as session:
        entry = session.get_one(Entry, sha256)
        entry.keep_after_wall_ns = now_ns + PUT_OFF_NS
        detail = f"{code} {sha256[:16]}"
        raise_alarm(session, now_ns, "entry-not-kept", room_id=entry.room_id, device_id=entry.device_id, detail=detail)


def read_back(store: ObjectStore, stored: StoredObject) -> tuple[str, int]:
    """SHA-256 and size of the bytes that the archive gives for this version."""
    digest, size = hashlib.sha256(), 0
    with store.open(stored.key, stored.version_id) as reader:
        while piece := reader.read(1 << 20):
            digest.update(piece)
            size += len(piece)
    return digest.hexdigest(), size


def _standing(store: ObjectStore, key: str) -> tuple[StoredObject, bytes]:
    stored = store.stat(key)
    if stored is None:
        raise ObjectStoreError(
            "store-failed",
            "归档存储前后不一致，稍后重试。",
            "The archive said that an object is there and then that it is not; it is tried again.",
            recoverable=True,
        )
    with store.open(key, stored.version_id) as reader:
        return stored, reader.read(MAX_KEPT_BYTES)
