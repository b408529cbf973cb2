"""One run's packets on their way to the sink: muxer and segmenter together. Decides nothing itself, never waits."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from edge.encode.video_encoder import EncodedPicture
from edge.segment.muxer import RunMuxer, RunShape
from edge.segment.segmenter import Segmenter
from edge.segment.sink import Fragment, RecordingSink, RunStart
from edge.timeline.sound_line import Piece, ticks_of_samples
from storage.manifest import GapCause, MicrophoneTrack, Moment


class RunWriter:
    """Sound that comes before the first key picture waits for it: only then the run's tracks are known.

    It then follows the pictures as they come, so that the run's first fragment has both.
    """

    def __init__(self, run: str, anchor: Moment, shape: RunShape, segment_s: int, sink: RecordingSink) -> None:
        self._run = run
        self._anchor = anchor
        self._shape = shape
        self._segmenter = Segmenter(segment_s)
        self._sink = sink
        self._muxer: RunMuxer | None = None
        self._early_sound: deque[Piece] = deque()
        self._sequence = -1
        self.microphones: tuple[MicrophoneTrack, ...] = ()

    def cut_at(self, pts_90k: int) -> None:
        """A new segment begins with the key picture at `pts_90k`."""
        self._segmenter.ask(pts_90k)

    def add_picture(self, picture: EncodedPicture) -> None:
        if self._muxer is None:
            self._muxer = RunMuxer(self._shape, picture)
            start = RunStart(self._run, self._muxer.init, self._anchor, self._muxer.tracks(self.microphones))
            self._sink.run_started(start)
        self._hand_over(self._muxer.add_picture(picture))
        while self._early_sound and ticks_of_samples(self._early_sound[0].start) <= picture.pts_90k:
            self._hand_over(self._muxer.add_sound(self._early_sound.popleft()))

    def add_sound(self, piece: Piece) -> None:
        if self._muxer is None or self._early_sound:
            self._early_sound.append(piece)
        else:
            self._hand_over(self._muxer.add_sound(piece))

    def end(self, cause: GapCause | None) -> None:
        """Hand over what is left. A run that never had a picture leaves nothing behind."""
        muxer = self._muxer
        if muxer is None:
            return
        try:
            for piece in self._early_sound:
                self._hand_over(muxer.add_sound(piece))
            self._hand_over(muxer.finish())  # the last fragments may begin a segment of their own
        finally:
            self._muxer = None
            if self._sequence >= 0:
                self._sink.segment_ended(muxer.tracks(self.microphones))
            self._sink.run_ended(cause)

    def _hand_over(self, fragments: Iterable[Fragment]) -> None:
        for fragment in fragments:
            if self._segmenter.begins(fragment.start_pts_90k, fragment.key):
                self._next_segment()
            self._sink.fragment(fragment)

    def _next_segment(self) -> None:
        if self._sequence >= 0 and self._muxer is not None:
            self._sink.segment_ended(self._muxer.tracks(self.microphones))
        self._sequence += 1
        self._sink.segment_started(self._sequence)
