"""Where capture and encoding hand over what is to be kept. Owns the hand-over's shape only.

Every call returns at once: the writer behind it has its own thread and a bounded queue, so that capture and
encoding never wait for a disk.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from storage.manifest import AudioTrack, GapCause, Moment, SourceName, VideoTrack


@dataclass(frozen=True, slots=True)
class RunStart:
    """A run begins: `init` is its ftyp+moov, `anchor` the clocks at pts 0 (the muxer's shift already taken out)."""

    run: str
    init: bytes
    anchor: Moment
    tracks: tuple[VideoTrack | AudioTrack, ...]


@dataclass(frozen=True, slots=True)
class Fragment:
    """One moof+mdat, at most 0.5 s. `key`: its first picture is a key frame (or the run has sound alone)."""

    data: bytes
    start_pts_90k: int
    end_pts_90k: int
    key: bool


@dataclass(frozen=True, slots=True)
class SourceState:
    """How one source is. `code` and both sentences say what happened, what goes on regardless, what to do."""

    name: SourceName
    kind: Literal["video", "audio"]
    state: Literal["ok", "lost", "absent"]
    since_wall_ns: int
    code: str = ""
    message: str = ""
    message_en: str = ""


class RecordingSink(Protocol):
    """What the recording pipeline calls, from its own threads, in this order: run_started, then per segment
    segment_started, fragment…, segment_ended, and at last run_ended. Gaps and states come at any time."""

    def run_started(self, run: RunStart) -> None: ...

    def segment_started(self, sequence: int) -> None: ...

    def fragment(self, fragment: Fragment) -> None: ...

    def segment_ended(self, tracks: tuple[VideoTrack | AudioTrack, ...]) -> None:
        """The open segment is whole; `tracks` carry its figures, such as the drift that was corrected."""

    def run_ended(self, cause: GapCause | None) -> None:
        """No more fragments of this run. `cause` opens a gap that the next run closes; None: an orderly stop."""

    def gap(
        self,
        track: Literal["video", "audio"],
        start: Moment,
        end: Moment,
        cause: GapCause,
        source: SourceName | None = None,
    ) -> None:
        """`track` was filled with a slate or silence from `start` to `end` while the run went on.

        `source`: only that source's part of it, one of two cameras or one of two microphones.
        """

    def skipped(self, start_pts_90k: int, end_pts_90k: int, cause: GapCause) -> None:
        """Between two segments: the run's fragments from `start_pts_90k` to `end_pts_90k` are not kept, on purpose."""

    def source_state(self, state: SourceState) -> None: ...
