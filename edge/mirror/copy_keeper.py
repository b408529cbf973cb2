"""Writes the second copy's segments: the same fragments into age files of its own, each with its journal beside it.

One thread's. No chain, no index: the journal that stays beside a segment is all that its later entry needs. What
lies on a disk that can be carried away counts only by `key`, which never leaves the first disk.
"""

from __future__ import annotations

import contextlib
import hmac
import time
from collections.abc import Callable
from pathlib import Path

from edge.segment.sink import Fragment, RunStart
from edge.spool.intake import Item, RunEnd, SegmentEnd, SegmentStart, Skipped
from edge.spool.moments import moment_at
from edge.spool.open_segment import OpenSegment
from edge.spool.run_keeper import SETTLE_AFTER_NS, SessionAt
from storage.disk import replace_file
from storage.manifest import ClockState, Moment

HASH_SUFFIX = ".hash"  # of the sealed bytes: a stick that loses bits is found out before its copy is used
FIRST_SEQUENCE = 500_000_000  # so that a segment of the copy never takes an ordinary one's place in its run


def sealed_proof(key: bytes, path: str, sealed_sha256: str) -> bytes:
    """What stands beside a finished segment: only this room can say that these are its bytes."""
    return hmac.digest(key, f"{path}\n{sealed_sha256}".encode(), "sha256").hex().encode()


class CopyKeeper:
    """`attach` to a folder, `take` every item in order, `tick` between them, `detach` when the disk fails.

    Raises OSError and SealingError from every method but `detach`.
    """

    def __init__(
        self, session_at: SessionAt, clock: Callable[[], ClockState], recipients: list[str], key: bytes
    ) -> None:
        self.recipients, self._key = recipients, key
        self.written: Moment | None = None  # end of the newest footage that the second disk holds
        self.open_name: str | None = None  # which segment is being written
        self._session_at, self._clock = session_at, clock
        self._root: Path | None = None
        self._run: RunStart | None = None
        self._open: OpenSegment | None = None
        self._sequence = FIRST_SEQUENCE
        self._written_mono_ns = 0

    def attach(self, root: Path) -> None:
        self._root = root

    def detach(self) -> None:
        """Leave everything as a crash would; the folder may be gone."""
        if self._open is not None:
            with contextlib.suppress(Exception):
                self._open.abandon()
        self._open = self._root = self.open_name = None

    def take(self, item: Item) -> None:
        match item:
            case Fragment():
                self._write(item)
            case SegmentStart() | SegmentEnd() | Skipped():
                self._close()
            case RunStart():
                self._close()
                self._run, self._sequence = item, FIRST_SEQUENCE
            case RunEnd():
                self._close()
                self._run = None
            case _:
                return  # gaps are the chain's

    def tick(self) -> None:
        quiet_ns = time.monotonic_ns() - self._written_mono_ns
        if self._open is not None and self._open.unsettled and quiet_ns >= SETTLE_AFTER_NS:
            self._settle(self._open, everything=True)

    def _write(self, fragment: Fragment) -> None:
        if self._run is None or self._root is None or (self._open is None and not fragment.key):
            return
        if self._open is None:
            self._open = self._create(self._root, self._run, fragment)
        self._open.write(fragment)
        self._written_mono_ns = time.monotonic_ns()
        if self._open.is_due():
            self._settle(self._open, everything=False)

    def _create(self, root: Path, run: RunStart, fragment: Fragment) -> OpenSegment:
        start, end = (moment_at(run.anchor, pts) for pts in (fragment.start_pts_90k, fragment.end_pts_90k))
        session, tag_sha256 = self._session_at(start, end)
        sequence, self._sequence = self._sequence, self._sequence + 1
        self.open_name = f"{run.run}/{sequence}"
        return OpenSegment(root, run, sequence, self.recipients, self._clock(), session, tag_sha256, self._key)

    def _settle(self, segment: OpenSegment, *, everything: bool) -> None:
        segment.settle(everything=everything)
        if self._run is not None and segment.settled_pts_90k is not None:
            self.written = moment_at(self._run.anchor, segment.settled_pts_90k)

    def _close(self) -> None:
        segment, self._open = self._open, None
        if segment is not None and self._root is not None:
            finished = segment.finish()
            proof = sealed_proof(self._key, finished.path, finished.sealed.sha256)
            replace_file(self._root / (finished.path + HASH_SUFFIX), proof)
            self.written = finished.end
        self.open_name = None
