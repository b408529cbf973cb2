"""The journal beside an open segment: what is in it and what each fragment hashes to. Owns its lines, not the segment.

The room can't open its own footage; after a crash the journal is how it knows what the torn file holds. Each line
begins with a checksum, so that a torn or zeroed line ends the journal instead of being believed.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from storage.disk import sync_directory
from storage.errors import StorageError
from storage.manifest import ClockState, Digest, FragmentProof, Identifier, Moment, Track

_CHECK_CHARACTERS = 16


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

    def __init__(self, path: Path, header: JournalHeader) -> None:
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
        data = _check(text) + b" " + text + b"\n"
        while data:
            data = data[self._file.write(data) :]


def read_journal(path: Path) -> JournalContents:
    """Every line up to the first that is torn. Raises JournalError or OSError."""
    lines = [_checked(line) for line in path.read_bytes().split(b"\n")]
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


def _check(text: bytes) -> bytes:
    return hashlib.sha256(text).hexdigest()[:_CHECK_CHARACTERS].encode()


def _checked(line: bytes) -> bytes | None:
    check, _, text = line.partition(b" ")
    return text if text and check == _check(text) else None
