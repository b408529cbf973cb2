"""What the running centre is made of, built once and handed to every request. Starts nothing by itself."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.requests import HTTPConnection

from config.process import CenterSettings
from control_api.archive.store import ArchiveStore, close_store, open_store
from control_api.database import CenterKey, Meta
from control_api.database.engine import Database, database_url, open_database
from control_api.keys import CenterKeys, open_keys
from control_api.link.links import Links
from control_api.live.watching import Watchers
from storage.sealing_list import SealingList, sign_sealing_list


@dataclass
class Center:
    """`sealing` is the signed list of recipients that rooms get. `now_ns` is UTC wall time.

    `archive_trouble`: the code of the last failure to store, empty when all is well. `wake` hurries the keeper.
    """

    settings: CenterSettings
    database: Database
    keys: CenterKeys
    store: ArchiveStore
    sealing: str
    links: Links = field(default_factory=Links)
    now_ns: Callable[[], int] = time.time_ns
    archive_trouble: str = ""
    archive_ready: bool = False
    keeping_fault: bool = False
    entries_looked_at: bool = False  # since this start: whether the archive has the entries of waiting segments
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    loop: asyncio.AbstractEventLoop | None = None
    watching: Watchers = field(default_factory=Watchers)
    closing: bool = False

    @property
    def secure(self) -> bool:
        return urlsplit(self.settings.public_url).scheme == "https"

    @property
    def cookie_name(self) -> str:
        return "__Host-shilu" if self.secure else "shilu"

    @property
    def centre_key(self) -> str:
        return self.keys.signing.public.text

    def hurry(self) -> None:
        """From any thread: the keeper has something to do."""
        if self.loop is not None:
            self.loop.call_soon_threadsafe(self.wake.set)

    def close(self) -> None:
        close_store(self.store)
        self.database.close()


def open_center(settings: CenterSettings, now_ns: Callable[[], int] = time.time_ns) -> Center:
    """Raises WrongDatabase, NoRecoveryKey, StorageError; each text says what to do."""
    settings.data_directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    database = open_database(database_url(settings.database_url, settings.data_directory), demo=settings.demo)
    keys = open_keys(settings.data_directory, recovery_required=not settings.demo)
    with database.writing() as session:
        _remember_key(session, keys, now_ns())
        version = _sealing_version(session, keys)
    sealing = sign_sealing_list(SealingList(version=version, recipients=list(keys.recipients)), keys.signing)
    store = open_store(settings, keys.signing)
    return Center(settings, database, keys, store, sealing, now_ns=now_ns)


def center_of(connection: HTTPConnection) -> Center:
    center = connection.app.state.center
    assert isinstance(center, Center)  # noqa: S101 - put there by create_app
    return center


def _remember_key(session: Session, keys: CenterKeys, now_ns: int) -> None:
    public = keys.signing.public
    if session.scalar(select(CenterKey).where(CenterKey.public_key == public.text)) is None:
        session.add(CenterKey(fingerprint=public.fingerprint, public_key=public.text, made_wall_ns=now_ns))


def _sealing_version(session: Session, keys: CenterKeys) -> int:
    """One more whenever the recipients differ from last time: rooms take no version older than theirs."""
    digest = hashlib.sha256(repr([(r.name, r.recipient) for r in keys.recipients]).encode()).hexdigest()
    known = session.get(Meta, "sealing")
    if known is None:
        session.add(Meta(key="sealing", value=f"1 {digest}"))
        return 1
    version, standing = known.value.split(" ")
    if standing == digest:
        return int(version)
    known.value = f"{int(version) + 1} {digest}"
    return int(version) + 1
