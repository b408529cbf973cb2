"""The picture of one run: placed in time, fitted, lettered, encoded once, given to the muxer and to live viewers.

Without a camera a slate takes its place. Owns the run's video encoder; knows no muxer.
"""

from __future__ import annotations

from collections.abc import Callable

import av

from config.room import RoomConfiguration
from edge.capture.frame import CopiedPacket, VideoFrame
from edge.encode.fit import fit_picture
from edge.encode.overlay import Overlay
from edge.encode.slate import RATE as SLATE_RATE
from edge.encode.slate import copy_of, draw_slate
from edge.encode.video_encoder import EncodedPicture, KeyFrameRule, VideoEncoder
from edge.pipeline.clock import Clock
from edge.timeline.gaps import GapSpan, GapWatch
from edge.timeline.video_clock import PictureRate, VideoClock, nanoseconds_of
from storage.manifest import GapCause
from streaming.packet import Packet

PATIENCE_NS = 700_000_000  # a camera that halves its rate in the dark is not lost
LOST_PATIENCE_NS = 300_000_000  # when its source has already said so
_SLATE_LAG_NS = 150_000_000  # of slates behind now, while the source says lost: what is not written yet is at stake
_SLATE_NS = 1_000_000_000 // SLATE_RATE
_MOST_FILLED_NS = 10_000_000_000  # an encoder that stood still longer begins a new run


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
        gap: Callable[[GapSpan[GapCause]], None],
    ) -> None:
        picture = configuration.picture
        self._settings = picture
        self._anchor_mono_ns = anchor_mono_ns
        self._clock = clock
        self._write, self._cut_at, self._show, self._gap = write, cut_at, watch, gap
        self._times = VideoClock(anchor_mono_ns)
        self._thinning = PictureRate(picture.rate)
        self._rule = KeyFrameRule()
        self._watch: GapWatch[GapCause] = GapWatch()
        self._overlay = Overlay(
            picture.height, configuration.timezone, configuration.room_name, configuration.unit_name
        )
        self._encoder: VideoEncoder | None = None
        self._slate: av.VideoFrame | None = None
        self._cut_wanted = False
        self._on_slate = False
        self.label = ""
        self.frames = 0
        self.frames_lost = 0
        self.latest: av.VideoFrame | EncodedPicture | None = None

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
        if not self._thinning.wanted(frame.mono_ns):
            return
        pts = self._place(frame.mono_ns)
        if pts is not None:
            picture = fit_picture(frame.picture, self._settings.width, self._settings.height)
            self._encode(picture, pts, frame.mono_ns)

    def add_copied(self, packet: CopiedPacket) -> None:
        pts = self._place(packet.mono_ns)
        if pts is None:
            return
        if packet.key and self._cut_wanted:
            self._cut_wanted = False
            self._cut_at(pts)
        self._hand_over(EncodedPicture(packet.data, pts, packet.key), packet.mono_ns)
        if packet.key:
            self.latest = EncodedPicture(packet.data, pts, True)

    def refuse(self, mono_ns: int) -> None:
        """A picture found the inbox full: its place stays empty, and the chain says so."""
        self.frames_lost += 1
        step_ns = 1_000_000_000 // self._settings.rate
        self._state(self._watch.filled(mono_ns, mono_ns + step_ns, GapCause.ENCODER_FAILED))

    def starved(self, now_ns: int, lost: bool) -> bool:
        """Whether the camera has been silent for so long that something must take its place."""
        return now_ns - self.last_mono_ns > (LOST_PATIENCE_NS if lost else PATIENCE_NS)

    def stood_still(self, now_ns: int) -> bool:
        """Whether the gap is too long to be filled picture by picture."""
        return now_ns - self.last_mono_ns > _MOST_FILLED_NS

    def fill(self, now_ns: int, lost: bool) -> None:
        """Slates up to just before now, so that a picture that is on its way still finds its place."""
        if not self._on_slate and not self.starved(now_ns, lost):
            return
        lag_ns = _SLATE_LAG_NS if lost and self._on_slate else LOST_PATIENCE_NS
        while (at_ns := self._next_slate_ns()) <= now_ns - lag_ns:
            pts = self._times.place(at_ns)
            if pts is None:
                return
            self._on_slate = True
            self._state(self._watch.filled(at_ns, at_ns + _SLATE_NS, GapCause.CAMERA_LOST))
            self._encode(copy_of(self._slate_picture()), pts, at_ns)

    def finish(self) -> None:
        self._state(self._watch.real(self.last_mono_ns))

    def _place(self, mono_ns: int) -> int | None:
        pts = self._times.place(mono_ns)
        if pts is None:
            if mono_ns >= self._anchor_mono_ns and not self._on_slate:
                self.frames_lost += 1
            return None
        self._on_slate = False
        self._state(self._watch.real(mono_ns))
        return pts

    def _next_slate_ns(self) -> int:
        if self._times.last_pts_90k is None:
            return self._anchor_mono_ns
        return self.last_mono_ns + (_SLATE_NS if self._on_slate else 1_000_000_000 // self._settings.rate)

    def _slate_picture(self) -> av.VideoFrame:
        if self._slate is None:
            self._slate = draw_slate(self._settings.width, self._settings.height)
        return self._slate

    def _encode(self, picture: av.VideoFrame, pts: int, mono_ns: int) -> None:
        if self._encoder is None:
            self._encoder = VideoEncoder(self._settings)
        self._overlay.blend(picture, self._clock.wall_at(mono_ns), self.label)
        key = self._rule.decide(pts)
        if key and self._cut_wanted:
            self._cut_wanted = False
            self._cut_at(pts)
        for encoded in self._encoder.encode(picture, pts, key):
            self._hand_over(encoded, mono_ns)
        self.latest = picture

    def _hand_over(self, encoded: EncodedPicture, mono_ns: int) -> None:
        self.frames += 1
        self._write(encoded)
        self._show(Packet(encoded.data, encoded.pts_90k, mono_ns, encoded.key))

    def _state(self, spans: list[GapSpan[GapCause]]) -> None:
        for span in spans:
            self._gap(span)
