"""The second camera's part of a run: its latest picture, whether it is still there, and both drawn together."""

from __future__ import annotations

import av

from config.room import PictureSettings, SecondCamera
from edge.capture.frame import VideoFrame
from edge.encode.composition import Composition
from edge.timeline.video_clock import PictureRate

PATIENCE_NS = 1_500_000_000  # its way here may be longer than the main camera's
LOST_PATIENCE_NS = 500_000_000  # when its source has already said so


class SecondPicture:
    """`lost`: what its source says of itself."""

    def __init__(self, picture: PictureSettings, settings: SecondCamera, anchor_mono_ns: int) -> None:
        self._picture = picture
        self._composition = Composition(picture.width, picture.height, settings)
        self._thinning = PictureRate(picture.rate)
        self._latest: av.VideoFrame | None = None
        self.last_mono_ns = anchor_mono_ns
        self.lost = False

    def arrange(self, settings: SecondCamera) -> None:
        """Other places from the next picture on."""
        self._composition = Composition(self._picture.width, self._picture.height, settings)

    def add(self, frame: VideoFrame) -> bool:
        """Whether it is one to be drawn: a camera that is much too fast is thinned."""
        if not self._thinning.wanted(frame.mono_ns):
            return False
        self._latest, self.last_mono_ns = frame.picture, frame.mono_ns
        return True

    def is_missing(self, at_ns: int) -> bool:
        patience_ns = LOST_PATIENCE_NS if self.lost else PATIENCE_NS
        return self._latest is None or at_ns - self.last_mono_ns > patience_ns

    def compose(self, main: av.VideoFrame | None, at_ns: int) -> av.VideoFrame:
        """`main` None: a slate stands in its place, as in the second one's once that is missing."""
        return self._composition.compose(main, None if self.is_missing(at_ns) else self._latest)
