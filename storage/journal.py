"""The journal beside an open segment: what is in it and what each fragment hashes to. Owns its lines, not the segment.

The room can't open its own footage; after a crash the journal is how it knows what the torn file holds. Each line
begins with a checksum, so that a torn or zeroed line ends the journal instead of being believed. A journal on a disk
that can be carried away is written with a key: each line then begins with a code over it and all lines before it, and
what somebody else wrote or changed is not believed either.
"""

from __future__ import annotations

import errno
import hashlib
import hmac
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from storage.disk import sync_directory
from storage.errors import StorageError
from storage.manifest import ClockState, Digest, FragmentProof, Identifier, Moment, Track

_CHECK_CHARACTERS = 16
_KEYED_CHARACTERS = 64
MOST_BYTES = 16 << 20  # a segment of half a minute takes some kilobytes


class JournalError(StorageError):
    """Not even the journal's first line can be read: nothing in the segment can be proved."""


class JournalHeader(BaseModel):
    """What is known when a segment is opened. `anchor` is the run's: the clocks at pts 0."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    format: Literal["shilu-journal-1"] = "shilu-journal-1"
    run: Identifier
    sequence: int = Field(ge=0)
    anchor: Moment
    clock: ClockState = ClockState()
    tracks: list[Track]
    init_size: int = Field(gt=0)
    init_sha256: Digest
    session: Identifier | None = None
    tag_sha256: Digest | None = None
    replaces: list[Digest] | None = None


@dataclass(frozen=True, slots=True)
class JournalContents:
    header: JournalHeader
    fragments: list[FragmentProof]


class JournalWriter:
    """Creates `path` exclusively, header first and synced. Errors are OSError, for the caller's one place."""

    def __init__(self, path: Path, header: JournalHeader, key: bytes | None = None) -> None:
        self._checks = _Checks(key)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        self._file = os.fdopen(descriptor, "ab", buffering=0)
        try:
            self._append(header)
            self.sync()
            sync_directory(path.parent)
        except BaseException:
            self._file.close()
            raise

    def append(self, proof: FragmentProof) -> None:
        """Not on disk before `sync`."""
        self._append(proof)

    def sync(self) -> None:
        os.fdatasync(self._file.fileno())

    def close(self) -> None:
        self._file.close()

    def _append(self, line: BaseModel) -> None:
        text = line.model_dump_json().encode()
        data = self._checks.next(text) + b" " + text + b"\n"
        while data:
            data = data[self._file.write(data) :]


def read_journal(path: Path, key: bytes | None = None) -> JournalContents:
    """Every line up to the first that is torn, or not written with `key`. Raises JournalError or OSError."""
    checks = _Checks(key)
    lines = [checks.checked(line) for line in _read(path).split(b"\n")]
    try:
        header = JournalHeader.model_validate_json(lines[0] or b"")
    except ValidationError as error:
        raise JournalError(
            "journal-damaged",
            f"片段日志 {path.name} 已损坏，无法确认片段内容。",
            f"The journal {path.name} is damaged; what its segment holds can't be proved.",
        ) from error
    return JournalContents(header, _proofs(lines[1:]))


def _proofs(lines: list[bytes | None]) -> list[FragmentProof]:
    proofs: list[FragmentProof] = []
    for line in lines:
        if line is None:
            break
        try:
            proofs.append(FragmentProof.model_validate_json(line))
        except ValidationError:
            break
    return proofs


class _Checks:
    """What each line begins with. With a key it stands for all lines before it too."""

    def __init__(self, key: bytes | None) -> None:
        self._key, self._before = key, b""

    def next(self, text: bytes) -> bytes:
        if self._key is None:
            return hashlib.sha256(text).hexdigest()[:_CHECK_CHARACTERS].encode()
        self._before = hmac.digest(self._key, self._before + text, "sha256").hex()[:_KEYED_CHARACTERS].encode()
        return self._before

    def checked(self, line: bytes) -> bytes | None:
        check, _, text = line.partition(b" ")
        return text if text and hmac.compare_digest(check, self.next(text)) else None


def _read(path: Path) -> bytes:
    """A plain file of a journal's size; a pipe is not waited for, a link not followed. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_size > MOST_BYTES:
            raise OSError(errno.EINVAL, "not a journal")
        return file.read(MOST_BYTES)
