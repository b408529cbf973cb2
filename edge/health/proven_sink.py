"""Stands before the spool's writer and lets the beginning of each segment be looked at. Passes everything on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from edge.health.decode_proof import Sample
from edge.segment.sink import Fragment, RecordingSink, RunStart, SourceState
from storage.manifest import AudioTrack, GapCause, Moment, SourceName, VideoTrack

SAMPLE_90K = 108_000  # 1.2 s: a second of sound stands in it whole
MOST_BYTES = 16_000_000


class ProvenSink:
    """A `RecordingSink`. Used by the pipeline's thread."""

    def __init__(self, sink: RecordingSink, offer: Callable[[Sample], None]) -> None:
        self._sink, self._offer = sink, offer
        self._run: RunStart | None = None
        self._fragments: list[Fragment] = []
        self._collecting = False

    def run_started(self, run: RunStart) -> None:
        self._run, self._fragments, self._collecting = run, [], False
        self._sink.run_started(run)

    def segment_started(self, sequence: int) -> None:
        self._fragments, self._collecting = [], True
        self._sink.segment_started(sequence)

    def fragment(self, fragment: Fragment) -> None:
        if self._collecting:
            self._fragments.append(fragment)
            long = fragment.end_pts_90k - self._fragments[0].start_pts_90k >= SAMPLE_90K
            if long or sum(len(one.data) for one in self._fragments) > MOST_BYTES:
                self._hand_over()
        self._sink.fragment(fragment)

    def segment_ended(self, tracks: tuple[VideoTrack | AudioTrack, ...]) -> None:
        self._hand_over()
        self._sink.segment_ended(tracks)

    def run_ended(self, cause: GapCause | None) -> None:
        self._run = None
        self._sink.run_ended(cause)

    def gap(
        self,
        track: Literal["video", "audio"],
        start: Moment,
        end: Moment,
        cause: GapCause,
        source: SourceName | None = None,
    ) -> None:
        self._sink.gap(track, start, end, cause, source)

    def skipped(self, start_pts_90k: int, end_pts_90k: int, cause: GapCause) -> None:
        self._sink.skipped(start_pts_90k, end_pts_90k, cause)

    def source_state(self, state: SourceState) -> None:
        self._sink.source_state(state)

    def _hand_over(self) -> None:
        run, fragments = self._run, self._fragments
        self._fragments, self._collecting = [], False
        if run is None or not fragments:
            return
        start_pts_90k = fragments[0].start_pts_90k
        self._offer(
            Sample(
                run=run.run,
                start_pts_90k=start_pts_90k,
                data=run.init + b"".join(one.data for one in fragments),
                has_sound=any(track.kind == "audio" for track in run.tracks),
                sound_s=max(0, fragments[-1].end_pts_90k - start_pts_90k - 18_000) / 90_000,
            )
        )
