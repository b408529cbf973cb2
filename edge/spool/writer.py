"""The sink that the pipeline writes to: a bounded queue and the one thread behind it that waits for the disk.

Owns the thread only; what happens to an item stands in `run_keeper`. An error that goes up to here ends the process:
after a failed sync nothing on that disk can be believed until the files are read again at the next start.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Literal

import structlog

from edge.segment.sink import Fragment, RunStart, SourceState
from edge.spool.intake import Intake, RunEnd, SegmentEnd, SegmentStart, Skipped, TrackGap
from edge.spool.run_keeper import RunKeeper
from storage.manifest import AudioTrack, GapCause, Moment, SourceName, VideoTrack

log = structlog.get_logger("spool")
TICK_S = 0.25


class SpoolWriter:
    """A `RecordingSink`. `start` once, `stop` once; `on_failure` is called from the thread when it gives up."""

    def __init__(
        self,
        keeper: RunKeeper,
        on_run_started: Callable[[RunStart], None],
        on_source_state: Callable[[SourceState], None],
        on_failure: Callable[[BaseException], None],
    ) -> None:
        self._keeper = keeper
        self._on_run_started, self._on_source_state, self._on_failure = on_run_started, on_source_state, on_failure
        self.break_cause: GapCause | None = None  # why the next orderly end of a run comes; None: the program stops
        self._intake = Intake()
        self._told_lost = 0
        self.loops = 0
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name="spool", daemon=True)

    def run_started(self, run: RunStart) -> None:
        self._intake.put(run)
        self._on_run_started(run)

    def segment_started(self, sequence: int) -> None:
        """The keeper numbers places itself: a full disk or an overflow may cut a segment in two."""
        self._intake.put(SegmentStart())

    def fragment(self, fragment: Fragment) -> None:
        self._intake.put(fragment)

    def segment_ended(self, tracks: tuple[VideoTrack | AudioTrack, ...]) -> None:
        self._intake.put(SegmentEnd(tracks))

    def run_ended(self, cause: GapCause | None) -> None:
        self._intake.put(RunEnd(cause or self.break_cause))

    def gap(
        self,
        track: Literal["video", "audio"],
        start: Moment,
        end: Moment,
        cause: GapCause,
        source: SourceName | None = None,
    ) -> None:
        self._intake.put(TrackGap(track, start, end, cause, source))

    def skipped(self, start_pts_90k: int, end_pts_90k: int, cause: GapCause) -> None:
        self._intake.put(Skipped(start_pts_90k, end_pts_90k, cause))

    def source_state(self, state: SourceState) -> None:
        self._on_source_state(state)

    @property
    def queued_90k(self) -> int:
        """Media that waits for the disk."""
        return self._intake.queued_90k

    def start(self) -> None:
        self._thread.start()

    def stop(self, timeout_s: float) -> bool:
        """Write out what waits, seal it, end the thread. False when the disk did not let it finish in time."""
        self._stopping.set()
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _work(self) -> None:
        try:
            while True:
                self.loops += 1
                item = self._intake.take(TICK_S)
                if item is not None:
                    self._keeper.take(item)
                elif self._stopping.is_set():
                    break
                self._keeper.tick()
                self._tell_lost()
            self._keeper.take(RunEnd(None))
        except BaseException as error:  # the process ends on it, is started anew and recovers
            log.error("spool-failed", exc_info=error)
            self._on_failure(error)

    def _tell_lost(self) -> None:
        """Gaps of one track, or cuts, that found the queue full: the footage itself is accounted for by `Skipped`."""
        if self._intake.lost_items != self._told_lost:
            self._told_lost = self._intake.lost_items
            log.error("queue-full", lost_items=self._told_lost)
