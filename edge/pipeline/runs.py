"""Run after run of one pipeline: which one is recorded now, what breaks it, what the next one begins with.

Used by the pipeline's thread; what only counts may be read from others.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from config.room import RoomConfiguration
from edge.capture.frame import CopiedPacket, VideoFrame
from edge.encode.encoder_choice import EncoderChoice
from edge.encode.sensor import Sensor
from edge.encode.video_encoder import SOFTWARE
from edge.pipeline.beginning import FirstOf, Media
from edge.pipeline.clock import Clock
from edge.pipeline.picture_track import PictureMeans
from edge.pipeline.run import LiveTaps, Run, RunPlan, configured_channels
from edge.segment.sink import RecordingSink
from storage.manifest import GapCause, SourceName


@dataclass(frozen=True, slots=True)
class RecordingMeans:
    """What outlives a run: the choice of encoders, and whom to ask whether the clock is set."""

    encoders: EncoderChoice
    clock_is_set: Callable[[], bool]


class Runs:
    """`current` is None before the first one and after a fault. `configuration` may change its arrangement."""

    def __init__(
        self, configuration: RoomConfiguration, sink: RecordingSink, taps: LiveTaps, clock: Clock, means: RecordingMeans
    ) -> None:
        self.configuration = configuration
        self._sink, self._taps, self._clock, self._means = sink, taps, clock, means
        self.current: Run | None = None
        self._sensor: Sensor | None = None
        self._second: VideoFrame | None = None  # the second camera's latest, which a new run begins with
        self._encoder = SOFTWARE
        self._label = ""
        self._heard: frozenset[SourceName] = frozenset()
        self._channels: int | None = None
        self._ended_frames = 0
        self._ended_lost = 0

    @property
    def frames(self) -> int:
        run = self.current
        return self._ended_frames + (0 if run is None else run.picture.frames)

    @property
    def frames_lost(self) -> int:
        run = self.current
        return self._ended_lost + (0 if run is None else run.picture.frames_lost)

    def cut(self, label: str) -> None:
        self._label = label
        if self.current is not None:
            self.current.picture.ask_cut(label)

    def arrange(self, configuration: RoomConfiguration | None) -> None:
        """Other places, names or another sensor; None: what it began with."""
        before = None if configuration is None else self.configuration.sensor
        self.configuration = configuration or self.configuration
        if self.configuration.sensor != before:
            self._change_sensor()
        if self.current is not None:
            self.current.picture.arrange(self.configuration)

    def feed(self, run: Run, item: Media) -> None:
        if isinstance(item, VideoFrame) and item.source == "second-camera":
            self._second = item
        if isinstance(item, CopiedPacket) and run.copied != (item.width, item.height):
            if not item.key:
                return  # nothing can begin with it
            run = self._change(GapCause.FORMAT_CHANGED, item.mono_ns, (item.width, item.height))
        elif isinstance(item, VideoFrame) and (run.has_other_size(item) or self._has_better_encoder(item)):
            run = self._change(GapCause.FORMAT_CHANGED, item.mono_ns)
        elif run.picture.stood_still(item.mono_ns):  # the whole machine slept: not to be filled second by second
            run = self._change(GapCause.ENCODER_FAILED, item.mono_ns, run.copied)
        run.add(item)

    def keep_going(
        self, run: Run, now_ns: int, lost: frozenset[SourceName], picture: bool, sound_waits: frozenset[SourceName]
    ) -> None:
        """Fill what is missing, or begin a run where it can't be filled."""
        if picture and run.picture.stood_still(now_ns):
            run = self._change(GapCause.ENCODER_FAILED, now_ns)
        elif picture and run.copied is not None and run.picture.starved(now_ns, "camera" in lost):
            run = self._change(GapCause.CAMERA_LOST, now_ns)
        run.fill(now_ns, lost, picture, sound_waits)

    def begin(self, first: FirstOf) -> None:
        seconds = [item for item in first.items if isinstance(item, VideoFrame) and item.source == "second-camera"]
        self._second = next(iter(seconds), self._second)
        channels = None if self.configuration.second_microphone is not None else first.channels
        self._begin(first.mono_ns, first.copied, channels)
        for item in first.items:
            if self.current is not None:
                self.feed(self.current, item)

    def renew(self) -> None:
        """What the encoder makes is no good: the next run has another one."""
        if self.current is not None and self.current.copied is None:
            self._means.encoders.give_up(self.current.picture.encoder_name)
        self.end(GapCause.ENCODER_FAILED)

    def end(self, cause: GapCause | None) -> None:
        run, self.current = self.current, None
        if run is None:
            return
        self._heard = run.sound.heard
        self._ended_frames += run.picture.frames
        self._ended_lost += run.picture.frames_lost
        run.end(cause)

    def close(self) -> None:
        if self._sensor is not None:
            self._sensor.stop()

    def _has_better_encoder(self, frame: VideoFrame) -> bool:
        """The probe has found one since the run began. No session is broken for it."""
        name = self._means.encoders.name_for(self.configuration.picture)
        return name != self._encoder and not self._label and frame.source == "camera"

    def _change(self, cause: GapCause, mono_ns: int, copied: tuple[int, int] | None = None) -> Run:
        self.end(cause)
        return self._begin(mono_ns, copied)

    def _begin(self, first_mono_ns: int, copied: tuple[int, int] | None, channels: int | None = None) -> Run:
        channels = channels or self._channels or configured_channels(self.configuration)
        self._channels = channels
        plan = RunPlan(first_mono_ns, min(channels, 2), self._heard, copied)
        self._encoder = self._means.encoders.name_for(self.configuration.picture)
        picture = PictureMeans(self._encoder, self._means.clock_is_set, self._climate)
        run = Run(self.configuration, plan, self._sink, self._taps, self._clock, picture)
        run.picture.label = self._label
        if self._second is not None:
            run.picture.add(self._second)
        self.current = run
        return run

    def _change_sensor(self) -> None:
        self.close()
        settings = self.configuration.sensor
        self._sensor = None if settings is None else Sensor(settings)
        if self._sensor is not None:
            self._sensor.start()

    def _climate(self) -> str:
        return "" if self._sensor is None else self._sensor.text
