"""A segment that a crash or a full disk cut off: how much of it is proved, and its recovered entry in the chain."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from edge.spool.ledger import Ledger
from edge.spool.moments import moment_at
from edge.spool.open_segment import JOURNAL_SUFFIX, OPEN_SUFFIX, segment_name
from edge.spool.run_keeper import SessionAt
from storage.age_file import CHUNK_SIZE, MAX_HEADER_SIZE, SEALED_CHUNK_SIZE, SealingError, header_size
from storage.disk import sync_directory
from storage.errors import StorageError
from storage.journal import JournalContents, JournalHeader, read_journal
from storage.manifest import FragmentProof, OpenedBytes, SealedBytes, SegmentManifest
from storage.sealing import opened_length

TAG_SIZE = SEALED_CHUNK_SIZE - CHUNK_SIZE


@dataclass(frozen=True, slots=True)
class TornSegment:
    """`file` as found; `opened_size` bytes of it can be opened, and `fragments` lie whole within them."""

    file: Path
    journal: Path
    header: JournalHeader
    opened_size: int
    fragments: list[FragmentProof]


def read_torn(spool: Path, file: Path, journal_key: bytes | None = None) -> TornSegment | None:
    """What can be proved of `file`; None when that is nothing. `journal_key`: as its journal was written with."""
    journal = file.with_name(file.name.removesuffix(OPEN_SUFFIX) + JOURNAL_SUFFIX)
    contents = _contents(journal, journal_key)
    if contents is None:
        return None
    name = segment_name(contents.header.run, contents.header.sequence)
    if (spool / name).name != file.name.removesuffix(OPEN_SUFFIX) or contents.header.run != file.parent.name:
        return None
    size = opened_length(file) if file.name.endswith(OPEN_SUFFIX) else _finished_length(file)
    fragments = _whole(contents.fragments, size)
    return TornSegment(file, journal, contents.header, size, fragments) if fragments else None


def finish_torn(spool: Path, torn: TornSegment, ledger: Ledger, session_at: SessionAt) -> SegmentManifest:
    """Final name, entry, row. The bytes stay as they were found; what can't be opened at their end does no harm."""
    header = torn.header
    path = segment_name(header.run, header.sequence)
    sealed = _sync_and_hash(torn.file)
    if torn.file != spool / path:
        torn.file.rename(spool / path)
        sync_directory(torn.file.parent)
    start = moment_at(header.anchor, torn.fragments[0].start_pts_90k)
    end = moment_at(header.anchor, torn.fragments[-1].end_pts_90k)
    session, tag_sha256 = session_at(start, end)
    manifest = ledger.append(
        SegmentManifest,
        path,
        run=header.run,
        sequence=header.sequence,
        start=start,
        end=end,
        tracks=header.tracks,
        session=session or header.session,
        tag_sha256=tag_sha256 or header.tag_sha256,
        sealed=sealed,
        opened=OpenedBytes(
            sha256=None,
            size=torn.opened_size,
            init_size=header.init_size,
            init_sha256=header.init_sha256,
            fragments=torn.fragments,
        ),
        recovered=True,
        replaces=header.replaces,
    )
    torn.journal.unlink(missing_ok=True)
    return manifest


def journal_is_empty(journal: Path) -> bool:
    """Whether a readable journal says that no fragment ever came."""
    contents = _contents(journal)
    return contents is not None and not contents.fragments


def _contents(journal: Path, key: bytes | None = None) -> JournalContents | None:
    try:
        return read_journal(journal, key)
    except (OSError, StorageError):
        return None


def _whole(fragments: list[FragmentProof], opened_size: int) -> list[FragmentProof]:
    return [fragment for fragment in fragments if fragment.offset + fragment.size <= opened_size]


def _finished_length(file: Path) -> int:
    """Opened bytes of a file that was finished and synced before it got this name: its last chunk counts too."""
    with file.open("rb") as sealed:
        try:
            header = header_size(sealed.read(MAX_HEADER_SIZE))
        except SealingError:
            return 0  # other bytes: nothing in it is proved
    if header is None:
        return 0
    whole, rest = divmod(file.stat().st_size - header, SEALED_CHUNK_SIZE)
    return whole * CHUNK_SIZE + max(0, rest - TAG_SIZE)


def _sync_and_hash(file: Path) -> SealedBytes:
    digest, size = hashlib.sha256(), 0
    with file.open("rb") as sealed:
        os.fsync(sealed.fileno())
        while part := sealed.read(1 << 20):
            digest.update(part)
            size += len(part)
    return SealedBytes(sha256=digest.hexdigest(), size=size)
