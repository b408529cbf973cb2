"""The picture of one run: placed in time, composed, lettered, encoded once, given to the muxer and to live viewers.

Without a camera a slate takes its place. Of two cameras the main one drives the picture's times; while it is missing,
the second one does. Owns the run's video encoder; knows no muxer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import av

from config.room import RoomConfiguration
from edge.capture.frame import CopiedPacket, VideoFrame
from edge.encode.fit import fit_picture
from edge.encode.overlay import Overlay
from edge.encode.slate import RATE as SLATE_RATE
from edge.encode.slate import copy_of, draw_slate
from edge.encode.video_encoder import SOFTWARE, EncodedPicture, EncoderFailed, KeyFrameRule, VideoEncoder
from edge.pipeline.clock import Clock
from edge.pipeline.picture_gaps import PictureGap, PictureGaps
from edge.pipeline.second_picture import SecondPicture
from edge.timeline.gaps import GapSpan
from edge.timeline.video_clock import PictureRate, VideoClock, nanoseconds_of
from storage.manifest import GapCause
from streaming.packet import Packet

PATIENCE_NS = 700_000_000  # a camera that halves its rate in the dark is not lost
LOST_PATIENCE_NS = 300_000_000  # when its source has already said so
_SLATE_LAG_NS = 150_000_000  # of slates behind now, while the source says lost: what is not written yet is at stake
_SLATE_NS = 1_000_000_000 // SLATE_RATE
_MOST_FILLED_NS = 10_000_000_000  # an encoder that stood still longer begins a new run


@dataclass(frozen=True, slots=True)
class PictureMeans:
    """Which encoder makes it, and what is asked for the text on it, about once a second, answered at once."""

    encoder: str = SOFTWARE
    clock_is_set: Callable[[], bool] = lambda: True
    climate: Callable[[], str] = lambda: ""


class PictureTrack:
    """Counts `frames` encoded or copied and `frames_lost` refused; both only grow."""

    def __init__(
        self,
        configuration: RoomConfiguration,
        anchor_mono_ns: int,
        clock: Clock,
        write: Callable[[EncodedPicture], None],
        cut_at: Callable[[int], None],
        watch: Callable[[Packet], None],
        gap: Callable[[GapSpan[PictureGap]], None],
        means: PictureMeans | None = None,
    ) -> None:
        self._settings = configuration.picture
        self._step_ns = 1_000_000_000 // configuration.picture.rate
        self._anchor_mono_ns = anchor_mono_ns
        self._clock = clock
        self._write, self._cut_at, self._show = write, cut_at, watch
        self._means = means or PictureMeans()
        self._times = VideoClock(anchor_mono_ns)
        self._thinning = PictureRate(configuration.picture.rate)
        self._rule = KeyFrameRule()
        self._gaps = PictureGaps(gap)
        second = configuration.second_camera
        self._second = None if second is None else SecondPicture(configuration.picture, second, anchor_mono_ns)
        self._overlay = self._make_overlay(configuration)
        self._encoder: VideoEncoder | None = None
        self._slate: av.VideoFrame | None = None
        self._cut_wanted = False
        self._on_slate = False
        self._second_drives = False
        self.label = ""
        self.frames = 0
        self.frames_lost = 0
        self.latest: av.VideoFrame | EncodedPicture | None = None

    def arrange(self, configuration: RoomConfiguration) -> None:
        """Other text or other places from the next picture on; sources and size are what they were."""
        self._overlay = self._make_overlay(configuration)
        if self._second is not None and configuration.second_camera is not None:
            self._second.arrange(configuration.second_camera)

    @property
    def encoder_name(self) -> str:
        return "copy" if self._encoder is None else self._encoder.name

    @property
    def last_mono_ns(self) -> int:
        """Capture time of what was placed last, or the run's start."""
        return self._anchor_mono_ns + nanoseconds_of(self._times.last_pts_90k or 0)

    def ask_key(self) -> None:
        self._rule.ask()

    def ask_cut(self, label: str) -> None:
        """The very next picture is a key frame, carries `label` and begins a segment."""
        self.label = label
        self._cut_wanted = True
        self._rule.ask(urgent=True)

    def add(self, frame: VideoFrame) -> None:
        if frame.source == "second-camera":
            self._add_second(frame)
            return
        self._second_drives = False  # else a main camera whose way is longer would never find its place again
        if self._thinning.wanted(frame.mono_ns):
            pts = self._place(frame.mono_ns)
            if pts is not None:
                self._state(frame.mono_ns, frame.mono_ns, main_missing=False)
                self._encode(self._composed(frame.picture, frame.mono_ns), pts)

    def _add_second(self, frame: VideoFrame) -> None:
        """It is drawn into the main camera's next picture; where that one is missing, into a picture of its own."""
        if self._second is None or not self._second.add(frame) or not self._second_drives:
            return
        if frame.mono_ns > self.last_mono_ns and (pts := self._times.place(frame.mono_ns)) is not None:
            self._state(frame.mono_ns, frame.mono_ns + self._step_ns, main_missing=True)
            self._encode(self._composed(None, frame.mono_ns), pts)

    def add_copied(self, packet: CopiedPacket) -> None:
        pts = self._place(packet.mono_ns)
        if pts is None:
            return
        if packet.key and self._cut_wanted:
            self._cut_wanted = False
            self._cut_at(pts)
        self._gaps.complete(packet.mono_ns)
        self._hand_over(EncodedPicture(packet.data, pts, packet.key))
        if packet.key:
            self.latest = EncodedPicture(packet.data, pts, True)

    def refuse(self, mono_ns: int) -> None:
        """A picture found the inbox full: its place stays empty, and the chain says so."""
        self.frames_lost += 1
        self._gaps.missing(mono_ns, mono_ns + self._step_ns, PictureGap(GapCause.ENCODER_FAILED))

    def starved(self, now_ns: int, lost: bool) -> bool:
        """Whether the camera has been silent for so long that something must take its place."""
        return now_ns - self.last_mono_ns > (LOST_PATIENCE_NS if lost else PATIENCE_NS)

    def stood_still(self, now_ns: int) -> bool:
        """Whether the gap is too long to be filled picture by picture."""
        return now_ns - self.last_mono_ns > _MOST_FILLED_NS

    def fill(self, now_ns: int, lost: bool, second_lost: bool = False) -> None:
        """Slates up to just before now, so that a picture that is on its way still finds its place."""
        if self._second is not None:
            self._second.lost = second_lost
        if not self._on_slate and not self.starved(now_ns, lost):
            return
        lag_ns = _SLATE_LAG_NS if lost and self._on_slate else LOST_PATIENCE_NS
        while (at_ns := self._next_slate_ns()) <= now_ns - lag_ns:
            pts = self._times.place(at_ns)
            if pts is None:
                return
            self._on_slate = self._second_drives = True
            self._state(at_ns, at_ns + _SLATE_NS, main_missing=True)
            self._encode(self._composed(None, at_ns), pts)

    def finish(self) -> None:
        """What the encoder still holds, and the gap that is open."""
        self._gaps.complete(self.last_mono_ns)
        for encoded in self._encoder.finish() if self._encoder is not None else ():
            self._hand_over(encoded)

    def _place(self, mono_ns: int) -> int | None:
        pts = self._times.place(mono_ns)
        if pts is None:
            if mono_ns >= self._anchor_mono_ns and not self._on_slate:
                self.frames_lost += 1
            return None
        self._on_slate = False
        return pts

    def _next_slate_ns(self) -> int:
        if self._times.last_pts_90k is None:
            return self._anchor_mono_ns
        return self.last_mono_ns + (_SLATE_NS if self._on_slate else self._step_ns)

    def _state(self, start_ns: int, end_ns: int, main_missing: bool) -> None:
        """What is missing of the picture at `start_ns`."""
        second = self._second
        if second is None:
            part = PictureGap(GapCause.CAMERA_LOST) if main_missing else None
        elif not second.is_missing(start_ns):
            part = PictureGap(GapCause.CAMERA_LOST, "camera") if main_missing else None
        else:
            part = PictureGap(GapCause.CAMERA_LOST, None if main_missing else "second-camera")
            start_ns = start_ns if main_missing else max(self._anchor_mono_ns, min(start_ns, second.last_mono_ns))
        if part is None:
            self._gaps.complete(start_ns)
        else:
            self._gaps.missing(start_ns, end_ns, part)

    def _composed(self, main: av.VideoFrame | None, at_ns: int) -> av.VideoFrame:
        if self._second is not None:
            return self._second.compose(main, at_ns)
        if main is not None:
            return fit_picture(main, self._settings.width, self._settings.height)
        if self._slate is None:
            self._slate = draw_slate(self._settings.width, self._settings.height)
        return copy_of(self._slate)

    def _encode(self, picture: av.VideoFrame, pts: int) -> None:
        if self._encoder is None:
            self._encoder = VideoEncoder(self._settings, self._means.encoder)
        self._overlay.blend(picture, self._clock.wall_at(self.last_mono_ns), self.label)
        key = self._rule.decide(pts)
        if key and self._cut_wanted:
            self._cut_wanted = False
            self._cut_at(pts)
        try:
            encoded = self._encoder.encode(picture, pts, key)
        except EncoderFailed:
            self._encoder = None  # nothing more can be had from it
            raise
        for unit in encoded:
            self._hand_over(unit)
        self.latest = picture

    def _hand_over(self, encoded: EncodedPicture) -> None:
        self.frames += 1
        self._write(encoded)
        taken_ns = self._anchor_mono_ns + nanoseconds_of(encoded.pts_90k)
        self._show(Packet(encoded.data, encoded.pts_90k, taken_ns, encoded.key))

    def _make_overlay(self, configuration: RoomConfiguration) -> Overlay:
        return Overlay(
            self._settings.height, configuration.timezone, configuration.room_name, configuration.unit_name,
            self._means.clock_is_set, self._means.climate,
        )  # fmt: skip
