"""What an archive is to the rest of the product: one small interface and its errors. Stores nothing itself.

Reads go by key and version: a name alone may show another version than the one that a receipt speaks of.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import BinaryIO, Protocol

from storage.errors import StorageError
from storage.receipt import StoreKind

GRANT_LIFETIME_S = 600


class ObjectStoreError(StorageError):
    """Codes: not-found, already-there, bytes-differ, denied, immutable, unreachable, bad-key, bad-grant, store-failed.

    `recoverable`: the same call may work later. `hint` and `hint_en` say what to do.
    """

    def __init__(
        self, code: str, message: str, message_en: str, *, recoverable: bool = False, hint: str = "", hint_en: str = ""
    ) -> None:
        super().__init__(code, message, message_en)
        self.recoverable = recoverable
        self.hint = hint
        self.hint_en = hint_en


@dataclass(frozen=True, slots=True)
class StoredObject:
    """One version of an object. `sha256` where this store took it itself, never where it only repeats a claim."""

    key: str
    version_id: str
    size: int
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class Protection:
    """What keeps one version from deletion."""

    retain_until_wall_ns: int | None
    legal_hold: bool


@dataclass(frozen=True, slots=True)
class Grant:
    """Leave to PUT one object of stated bytes, once. All `headers` must be sent as they stand."""

    url: str
    headers: dict[str, str]
    expires_in_s: int


class ObjectStore(Protocol):
    """An archive. Every call may raise ObjectStoreError; all may wait for a network or a disk."""

    @property
    def worm(self) -> bool:
        """Whether a protected version was found, by trying, to withstand deletion."""
        ...

    @property
    def kind(self) -> StoreKind:
        """What a receipt says about the store."""
        ...

    def close(self) -> None:
        """Give up connections; the last call."""
        ...

    def put(
        self,
        key: str,
        data: bytes | BinaryIO,
        size: int,
        sha256: str,
        *,
        retain_until_wall_ns: int | None = None,
        if_absent: bool = True,
    ) -> StoredObject:
        """Store `size` bytes that hash to `sha256`. `already-there` when `if_absent` and the key has a version."""
        ...

    def open(self, key: str, version_id: str | None = None) -> BinaryIO:
        """A reader of one version (the newest without `version_id`); the caller closes it."""
        ...

    def stat(self, key: str, version_id: str | None = None) -> StoredObject | None:
        """None where there is no such object or version."""
        ...

    def list(self, prefix: str) -> Iterator[StoredObject]:
        """Every version whose key begins with `prefix`, a deleted name's versions too; by key."""
        ...

    def grant_upload(
        self,
        key: str,
        size: int,
        sha256: str,
        retain_until_wall_ns: int,
        now_wall_ns: int,
        lifetime_s: int = GRANT_LIFETIME_S,
    ) -> Grant:
        """Leave for somebody without keys to store exactly these bytes under exactly this key."""
        ...

    def extend_retention(self, key: str, version_id: str, retain_until_wall_ns: int) -> None:
        """Keep this version at least until then; an earlier date than the present one changes nothing."""
        ...

    def set_legal_hold(self, key: str, version_id: str, on: bool) -> None: ...

    def protection(self, key: str, version_id: str) -> Protection: ...


def check_key(key: str) -> str:
    """`key` itself when it is a plain relative name. Raises ObjectStoreError (`bad-key`)."""
    parts = key.split("/")
    plain = key.isascii() and key.isprintable() and "\\" not in key and len(key) <= 300
    if not plain or any(part in {"", ".", ".."} or part.startswith(".") for part in parts):
        raise ObjectStoreError("bad-key", "归档对象名无效。", "This can't be the name of an archived object.")
    return key


def as_stream(data: bytes | BinaryIO) -> BinaryIO:
    return BytesIO(data) if isinstance(data, bytes) else data


def not_found(key: str) -> ObjectStoreError:
    return ObjectStoreError("not-found", f"归档中没有 {key}。", f"The archive has no {key}.")


def already_there(key: str) -> ObjectStoreError:
    return ObjectStoreError("already-there", f"归档中已有 {key}。", f"The archive has {key} already.")


def bytes_differ(key: str) -> ObjectStoreError:
    return ObjectStoreError(
        "bytes-differ",
        f"{key} 的内容与声明的长度或哈希不符，未保存。",
        f"The bytes for {key} don't have the stated length or hash; nothing was stored.",
    )
