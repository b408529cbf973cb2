"""An archive in a local directory, for a trial or where there is no S3 server. Not WORM, and says so everywhere.

A key is a file below the directory. What protects a version stands beside, in `.protection/`; whoever can write the
directory can undo it. Uploads come with a token that the centre made: HMAC over key, length, hash and expiry.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

from storage.disk import make_directories, replace_file, sync_directory
from storage.object_store import (
    GRANT_LIFETIME_S,
    Grant,
    ObjectStoreError,
    Protection,
    StoredObject,
    already_there,
    as_stream,
    bytes_differ,
    check_key,
    not_found,
)
from storage.receipt import StoreKind
from storage.signing import NotCanonical, decode_base64url, encode_base64url

UPLOAD_PATH = "/api/device/objects/"
_PIECE = 1 << 18
_NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class _Granted:
    key: str
    size: int
    sha256: str
    retain_until_wall_ns: int
    expires_wall_ns: int


class LocalStore:
    """See `object_store.ObjectStore`. `grant_key`: at least 32 secret bytes; `base_url`: as rooms reach the centre."""

    worm = False
    kind: StoreKind = "local-not-worm"

    def __init__(self, directory: Path, grant_key: bytes = b"", base_url: str = "") -> None:
        self._directory = directory
        self._incoming = directory / ".incoming"
        self._grant_key = grant_key
        self._base_url = base_url.rstrip("/")
        try:
            make_directories(self._incoming)
            _remove_leftovers(self._incoming)
        except OSError as error:
            raise _failed(error) from error

    def close(self) -> None:
        """Nothing is kept open."""

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
        path = self._path(key)
        if if_absent and path.exists():
            raise already_there(key)
        stream = as_stream(data)
        upload = self._begin(_Granted(key, size, sha256, retain_until_wall_ns or 0, 0), if_absent)
        return upload.take(iter(lambda: stream.read(_PIECE), b""))

    def open(self, key: str, version_id: str | None = None) -> BinaryIO:
        """With `version_id` the bytes are hashed first: a changed file is another version, hence not found."""
        if version_id is not None and self.stat(key, version_id) is None:
            raise not_found(key)
        try:
            return self._path(key).open("rb")
        except (FileNotFoundError, IsADirectoryError) as error:
            raise not_found(key) from error
        except OSError as error:
            raise _failed(error) from error

    def stat(self, key: str, version_id: str | None = None) -> StoredObject | None:
        path = self._path(key)
        if not path.is_file():
            return None
        sha256 = _hash_file(path)
        if version_id not in {None, _version(sha256)}:
            return None
        return StoredObject(key, _version(sha256), path.stat().st_size, sha256)

    def list(self, prefix: str) -> Iterator[StoredObject]:
        folder = self._directory / prefix.rpartition("/")[0]
        names = (path.relative_to(self._directory).as_posix() for path in folder.rglob("*") if path.is_file())
        for name in sorted(name for name in names if name.startswith(prefix) and not name.startswith(".")):
            if (found := self.stat(name)) is not None:
                yield found

    def grant_upload(
        self,
        key: str,
        size: int,
        sha256: str,
        retain_until_wall_ns: int,
        now_wall_ns: int,
        lifetime_s: int = GRANT_LIFETIME_S,
    ) -> Grant:
        granted = _Granted(check_key(key), size, sha256, retain_until_wall_ns, now_wall_ns + lifetime_s * _NS)
        body = encode_base64url(json.dumps(asdict(granted)).encode())
        token = f"{body}.{encode_base64url(self._tag(body))}"
        return Grant(self._base_url + UPLOAD_PATH + token, {"content-length": str(size)}, lifetime_s)

    def begin_upload(self, token: str, now_wall_ns: int) -> LocalUpload:
        """For a caller that receives bytes piece by piece. Raises ObjectStoreError (`bad-grant`, `already-there`)."""
        granted = self._granted(token, now_wall_ns)
        if self._path(granted.key).exists():
            raise already_there(granted.key)
        return self._begin(granted, True)

    def extend_retention(self, key: str, version_id: str, retain_until_wall_ns: int) -> None:
        present = self.protection(key, version_id)
        until = max(present.retain_until_wall_ns or 0, retain_until_wall_ns)
        self._protect(key, Protection(until, present.legal_hold))

    def set_legal_hold(self, key: str, version_id: str, on: bool) -> None:
        self._protect(key, Protection(self.protection(key, version_id).retain_until_wall_ns, on))

    def protection(self, key: str, version_id: str) -> Protection:
        if self.stat(key, version_id) is None:
            raise not_found(key)
        path = self._protection_path(key)
        return Protection(**json.loads(path.read_bytes())) if path.exists() else Protection(None, False)

    def _protect(self, key: str, protection: Protection) -> None:
        path = self._protection_path(key)
        try:
            make_directories(path.parent)
            replace_file(path, json.dumps(asdict(protection)).encode())
        except OSError as error:
            raise _failed(error) from error

    def _begin(self, granted: _Granted, if_absent: bool) -> LocalUpload:
        return LocalUpload(self, granted, self._path(granted.key), self._incoming, if_absent)

    def _granted(self, token: str, now_wall_ns: int) -> _Granted:
        body, _, tag = token.partition(".")
        try:
            genuine = len(self._grant_key) >= 32 and hmac.compare_digest(decode_base64url(tag), self._tag(body))
            granted = _Granted(**json.loads(decode_base64url(body))) if genuine else None
        except NotCanonical:
            granted = None
        if granted is None or now_wall_ns > granted.expires_wall_ns:
            raise ObjectStoreError(
                "bad-grant",
                "上传许可无效或已过期，请重新申请。",
                "The upload grant is not valid or has expired; ask for a new one.",
                recoverable=True,
            )
        return granted

    def _tag(self, body: str) -> bytes:
        if len(self._grant_key) < 32:
            raise ValueError("a local store that grants uploads needs a key of at least 32 bytes")
        return hmac.digest(self._grant_key, b"shilu-upload-1\n" + body.encode(), "sha256")

    def _path(self, key: str) -> Path:
        return self._directory / check_key(key)

    def _protection_path(self, key: str) -> Path:
        return self._directory / ".protection" / f"{check_key(key)}.json"


class LocalUpload:
    """Bytes on their way in: write, then commit or abandon. Nothing shows under the key before commit."""

    def __init__(self, store: LocalStore, granted: _Granted, path: Path, incoming: Path, if_absent: bool) -> None:
        self._store, self._granted, self._path, self._if_absent = store, granted, path, if_absent
        self._temporary = incoming / secrets.token_hex(16)
        self._hash = hashlib.sha256()
        self._size = 0
        try:
            self._file = os.fdopen(os.open(self._temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
        except OSError as error:
            raise _failed(error) from error

    def write(self, data: bytes) -> None:
        self._size += len(data)
        if self._size > self._granted.size:
            raise bytes_differ(self._granted.key)
        self._hash.update(data)
        try:
            self._file.write(data)
        except OSError as error:
            raise _failed(error) from error

    def commit(self) -> StoredObject:
        """Check, sync, give it its name. Raises ObjectStoreError, after which nothing is left."""
        granted, sha256 = self._granted, self._hash.hexdigest()
        try:
            if (self._size, sha256) != (granted.size, granted.sha256):
                raise bytes_differ(granted.key)
            self._name_it()
        except FileExistsError as error:
            raise already_there(granted.key) from error
        except OSError as error:
            raise _failed(error) from error
        finally:
            self.abandon()
        stored = StoredObject(granted.key, _version(sha256), self._size, sha256)
        if granted.retain_until_wall_ns:
            self._store.extend_retention(stored.key, stored.version_id, granted.retain_until_wall_ns)
        return stored

    def take(self, pieces: Iterable[bytes]) -> StoredObject:
        try:
            for piece in pieces:
                self.write(piece)
            return self.commit()
        finally:
            self.abandon()

    def abandon(self) -> None:
        """Leave nothing behind. May follow commit."""
        self._file.close()
        self._temporary.unlink(missing_ok=True)

    def _name_it(self) -> None:
        self._file.flush()
        os.fsync(self._file.fileno())
        make_directories(self._path.parent)
        if self._if_absent:
            os.link(self._temporary, self._path)  # unlike rename, fails when the name is taken
        else:
            self._temporary.replace(self._path)
        sync_directory(self._path.parent)


def _remove_leftovers(incoming: Path) -> None:
    """Uploads that a crash cut short, a day old: nothing writes to them any more."""
    for path in incoming.iterdir():
        if path.stat().st_mtime < time.time() - 86_400:
            path.unlink(missing_ok=True)


def _version(sha256: str) -> str:
    return f"sha256-{sha256}"


def _hash_file(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _failed(error: OSError) -> ObjectStoreError:
    return ObjectStoreError(
        "store-failed",
        f"归档目录写入或读取失败（{error.strerror}）。",
        f"The archive directory failed: {error.strerror}.",
        recoverable=True,
        hint="请检查磁盘空间和目录权限。",
        hint_en="Check the disk's free space and the directory's permissions.",
    )
