"""Brings one segment of the second copy into the spool, where it gets an entry of its own. Crash-safe at every step.

bytes beside their place, synced → journal that says what it stands for → final name → entry → journal removed. What a
crash leaves is finished by the spool's recovery, or is a `.part` that the next start removes.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import stat
from pathlib import Path
from typing import BinaryIO

from edge.mirror.catalog import CopySegment
from edge.mirror.copy_keeper import HASH_SUFFIX, sealed_proof
from edge.spool.ledger import Ledger
from edge.spool.open_segment import JOURNAL_SUFFIX, OPEN_SUFFIX, segment_name
from edge.spool.run_keeper import SessionAt
from edge.spool.sharing import SHARED_DIRECTORY, SHARED_FILE
from edge.spool.torn_segment import TornSegment, finish_torn, read_torn
from storage.age_file import CHUNK_SIZE, MAX_HEADER_SIZE, SEALED_CHUNK_SIZE, header_size
from storage.disk import make_directories, sync_directory
from storage.journal import JournalWriter
from storage.manifest import SegmentManifest

PART_SUFFIX = ".part"
PADDING_CHUNKS = 2  # a free box of up to a chunk may follow the last fragment


class CopyDamaged(Exception):
    """The second copy's bytes are not those that were written there."""


def bring(
    copy_root: Path,
    key: bytes,
    segment: CopySegment,
    replaces: list[str],
    spool: Path,
    ledger: Ledger,
    session_at: SessionAt,
) -> SegmentManifest:
    """The new entry. Raises CopyDamaged, or OSError of either disk."""
    torn = read_torn(copy_root, segment.file, key)
    if torn is None:
        raise CopyDamaged
    target = spool / segment_name(segment.run, segment.sequence)
    make_directories(target.parent, SHARED_DIRECTORY)
    part = target.with_name(f".{target.name}{PART_SUFFIX}")
    _copy(torn, part, key)
    _write_journal(target.with_name(target.name + JOURNAL_SUFFIX), torn, replaces)
    part.rename(target)
    sync_directory(target.parent)
    brought = read_torn(spool, target)
    if brought is None:
        raise CopyDamaged
    return finish_torn(spool, brought, ledger, session_at)


def remove_parts(spool: Path) -> None:
    """What a crash in the middle of a copy left."""
    for part in (spool / "segments").glob(f"*/.*{PART_SUFFIX}"):
        part.unlink()


def _copy(torn: TornSegment, part: Path, key: bytes) -> None:
    """No more than the journal speaks of, however long the file is. Raises CopyDamaged or OSError."""
    with torn.file.open("rb") as source:
        header = header_size(source.read(MAX_HEADER_SIZE)) or 0
        source.seek(0)
        size = _provable_size(torn, header, os.fstat(source.fileno()).st_size)
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, SHARED_FILE)
        with os.fdopen(descriptor, "wb") as target:
            digest = _copy_bytes(source, target, size)
            os.fsync(target.fileno())
    beside = torn.file.with_name(torn.file.name + HASH_SUFFIX)
    if not os.path.lexists(beside):
        return  # cut off before its end: every fragment still has to fit its hash where it is opened
    path = segment_name(torn.header.run, torn.header.sequence)
    if not hmac.compare_digest(_small(beside), sealed_proof(key, path, digest)):
        part.unlink()
        raise CopyDamaged


def _copy_bytes(source: BinaryIO, target: BinaryIO, size: int) -> str:
    digest = hashlib.sha256()
    while size > 0 and (data := source.read(min(size, 1 << 20))):
        target.write(data)
        digest.update(data)
        size -= len(data)
    target.flush()
    return digest.hexdigest()


def _provable_size(torn: TornSegment, header: int, size: int) -> int:
    """A finished segment whole, if it is no longer than its fragments and their padding. Raises CopyDamaged.

    Of a half written one the whole chunks that hold fragments: a last one without its end could not be opened.
    """
    last = torn.fragments[-1]
    chunks = -(-(last.offset + last.size) // CHUNK_SIZE)
    if torn.file.name.endswith(OPEN_SUFFIX):
        return header + min(chunks, torn.opened_size // CHUNK_SIZE) * SEALED_CHUNK_SIZE
    if size > header + (chunks + PADDING_CHUNKS) * SEALED_CHUNK_SIZE:
        raise CopyDamaged
    return size


def _small(file: Path) -> bytes:
    """A plain file of a few bytes; of anything else nothing. Raises OSError."""
    descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as opened:
        return opened.read(100) if stat.S_ISREG(os.fstat(descriptor).st_mode) else b""


def _write_journal(path: Path, torn: TornSegment, replaces: list[str]) -> None:
    path.unlink(missing_ok=True)  # of a copy that was cut short
    journal = JournalWriter(path, torn.header.model_copy(update={"replaces": replaces}))
    try:
        for proof in torn.fragments:
            journal.append(proof)
        journal.sync()
    finally:
        journal.close()
