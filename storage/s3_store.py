"""An archive on an S3 server with Object Lock. The only module that knows the S3 client.

Whether the server keeps what is locked is tried, not believed: see `_probe_worm`.
"""

from __future__ import annotations

import base64
import hashlib
import io
import re
import secrets
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, TypeVar, cast
from xml.etree import ElementTree

import urllib3
from minio import Minio
from minio.commonconfig import COMPLIANCE
from minio.error import MinioException, S3Error
from minio.retention import Retention

from config.process import S3Archive
from storage.object_store import (
    GRANT_LIFETIME_S,
    Grant,
    ObjectStoreError,
    Protection,
    StoredObject,
    check_key,
)
from storage.receipt import StoreKind
from storage.s3_errors import error_code, refused, unreachable
from storage.s3_signature import S3Credentials, presign

CANARY_PREFIX = "probe/"
CANARY_RETENTION_S = 60
_NS = 1_000_000_000
_BUCKET_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_UNSET = {"NoSuchObjectLegalHold", "NoSuchObjectRetention", "NoSuchObjectLockConfiguration"}
_NONSENSE = (
    ElementTree.ParseError,
    ValueError,
    KeyError,
    AttributeError,
    TypeError,
)  # the client reading a portal's page
_Result = TypeVar("_Result")


class S3Store:
    """See `object_store.ObjectStore`. Call `prepare` once before use."""

    def __init__(self, settings: S3Archive, ca_file: Path | None = None) -> None:
        if not _BUCKET_NAME.fullmatch(settings.bucket):
            raise ObjectStoreError(
                "bad-bucket",
                f"存储桶名 {settings.bucket!r} 不合规（3-63 位小写字母、数字、连字符）。",
                f"{settings.bucket!r} can't be a bucket's name: 3 to 63 lower-case letters, digits and hyphens.",
            )
        self._bucket = settings.bucket
        self._credentials = S3Credentials(settings.access_key, settings.secret_key, settings.region)
        self._origin = f"{'https' if settings.secure else 'http'}://{settings.endpoint}"
        self._http = urllib3.PoolManager(
            timeout=urllib3.Timeout(connect=5, read=60),
            maxsize=10,
            retries=urllib3.Retry(total=2, backoff_factor=0.2, status_forcelist=[502, 503, 504]),
            ca_certs=str(ca_file) if ca_file else None,
        )
        self._client = Minio(
            settings.endpoint,
            settings.access_key,
            settings.secret_key,
            region=settings.region,
            secure=settings.secure,
            http_client=self._http,
        )
        self._worm: bool | None = None

    def prepare(self) -> None:
        """Make the bucket with Object Lock where there is none. Raises ObjectStoreError."""
        if not self._call("", lambda: self._client.bucket_exists(self._bucket)):
            self._call("", lambda: self._client.make_bucket(self._bucket, object_lock=True))

    def close(self) -> None:
        """Give up the connections."""
        self._http.clear()

    @property
    def worm(self) -> bool:
        if self._worm is None:
            self._worm = self._probe_worm()
        return self._worm

    @property
    def kind(self) -> StoreKind:
        return "s3-object-lock" if self.worm else "s3-not-worm"

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
        headers = _put_headers(size, sha256, retain_until_wall_ns, if_absent)
        url = presign(self._credentials, "PUT", self._origin, self._path(key), headers, time.time_ns(), 300)
        response = self._call(key, lambda: self._http.request("PUT", url, body=data, headers=headers, retries=False))
        if response.status != 200:
            raise refused(key, response.status, error_code(response.data))
        if "etag" not in response.headers:
            raise unreachable(ValueError("an answer without an ETag"))  # something between us answered 200
        return StoredObject(key, response.headers.get("x-amz-version-id") or "null", size, sha256)

    def open(self, key: str, version_id: str | None = None) -> BinaryIO:
        response = self._call(
            key, lambda: self._client.get_object(self._bucket, check_key(key), version_id=_version(version_id))
        )
        return cast(BinaryIO, io.BufferedReader(_Reader(response), 1 << 18))

    def stat(self, key: str, version_id: str | None = None) -> StoredObject | None:
        try:
            found = self._call(
                key, lambda: self._client.stat_object(self._bucket, check_key(key), version_id=_version(version_id))
            )
        except ObjectStoreError as error:
            if error.code == "not-found":
                return None
            raise
        return StoredObject(key, found.version_id or "null", found.size or 0)

    def list(self, prefix: str) -> Iterator[StoredObject]:
        found = self._client.list_objects(self._bucket, prefix, recursive=True, include_version=True)
        while (item := self._call(prefix, lambda: next(found, None))) is not None:
            if not item.is_delete_marker and not item.is_dir:
                yield StoredObject(str(item.object_name), item.version_id or "null", item.size or 0)

    def grant_upload(
        self,
        key: str,
        size: int,
        sha256: str,
        retain_until_wall_ns: int,
        now_wall_ns: int,
        lifetime_s: int = GRANT_LIFETIME_S,
    ) -> Grant:
        headers = _put_headers(size, sha256, retain_until_wall_ns, if_absent=True)
        url = presign(self._credentials, "PUT", self._origin, self._path(key), headers, now_wall_ns, lifetime_s)
        return Grant(url, headers, lifetime_s)

    def extend_retention(self, key: str, version_id: str, retain_until_wall_ns: int) -> None:
        present = self.protection(key, version_id).retain_until_wall_ns
        if present is None or present < retain_until_wall_ns:
            retention = Retention(COMPLIANCE, _whole_second_after(retain_until_wall_ns))
            self._call(
                key, lambda: self._client.set_object_retention(self._bucket, key, retention, _version(version_id))
            )

    def set_legal_hold(self, key: str, version_id: str, on: bool) -> None:
        act = self._client.enable_object_legal_hold if on else self._client.disable_object_legal_hold
        self._call(key, lambda: act(self._bucket, check_key(key), _version(version_id)))

    def protection(self, key: str, version_id: str) -> Protection:
        place = (self._bucket, check_key(key), _version(version_id))
        held = self._call(key, lambda: _unless_unset(lambda: self._client.is_object_legal_hold_enabled(*place)))
        retention = self._call(key, lambda: _unless_unset(lambda: self._client.get_object_retention(*place)))
        until = int(retention.retain_until_date.timestamp()) * _NS if retention else None
        return Protection(until, bool(held))

    def _probe_worm(self) -> bool:
        """Lock a canary for a minute and try to delete it and to shorten its lock: both must be refused."""
        self._remove_old_canaries()
        key, content = CANARY_PREFIX + secrets.token_hex(16), b"canary"
        until_ns = time.time_ns() + CANARY_RETENTION_S * _NS
        try:
            canary = self.put(
                key, content, len(content), hashlib.sha256(content).hexdigest(), retain_until_wall_ns=until_ns
            )
        except ObjectStoreError as error:
            if error.recoverable or error.code == "not-found":
                raise
            return False  # a bucket without Object Lock refuses the lock's headers
        return not self._can_delete(canary) and self.stat(key, canary.version_id) is not None

    def _can_delete(self, stored: StoredObject) -> bool:
        try:
            self._client.remove_object(self._bucket, stored.key, stored.version_id)
        except S3Error:
            return False
        except (MinioException, urllib3.exceptions.HTTPError, *_NONSENSE) as error:
            raise unreachable(error) from error
        return True

    def _remove_old_canaries(self) -> None:
        """So that they don't pile up; those still locked stay."""
        for old in list(self.list(CANARY_PREFIX)):
            self._can_delete(old)

    def _path(self, key: str) -> str:
        return f"/{self._bucket}/{check_key(key)}"

    def _call(self, key: str, act: Callable[[], _Result]) -> _Result:
        try:
            return act()
        except S3Error as error:
            raise refused(key, 0, str(error.code)) from error
        except (MinioException, urllib3.exceptions.HTTPError, *_NONSENSE) as error:
            raise unreachable(error) from error


class _Reader(io.RawIOBase):
    """A response as a file: bytes as they come, connection given back at the end."""

    def __init__(self, response: Any) -> None:
        self._response = response

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            data: bytes = self._response.read(len(buffer))
        except urllib3.exceptions.HTTPError as error:
            raise unreachable(error) from error
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self._response.close()
            self._response.release_conn()
        super().close()


def _put_headers(size: int, sha256: str, retain_until_wall_ns: int | None, if_absent: bool) -> dict[str, str]:
    headers = {
        "content-length": str(size),
        "x-amz-checksum-sha256": base64.b64encode(bytes.fromhex(sha256)).decode(),
    }
    if retain_until_wall_ns is not None:
        headers["x-amz-object-lock-mode"] = COMPLIANCE
        until = _whole_second_after(retain_until_wall_ns)
        headers["x-amz-object-lock-retain-until-date"] = until.strftime("%Y-%m-%dT%H:%M:%SZ")
    if if_absent:
        headers["if-none-match"] = "*"
    return headers


def _whole_second_after(wall_ns: int) -> datetime:
    return datetime.fromtimestamp(-(-wall_ns // _NS), UTC)


def _version(version_id: str | None) -> str | None:
    """`null` is S3's name for the one version in a bucket without versioning."""
    return None if version_id == "null" else version_id


def _unless_unset(ask: Callable[[], _Result]) -> _Result | None:
    """None where a server answers "never set" with an error."""
    try:
        return ask()
    except S3Error as error:
        if error.code in _UNSET:
            return None
        raise
