"""One sink before two writers. Each has its own queue and thread, so that neither ever waits for the other."""

from __future__ import annotations

from typing import Literal

from edge.segment.sink import Fragment, RecordingSink, RunStart, SourceState
from storage.manifest import AudioTrack, GapCause, Moment, SourceName, VideoTrack


class BothCopies:
    """A `RecordingSink`: the first copy hears of everything before the second does."""

    def __init__(self, first: RecordingSink, second: RecordingSink) -> None:
        self._both = (first, second)

    def run_started(self, run: RunStart) -> None:
        for one in self._both:
            one.run_started(run)

    def segment_started(self, sequence: int) -> None:
        for one in self._both:
            one.segment_started(sequence)

    def fragment(self, fragment: Fragment) -> None:
        for one in self._both:
            one.fragment(fragment)

    def segment_ended(self, tracks: tuple[VideoTrack | AudioTrack, ...]) -> None:
        for one in self._both:
            one.segment_ended(tracks)

    def run_ended(self, cause: GapCause | None) -> None:
        for one in self._both:
            one.run_ended(cause)

    def gap(
        self,
        track: Literal["video", "audio"],
        start: Moment,
        end: Moment,
        cause: GapCause,
        source: SourceName | None = None,
    ) -> None:
        for one in self._both:
            one.gap(track, start, end, cause, source)

    def skipped(self, start_pts_90k: int, end_pts_90k: int, cause: GapCause) -> None:
        for one in self._both:
            one.skipped(start_pts_90k, end_pts_90k, cause)

    def source_state(self, state: SourceState) -> None:
        for one in self._both:
            one.source_state(state)
