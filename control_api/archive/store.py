"""Opens the centre's archive. The grants of a local one are sealed with a secret drawn from the centre's own key."""

from __future__ import annotations

import hashlib

from config.process import CenterSettings, S3Archive
from storage.archive import open_archive
from storage.local_store import LocalStore
from storage.object_store import ObjectStoreError
from storage.s3_store import S3Store
from storage.signing import SigningKey

ArchiveStore = LocalStore | S3Store


def open_store(settings: CenterSettings, key: SigningKey) -> ArchiveStore:
    """An archive that can't be reached now is left unprepared: the centre starts all the same, the keeper tries again.

    Raises ObjectStoreError when it refuses this centre for good, such as for a wrong key.
    """
    # Ed25519 signatures are deterministic: the same secret after every start, on every centre with this key.
    grant_key = hashlib.sha256(key.sign_raw(b"shilu-upload-grants-1")).digest()
    try:
        # Grants name a path: rooms reach the centre by an address of their own.
        return open_archive(settings.archive, grant_key=grant_key, base_url="")
    except ObjectStoreError as error:
        if not (error.recoverable and isinstance(settings.archive, S3Archive)):
            raise
        return S3Store(settings.archive)


def prepare_store(store: ArchiveStore) -> None:
    """Make the bucket where there is none. May be repeated. Raises ObjectStoreError."""
    if isinstance(store, S3Store):
        store.prepare()


def close_store(store: ArchiveStore) -> None:
    if isinstance(store, S3Store):
        store.close()
