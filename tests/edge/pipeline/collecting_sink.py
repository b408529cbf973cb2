"""A sink that keeps everything in memory, so that a test can look at what the pipeline made."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from edge.segment.sink import Fragment, RunStart, SourceState
from storage.manifest import AudioTrack, GapCause, Moment, SourceName, VideoTrack


@dataclass
class CollectedSegment:
    sequence: int
    fragments: list[Fragment] = field(default_factory=list)
    tracks: tuple[VideoTrack | AudioTrack, ...] = ()

    @property
    def data(self) -> bytes:
        return b"".join(fragment.data for fragment in self.fragments)


@dataclass
class CollectedRun:
    start: RunStart
    segments: list[CollectedSegment] = field(default_factory=list)
    ended: bool = False
    cause: GapCause | None = None

    @property
    def footage(self) -> bytes:
        return self.start.init + b"".join(segment.data for segment in self.segments)


@dataclass(frozen=True)
class CollectedGap:
    track: str
    start: Moment
    end: Moment
    cause: GapCause
    source: SourceName | None = None


class CollectingSink:
    """Checks the order of calls that RecordingSink promises."""

    def __init__(self) -> None:
        self.runs: list[CollectedRun] = []
        self.gaps: list[CollectedGap] = []
        self.states: list[SourceState] = []
        self.first_fragment = threading.Event()
        self._segment: CollectedSegment | None = None

    def run_started(self, run: RunStart) -> None:
        assert not self.runs or self.runs[-1].ended
        self.runs.append(CollectedRun(run))

    def segment_started(self, sequence: int) -> None:
        assert self._segment is None
        assert sequence == len(self.runs[-1].segments)
        self._segment = CollectedSegment(sequence)
        self.runs[-1].segments.append(self._segment)

    def fragment(self, fragment: Fragment) -> None:
        assert self._segment is not None
        self._segment.fragments.append(fragment)
        self.first_fragment.set()

    def segment_ended(self, tracks: tuple[VideoTrack | AudioTrack, ...]) -> None:
        assert self._segment is not None
        self._segment.tracks, self._segment = tracks, None

    def run_ended(self, cause: GapCause | None) -> None:
        assert self._segment is None
        self.runs[-1].ended, self.runs[-1].cause = True, cause

    def gap(self, track: str, start: Moment, end: Moment, cause: GapCause, source: SourceName | None = None) -> None:
        self.gaps.append(CollectedGap(track, start, end, cause, source))

    def skipped(self, start_pts_90k: int, end_pts_90k: int, cause: GapCause) -> None:
        assert self._segment is None
        raise AssertionError(f"the pipeline keeps everything: {start_pts_90k} {end_pts_90k} {cause}")

    def source_state(self, state: SourceState) -> None:
        self.states.append(state)
