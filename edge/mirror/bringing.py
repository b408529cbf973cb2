"""Brings one segment of the second copy into the spool, where it gets an entry of its own. Crash-safe at every step.

bytes beside their place, synced → journal that says what it stands for → final name → entry → journal removed. What a
crash leaves is finished by the spool's recovery, or is a `.part` that the next start removes.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

from edge.mirror.catalog import CopySegment
from edge.mirror.copy_keeper import HASH_SUFFIX
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


class CopyDamaged(Exception):
    """The second copy's bytes are not those that were written there."""


def bring(
    copy_root: Path, segment: CopySegment, replaces: list[str], spool: Path, ledger: Ledger, session_at: SessionAt
) -> SegmentManifest:
    """The new entry. Raises CopyDamaged, or OSError of either disk."""
    torn = read_torn(copy_root, segment.file)
    if torn is None:
        raise CopyDamaged
    target = spool / segment_name(segment.run, segment.sequence)
    make_directories(target.parent, SHARED_DIRECTORY)
    part = target.with_name(f".{target.name}{PART_SUFFIX}")
    _copy(torn, part)
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


def _copy(torn: TornSegment, part: Path) -> None:
    size = _provable_size(torn)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, SHARED_FILE)
    with torn.file.open("rb") as source, os.fdopen(descriptor, "wb") as target:
        shutil.copyfileobj(source, target)
        target.truncate(size)
        target.flush()
        os.fsync(target.fileno())
    expected = torn.file.with_name(torn.file.name + HASH_SUFFIX)
    if expected.exists():
        with part.open("rb") as copied:
            found = hashlib.file_digest(copied, "sha256").hexdigest()
        if found != expected.read_text(encoding="ascii", errors="replace"):
            part.unlink()
            raise CopyDamaged


def _provable_size(torn: TornSegment) -> int:
    """Of a half written segment only the whole chunks: a last one without its end could not be opened."""
    size = torn.file.stat().st_size
    if not torn.file.name.endswith(OPEN_SUFFIX):
        return size
    with torn.file.open("rb") as sealed:
        header = header_size(sealed.read(MAX_HEADER_SIZE)) or 0
    return header + torn.opened_size // CHUNK_SIZE * SEALED_CHUNK_SIZE


def _write_journal(path: Path, torn: TornSegment, replaces: list[str]) -> None:
    path.unlink(missing_ok=True)  # of a copy that was cut short
    journal = JournalWriter(path, torn.header.model_copy(update={"replaces": replaces}))
    try:
        for proof in torn.fragments:
            journal.append(proof)
        journal.sync()
    finally:
        journal.close()
