"""Opens the centre's archive. The grants of a local one are sealed with a secret drawn from the centre's own key."""

from __future__ import annotations

import hashlib

from config.process import CenterSettings
from storage.archive import open_archive
from storage.local_store import LocalStore
from storage.s3_store import S3Store
from storage.signing import SigningKey

ArchiveStore = LocalStore | S3Store


def open_store(settings: CenterSettings, key: SigningKey) -> ArchiveStore:
    """Raises ObjectStoreError when the archive can't be reached."""
    # Ed25519 signatures are deterministic: the same secret after every start, on every centre with this key.
    grant_key = hashlib.sha256(key.sign_raw(b"shilu-upload-grants-1")).digest()
    # Grants name a path: rooms reach the centre by an address of their own.
    return open_archive(settings.archive, grant_key=grant_key, base_url="")
