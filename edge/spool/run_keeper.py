"""Makes sealed, signed, indexed segments of one run after the other. One thread's; waits for the disk where it must.

Owns what is open now and how far the timeline is accounted for. A full disk halts it with a gap that is written when
there is room again; every other error of the disk goes up.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import structlog

from edge.segment.sink import Fragment, RunStart
from edge.spool.disk_room import DiskRoom, is_out_of_room
from edge.spool.intake import Item, RunEnd, SegmentEnd, SegmentStart, Skipped, TrackGap
from edge.spool.ledger import Ledger
from edge.spool.moments import moment_at, present
from edge.spool.open_segment import OpenSegment
from edge.spool.standby_mark import StandbyMark
from edge.spool.timeline_state import Unaccounted
from storage.manifest import (
    AudioTrack,
    ClockState,
    GapCause,
    GapManifest,
    Moment,
    SegmentManifest,
    SourceName,
    VideoTrack,
)

log = structlog.get_logger("spool")
SETTLE_AFTER_NS = 500_000_000  # footage that no later fragment pushes out is settled by the clock
ROOM_CHECK_NS = 1_000_000_000  # while halted
ROOM_WATCH_NS = 4_000_000_000  # while recording

SessionAt = Callable[[Moment, Moment], tuple[str | None, str | None]]  # span → session id, hash of its case tag


@dataclass(frozen=True, slots=True)
class KeeperParts:
    """What the keeper works with. `recover` finishes files that an error left without an entry, and says
    where the last of them ends."""

    spool: Path
    ledger: Ledger
    room: DiskRoom
    session_at: SessionAt
    clock: Callable[[], ClockState]
    recover: Callable[[], Moment | None]
    want_key_frame: Callable[[], None]
    before_entry: Callable[[str, int], None] = lambda _run, _start_pts_90k: None  # the proof that a segment decodes
    standing_by: Callable[[], GapCause | None] = lambda: None  # why nothing is wanted now


class RunKeeper:
    """`take` every item in order, `tick` between them. `settled` is the newest footage that a crash can't take."""

    def __init__(self, parts: KeeperParts, recipients: list[str], unaccounted: Unaccounted | None) -> None:
        self._parts = parts
        self.recipients = recipients
        self.run: str | None = None
        self.segments_sealed = 0
        self.settled: Moment | None = None
        self.halted = False
        self._unaccounted = self._inherited = unaccounted
        self._run: RunStart | None = None
        self._tracks: tuple[VideoTrack | AudioTrack, ...] = ()
        self._open: OpenSegment | None = None
        self._sequence = 0
        self._left_torn = False
        self._has_room = True
        self._halted_run: str | None = None
        self._covered = present()  # every moment before it stands in the chain, or will with `unaccounted`
        self._written_mono_ns = self._room_checked_mono_ns = 0
        self._mark = StandbyMark(parts.spool)

    def take(self, item: Item) -> None:
        with self._halting_when_full():
            match item:
                case Fragment():
                    self._write(item)
                case SegmentStart():
                    self._close()
                case SegmentEnd(tracks):
                    self._tracks = tracks
                    self._close()
                case RunStart():
                    self._begin(item)
                case RunEnd(cause):
                    self._end(cause)
                case TrackGap(track, start, end, cause, source):
                    self._append_gap(track, start, end, cause, self.run, source)
                case Skipped(start_pts_90k, end_pts_90k, cause):
                    self._account_skipped(start_pts_90k, end_pts_90k, cause)

    def tick(self) -> None:
        """Settle what waits; while halted, look for room once a second."""
        with self._halting_when_full():
            if self.halted:
                self._look_for_room()
                if self._has_room and self._parts.standing_by():  # no footage will come to resume with
                    self._take_in_torn()
                    self._go_on()
                return
            if (cause := self._parts.standing_by()) is not None:
                self._mark.renew(cause, present())
            self._watch_room()
            quiet_ns = time.monotonic_ns() - self._written_mono_ns
            if self._open is not None and self._open.unsettled and quiet_ns >= SETTLE_AFTER_NS:
                self._settle(self._open, everything=True)

    def _begin(self, run: RunStart) -> None:
        if self._run is not None:  # the pipeline never said that it ended
            self._end(GapCause.ENCODER_FAILED)
        self._run, self.run, self._tracks, self._sequence = run, run.run, run.tracks, 0
        self._covered = run.anchor
        if not self.halted and self._check_room():
            self._account_until(run.anchor, None)

    def _end(self, cause: GapCause | None) -> None:
        try:
            self._close()
        finally:
            if self._run is not None:
                self._unaccounted = self._unaccounted or Unaccounted(self._covered, cause or GapCause.NOT_RUNNING)
            self._run = self.run = None

    def _write(self, fragment: Fragment) -> None:
        if self._run is None or (self.halted and not self._resume(self._run, fragment)):
            return
        if self._open is None:
            self._account_halt(self._run, fragment.start_pts_90k)
            self._open = self._create(self._run, fragment)
        self._open.write(fragment)
        self._written_mono_ns = time.monotonic_ns()
        if self._open.is_due():
            self._settle(self._open, everything=False)

    def _create(self, run: RunStart, fragment: Fragment) -> OpenSegment:
        parts = self._parts
        start, end = (moment_at(run.anchor, pts) for pts in (fragment.start_pts_90k, fragment.end_pts_90k))
        session, tag_sha256 = parts.session_at(start, end)
        sequence, self._sequence = self._sequence, self._sequence + 1  # never twice, even when creating fails
        return OpenSegment(parts.spool, run, sequence, self.recipients, parts.clock(), session, tag_sha256)

    def _settle(self, segment: OpenSegment, *, everything: bool) -> None:
        segment.settle(everything=everything)
        if self._run is not None and segment.settled_pts_90k is not None:
            self.settled = self._covered = moment_at(self._run.anchor, segment.settled_pts_90k)

    def _close(self) -> None:
        """Seal the open segment and put it into the chain (S1, S2)."""
        segment, run = self._open, self._run
        if segment is None or run is None:
            return
        finished = segment.finish()
        self._parts.before_entry(run.run, finished.start.pts_90k or 0)
        session, tag_sha256 = self._parts.session_at(finished.start, finished.end)
        self._parts.ledger.append(
            SegmentManifest,
            finished.path,
            run=run.run,
            sequence=segment.sequence,
            start=finished.start,
            end=finished.end,
            tracks=list(self._tracks),
            session=session,
            tag_sha256=tag_sha256,
            sealed=finished.sealed,
            opened=finished.opened,
        )
        segment.drop_journal()
        self._open = None
        self.segments_sealed += 1
        self.settled = self._covered = finished.end
        self._check_room()

    def _account_until(self, until: Moment, run: str | None) -> None:
        """Close the gap between the last footage and what comes now."""
        missing = self._unaccounted
        if missing is not None:
            # A new run's first sound may lie before the last one's end. Of another life's clock nothing is known.
            overlaps = missing is not self._inherited and until.mono_ns < missing.since.mono_ns
            self._append_gap("all", missing.since, missing.since if overlaps else until, missing.cause, run)
        self._unaccounted, self._covered = None, until

    def _account_skipped(self, start_pts_90k: int, end_pts_90k: int, cause: GapCause) -> None:
        self._close()
        if self._run is not None and not self.halted:
            self._account_halt(self._run, start_pts_90k)
            start, end = (moment_at(self._run.anchor, pts) for pts in (start_pts_90k, end_pts_90k))
            self._append_gap("all", start, end, cause, self.run)
            self._covered = end
            if cause is GapCause.WRITER_OVERFLOW:
                log.error("writer-overflow", lost_ms=(end.mono_ns - start.mono_ns) // 1_000_000)

    def _append_gap(
        self,
        track: Literal["all", "video", "audio"],
        start: Moment,
        end: Moment,
        cause: GapCause,
        run: str | None,
        source: SourceName | None = None,
    ) -> None:
        session, _ = self._parts.session_at(start, end)
        self._parts.ledger.append(
            GapManifest, track=track, start=start, end=end, cause=cause, run=run, session=session, source=source
        )

    # A full disk.

    @contextlib.contextmanager
    def _halting_when_full(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            if not is_out_of_room(error):
                raise
            self._halt()

    def _watch_room(self) -> None:
        """Also within a long segment: somebody else may fill the disk. What is open is sealed while it can be."""
        if self._run is None or time.monotonic_ns() - self._room_checked_mono_ns < ROOM_WATCH_NS:
            return
        self._room_checked_mono_ns = time.monotonic_ns()
        if not self._parts.room.make():
            self._close()
            self._halt()

    def _check_room(self) -> bool:
        """Let go what may go; halt when that does not leave the reserve."""
        self._room_checked_mono_ns = time.monotonic_ns()
        if self._parts.room.make():
            return True
        self._halt()
        return False

    def _halt(self) -> None:
        if self._open is not None:  # left as a crash would leave it; recovered when there is room
            with contextlib.suppress(OSError):
                self._open.abandon()
            self._open = None
        self._left_torn = True  # also where a file could be created but not begun
        if self.halted:
            return
        self.halted, self._has_room, self._halted_run = True, False, self.run
        self._unaccounted = self._unaccounted or Unaccounted(self._covered, GapCause.DISK_FULL)
        log.error("disk-full", going_on="when there is room", chain_entries=self._parts.ledger.head.number)

    def _look_for_room(self) -> None:
        now_mono_ns = time.monotonic_ns()
        if now_mono_ns - self._room_checked_mono_ns >= ROOM_CHECK_NS:
            self._room_checked_mono_ns = now_mono_ns
            self._has_room = self._parts.room.make(resuming=True)

    def _resume(self, run: RunStart, fragment: Fragment) -> bool:
        """Whether recording goes on with this fragment."""
        self._look_for_room()
        if not self._has_room:
            return False
        if not fragment.key:
            self._parts.want_key_frame()
            return False
        self._take_in_torn()
        in_this_run = run.run if self._halted_run == run.run else None
        self._account_until(moment_at(run.anchor, fragment.start_pts_90k), in_this_run)
        self._go_on()
        return True

    def _go_on(self) -> None:
        self.halted = False
        log.info("disk-has-room")

    def _account_halt(self, run: RunStart, until_pts_90k: int) -> None:
        """The gap of a halt that ended while nothing was wanted."""
        if self._unaccounted is not None:
            in_this_run = run.run if self._halted_run == run.run else None
            self._account_until(moment_at(run.anchor, until_pts_90k), in_this_run)

    def _take_in_torn(self) -> None:
        """What the full disk cut off becomes a recovered segment; the gap begins where it ends."""
        if self._left_torn:
            end = self._parts.recover()
            if end is not None and self._unaccounted is not None:
                self._unaccounted = Unaccounted(end, self._unaccounted.cause)
            self._left_torn = False
