"""One segment file while it grows: sealed bytes, its journal and what the manifest will prove. One thread's.

Loss at a crash is what was not *settled*: `settle` syncs both files, the journal last, so that its lines never promise
bytes that the segment does not hold (S3). age writes whole chunks of 64 KiB only: footage that a chunk held back for
0.4 s is pushed out with an MP4 `free` box. At 2 Mbit/s chunks fill by themselves; at low rates the boxes cost up to
1 Mbit/s, which is the price of losing less than a second.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from edge.segment.sink import Fragment, RunStart
from edge.spool.moments import moment_at
from edge.spool.sharing import SHARED_DIRECTORY, SHARED_FILE
from storage.boxes import free_box
from storage.disk import make_directories, sync_directory
from storage.journal import JournalHeader, JournalWriter
from storage.manifest import ClockState, FragmentProof, Moment, OpenedBytes, SealedBytes
from storage.sealing import SealedWriter

OPEN_SUFFIX = ".open"
JOURNAL_SUFFIX = ".journal"
SEGMENT_SUFFIX = ".mp4.age"
SETTLE_EVERY_90K = 36_000  # 0.4 s: with fragments of half a second every one is settled as it comes
HELD_BACK_90K = 36_000  # media in chunks that are not full; with half a second in the making, still below one second


def segment_name(run: str, sequence: int) -> str:
    """A segment's path below the spool."""
    return f"segments/{run}/{sequence:06d}{SEGMENT_SUFFIX}"


@dataclass(frozen=True, slots=True)
class FinishedSegment:
    """What stands whole and synced under its final name. `path` is below the spool."""

    path: str
    start: Moment
    end: Moment
    sealed: SealedBytes
    opened: OpenedBytes


class OpenSegment:
    """Created exclusively as `….open` with its `….journal`. Raises OSError or SealingError from every method."""

    def __init__(
        self,
        spool: Path,
        run: RunStart,
        sequence: int,
        recipients: Sequence[str],
        clock: ClockState,
        session: str | None,
        tag_sha256: str | None,
        journal_key: bytes | None = None,
    ) -> None:
        self._anchor, self.sequence = run.anchor, sequence
        self._path = segment_name(run.run, sequence)
        self._final = spool / self._path
        self._open = self._final.with_name(self._final.name + OPEN_SUFFIX)
        self._journal_path = self._final.with_name(self._final.name + JOURNAL_SUFFIX)
        self._init_size, self._init_sha256 = len(run.init), hashlib.sha256(run.init).hexdigest()
        self._opened_sha256 = hashlib.sha256()
        self._proofs: list[FragmentProof] = []
        self._secured = 0  # leading fragments whose chunks are in the file
        self._synced_pts_90k: int | None = None
        self.settled_pts_90k: int | None = None  # end of the newest fragment that a crash can't take
        make_directories(self._final.parent, SHARED_DIRECTORY)
        self._sealed = SealedWriter(self._open, recipients, mode=SHARED_FILE)
        try:
            header = self._header(run, clock, session, tag_sha256)
            self._journal = JournalWriter(self._journal_path, header, journal_key)
            self._write_first(run.init)
        except BaseException:
            self._sealed.abandon()
            raise

    def _header(self, run: RunStart, clock: ClockState, session: str | None, tag_sha256: str | None) -> JournalHeader:
        return JournalHeader(
            run=run.run,
            sequence=self.sequence,
            anchor=run.anchor,
            clock=clock,
            tracks=list(run.tracks),
            init_size=self._init_size,
            init_sha256=self._init_sha256,
            session=session,
            tag_sha256=tag_sha256,
        )

    def _write_first(self, init: bytes) -> None:
        try:
            self._write(init)
        except BaseException:
            self._journal.close()
            raise

    @property
    def unsettled(self) -> bool:
        return bool(self._proofs) and self.settled_pts_90k != self._proofs[-1].end_pts_90k

    def write(self, fragment: Fragment) -> None:
        proof = FragmentProof(
            offset=self._sealed.position,
            size=len(fragment.data),
            start_pts_90k=fragment.start_pts_90k,
            end_pts_90k=fragment.end_pts_90k,
            sha256=hashlib.sha256(fragment.data).hexdigest(),
        )
        self._write(fragment.data)
        self._journal.append(proof)
        self._proofs.append(proof)
        if self._synced_pts_90k is None:
            self._synced_pts_90k = fragment.start_pts_90k

    def _write(self, data: bytes) -> None:
        self._sealed.write(data)
        self._opened_sha256.update(data)

    def is_due(self) -> bool:
        """Whether so much media waits that a crash now would cost more than it may."""
        if not self._proofs or self._synced_pts_90k is None:
            return False
        unsynced_90k = self._proofs[-1].end_pts_90k - self._synced_pts_90k
        return unsynced_90k >= SETTLE_EVERY_90K or self._held_back_90k() >= HELD_BACK_90K

    def settle(self, *, everything: bool = False) -> None:
        """Sync. What a chunk holds back stays at stake for a moment more, unless `everything` is to survive."""
        if not self._proofs:
            return
        held_back_90k = self._held_back_90k()
        if held_back_90k >= HELD_BACK_90K or (everything and held_back_90k):
            self._opened_sha256.update(free_box(self._sealed.pad()))
            self._secured = len(self._proofs)
        self._sealed.sync()
        self._journal.sync()
        self._synced_pts_90k = self._proofs[-1].end_pts_90k
        if self._secured:
            self.settled_pts_90k = self._proofs[self._secured - 1].end_pts_90k

    def _held_back_90k(self) -> int:
        """Media from the first fragment on that is not wholly in full chunks."""
        if self._sealed.pending == 0:
            self._secured = len(self._proofs)
        while self._secured < len(self._proofs) and _end(self._proofs[self._secured]) <= self._sealed.secured:
            self._secured += 1
        if self._secured == len(self._proofs):
            return 0
        return self._proofs[-1].end_pts_90k - self._proofs[self._secured].start_pts_90k

    def finish(self) -> FinishedSegment:
        """Last chunk, sync, final name, synced directory. The journal stays until the entry is in the chain."""
        result = self._sealed.finish()
        self._journal.sync()
        self._journal.close()
        self._open.rename(self._final)
        sync_directory(self._final.parent)
        return FinishedSegment(
            path=self._path,
            start=moment_at(self._anchor, self._proofs[0].start_pts_90k),
            end=moment_at(self._anchor, self._proofs[-1].end_pts_90k),
            sealed=SealedBytes(sha256=result.sha256, size=result.size),
            opened=OpenedBytes(
                sha256=self._opened_sha256.hexdigest(),
                size=result.opened_size,
                init_size=self._init_size,
                init_sha256=self._init_sha256,
                fragments=self._proofs,
            ),
        )

    def drop_journal(self) -> None:
        """The chain holds all that the journal held."""
        self._journal_path.unlink(missing_ok=True)

    def abandon(self) -> None:
        """Close both files as a crash would leave them; recovery takes it from there."""
        self._sealed.abandon()
        self._journal.close()


def _end(proof: FragmentProof) -> int:
    return proof.offset + proof.size
