"""Opens the archive that the settings name. Nothing else chooses between kinds of store."""

from __future__ import annotations

from config.process import LocalArchive, S3Archive
from storage.local_store import LocalStore
from storage.s3_store import S3Store


def open_archive(settings: LocalArchive | S3Archive, *, grant_key: bytes, base_url: str) -> LocalStore | S3Store:
    """Ready for use: a missing directory or bucket is made. Raises ObjectStoreError.

    `grant_key` (at least 32 secret bytes) and `base_url` (as rooms reach the centre) serve a local archive's grants.
    """
    if isinstance(settings, LocalArchive):
        return LocalStore(settings.directory, grant_key, base_url)
    store = S3Store(settings)
    store.prepare()
    return store
