"""Puts into the archive what the centre itself has to put there: entries, receipts, keys, records. Blocking calls."""

from __future__ import annotations

import hashlib

from storage.object_store import ObjectStore, ObjectStoreError, StoredObject

MAX_KEPT_BYTES = 8 * 2**20


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
