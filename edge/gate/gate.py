"""The gate before the spool: passes the recording on, or holds its last half minute and forgets the rest.

Owns what is held. It decides nothing: `decide` says from when on footage is wanted. Every call returns at once.
What is held when the process ends was never kept; what was forgotten is told to the spool as skipped, in pieces, so
that a crash finds the silence explained.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Literal

from edge.gate.ring import Held, Item, Ring
from edge.segment.sink import Fragment, RecordingSink, RunStart, SourceState
from edge.spool.intake import RunEnd, SegmentEnd, TrackGap
from edge.timeline.video_clock import nanoseconds_of
from storage.manifest import AudioTrack, GapCause, Moment, SourceName, VideoTrack

DETECTION_NS = 5_000_000_000  # held beyond the pre-roll: presence is known a moment after it began
FIRST_PIECE_90K = 10 * 90_000
PIECE_90K = 300 * 90_000  # of what is not kept, one signed gap each
QUEUE_90K = 15 * 90_000  # what may wait for the disk while the pre-roll is handed over
BEHIND_NS = 30_000_000_000  # a disk that stands still then finds the spool's own limit

Tracks = tuple[VideoTrack | AudioTrack, ...]


class Gate:
    """A `RecordingSink` before another one. `decide` and `finish` from any thread; `queued_90k` is the sink's."""

    def __init__(self, sink: RecordingSink, queued_90k: Callable[[], int], pre_roll_ns: int) -> None:
        self._sink, self._queued_90k = sink, queued_90k
        self._lock = threading.Lock()
        self._ring = Ring()
        self._hold_ns = pre_roll_ns + DETECTION_NS
        self.cause: GapCause | None = None  # why footage is not wanted; None: it is
        self.break_cause: GapCause | None = None  # why the next orderly end of a run comes; None: the program stops
        self.opened_mono_ns: int | None = None  # when it opened again
        self.kept_from_mono_ns: int | None = None  # the first instant that was kept then
        self.come_mono_ns: int | None = None  # the newest instant that came, kept or not
        self._shut = False  # what comes is held, not passed on
        self._shut_from_ns = 0
        self._come: RunStart | None = None  # the run whose fragments come in
        self._sequence = -1
        self._segment_open = False
        self._tracks: Tracks = ()
        self._accounted_90k = 0  # of the run that goes out: everything before was passed on or told as skipped
        self._forgotten_90k = 0
        self._pieces = 0
        self._needs_key = False
        self._why = GapCause.NOBODY_PRESENT  # of what is being forgotten
        self._skipped_until_90k = self._passed_until_90k = 0

    @property
    def open(self) -> bool:
        """Whether what is recorded now is kept."""
        return self.cause is None

    def decide(self, cause: GapCause | None, now_mono_ns: int, pre_roll_ns: int) -> None:
        """Footage from `now_mono_ns` on is not wanted because of `cause`; None: it is, and so is what is held."""
        with self._lock:
            self._hold_ns = pre_roll_ns + DETECTION_NS
            if cause == self.cause:
                return
            was, self.cause = self.cause, cause
            if cause is None:
                self._open(now_mono_ns)
                return
            if was is None:
                self._pump(everything=True)
                self._shut_from_ns = now_mono_ns
            else:
                self._tell_skipped(self._forgotten_90k)
            self._why = cause

    def finish(self) -> None:
        """No more will come: hand over what is wanted, account for the rest."""
        with self._lock:
            if not self._shut:
                self._pump(everything=True)
            while (item := self._ring.take()) is not None:
                self._forget(item)

    # What the pipeline calls.

    def run_started(self, run: RunStart) -> None:
        with self._lock:
            self._come = run
            self._put(run)

    def segment_started(self, sequence: int) -> None:
        """A segment begins with the first fragment that is passed on."""

    def fragment(self, fragment: Fragment) -> None:
        with self._lock:
            if self._come is None:
                return
            anchor_ns = self._come.anchor.mono_ns
            start_ns, end_ns = (
                anchor_ns + nanoseconds_of(pts) for pts in (fragment.start_pts_90k, fragment.end_pts_90k)
            )
            if self.cause is not None and not self._shut and start_ns >= self._shut_from_ns:
                self._shut_now()
            self.come_mono_ns = end_ns
            self._put(Held(fragment, start_ns, end_ns))

    def segment_ended(self, tracks: Tracks) -> None:
        with self._lock:
            self._put(SegmentEnd(tracks))

    def run_ended(self, cause: GapCause | None) -> None:
        with self._lock:
            self._put(RunEnd(cause or self.break_cause))

    def gap(
        self,
        track: Literal["video", "audio"],
        start: Moment,
        end: Moment,
        cause: GapCause,
        source: SourceName | None = None,
    ) -> None:
        with self._lock:
            self._put(TrackGap(track, start, end, cause, source))

    def skipped(self, start_pts_90k: int, end_pts_90k: int, cause: GapCause) -> None:
        """The pipeline skips nothing; the gate alone does."""

    def source_state(self, state: SourceState) -> None:
        self._sink.source_state(state)

    # Inside, with the lock held.

    def _open(self, now_mono_ns: int) -> None:
        if self._shut:
            self.opened_mono_ns, self.kept_from_mono_ns = now_mono_ns, now_mono_ns - self._ring.media_ns
        self._shut = False
        self._pump()

    def _put(self, item: Item) -> None:
        if not self._shut and not self._ring:
            self._pass(item)
            return
        self._ring.put(item)
        if not self._shut:
            self._pump()
            return
        for surplus in self._ring.take_surplus(self._hold_ns):
            self._forget(surplus)

    def _pump(self, everything: bool = False) -> None:
        """Pass on what is held, no faster than the disk takes it."""
        while self._ring and (everything or self._may_pass()):
            item = self._ring.take()
            if item is not None:
                self._pass(item)

    def _may_pass(self) -> bool:
        return self._queued_90k() < QUEUE_90K or self._ring.media_ns > self._hold_ns + BEHIND_NS

    def _shut_now(self) -> None:
        self._pump(everything=True)
        self._end_segment()
        self._shut, self._pieces, self._needs_key = True, 0, True

    def _pass(self, item: Item) -> None:
        match item:
            case RunStart():
                self._begin_run(item)
            case Held():
                self._pass_fragment(item)
            case SegmentEnd(tracks):
                self._tracks = tracks
                self._end_segment()
            case TrackGap(track, start, end, cause, source):
                if end.pts_90k is None or end.pts_90k > self._skipped_until_90k:
                    self._sink.gap(track, start, end, cause, source)
            case RunEnd(cause):
                self._end_run(cause)

    def _forget(self, item: Item) -> None:
        match item:
            case RunStart():
                self._begin_run(item)
            case Held(fragment):
                self._needs_key = True
                self._forgotten_90k = max(self._forgotten_90k, fragment.end_pts_90k)
                least_90k = PIECE_90K if self._pieces else FIRST_PIECE_90K
                if self._forgotten_90k - self._accounted_90k >= least_90k:
                    self._tell_skipped(self._forgotten_90k)
            case SegmentEnd(tracks):
                self._tracks = tracks
            case TrackGap(track, start, end, cause, source):
                if start.pts_90k is not None and start.pts_90k < self._passed_until_90k:  # part of it was kept
                    self._sink.gap(track, start, end, cause, source)
            case RunEnd(cause):
                self._end_run(cause)

    def _begin_run(self, run: RunStart) -> None:
        self._sink.run_started(run)
        self._tracks, self._sequence, self._needs_key = run.tracks, -1, False
        self._accounted_90k = self._forgotten_90k = self._skipped_until_90k = self._passed_until_90k = 0

    def _end_run(self, cause: GapCause | None) -> None:
        self._end_segment()
        self._tell_skipped(self._forgotten_90k)
        self._sink.run_ended(cause)

    def _pass_fragment(self, held: Held) -> None:
        fragment = held.fragment
        if not self._segment_open:
            if self._needs_key and not fragment.key:
                self._forgotten_90k = max(self._forgotten_90k, fragment.end_pts_90k)
                return
            if self._needs_key:
                self._tell_skipped(fragment.start_pts_90k)
            self._sequence, self._segment_open, self._needs_key = self._sequence + 1, True, False
            self._sink.segment_started(self._sequence)
        self._sink.fragment(fragment)
        self._accounted_90k = self._forgotten_90k = self._passed_until_90k = fragment.end_pts_90k

    def _end_segment(self) -> None:
        if self._segment_open:
            self._sink.segment_ended(self._tracks)
        self._segment_open = False

    def _tell_skipped(self, until_90k: int) -> None:
        if until_90k > self._accounted_90k:
            self._sink.skipped(self._accounted_90k, until_90k, self._why)
            self._accounted_90k = self._skipped_until_90k = until_90k
            self._pieces += 1
