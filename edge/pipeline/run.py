"""One run: its picture and its sound on one anchor, into one muxer. A break of any kind ends it.

Used by one thread. Whoever owns it decides when it begins and ends.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from config.room import MicrophoneSource, RoomConfiguration, RtspSource, SoundSource
from edge.capture.frame import AudioBlock, CopiedPacket, VideoFrame
from edge.encode.audio_encoder import PRIMING_SAMPLES
from edge.pipeline.clock import Clock
from edge.pipeline.picture_gaps import PictureGap
from edge.pipeline.picture_track import PictureMeans, PictureTrack
from edge.pipeline.sound_track import Microphone, SoundGap, SoundTrack
from edge.segment.muxer import RunShape
from edge.segment.run_writer import RunWriter
from edge.segment.sink import RecordingSink
from edge.timeline.gaps import GapSpan
from edge.timeline.video_clock import ticks_of
from storage.manifest import GapCause, MicrophoneTrack, SourceName
from streaming.packet import Packet, PcmBlock

LEAST_RUN_NS = 5_000_000_000  # before a camera's other size breaks it
PRIMING_NS = PRIMING_SAMPLES * 1_000_000_000 // 48_000


@dataclass(frozen=True, slots=True)
class LiveTaps:
    """Where encoded pictures and blocks of sound go besides the recording. Must return at once."""

    on_packet: Callable[[Packet], None]
    on_sound: Callable[[PcmBlock], None]


@dataclass(frozen=True, slots=True)
class RunPlan:
    """`first_mono_ns`: the instant of the first picture or sound. `copied`: the camera's own packets, of their size."""

    first_mono_ns: int
    channels: int
    heard: frozenset[SourceName]
    copied: tuple[int, int] | None = None


class Run:
    """pts 0 lies one AAC frame before the first picture: that is where the encoder's priming goes."""

    def __init__(
        self,
        configuration: RoomConfiguration,
        plan: RunPlan,
        sink: RecordingSink,
        taps: LiveTaps,
        clock: Clock,
        means: PictureMeans | None = None,
    ) -> None:
        self.run = secrets.token_hex(16)
        self.copied = plan.copied
        self._sizes: dict[SourceName, tuple[int, int]] = {}
        self._sink = sink
        self._clock = clock
        self._anchor_mono_ns = plan.first_mono_ns - PRIMING_NS
        anchor = clock.moment(self._anchor_mono_ns, 0)
        picture = configuration.picture
        width, height = plan.copied or (picture.width, picture.height)
        shape = RunShape(width, height, picture.rate, plan.channels, configuration.sound.bitrate_kbps)
        writer = RunWriter(self.run, anchor, shape, configuration.spool.segment_s, sink)
        writer.microphones = tuple(MicrophoneTrack(source=one.source) for one in planned_microphones(configuration))
        self._writer = writer
        self.picture = PictureTrack(
            configuration, self._anchor_mono_ns, clock, writer.add_picture, writer.cut_at, taps.on_packet,
            lambda span: self._gap("video", span, span.cause.cause, span.cause.source), means,
        )  # fmt: skip
        self.sound = SoundTrack(
            self._anchor_mono_ns, plan.channels, planned_microphones(configuration), plan.heard, writer.add_sound,
            taps.on_sound, lambda span: self._gap("audio", span, span.cause.cause, span.cause.source),
        )  # fmt: skip

    def has_other_size(self, frame: VideoFrame) -> bool:
        """Whether its camera gave pictures of another size in this run. That ends the run, which lasts some seconds
        at least: a camera that keeps changing must not fill the chain with runs of one picture."""
        size = (frame.picture.width, frame.picture.height)
        known = self._sizes.setdefault(frame.source, size)
        return size != known and frame.mono_ns - self._anchor_mono_ns >= LEAST_RUN_NS

    def add(self, item: VideoFrame | AudioBlock | CopiedPacket) -> None:
        if isinstance(item, AudioBlock):
            self.sound.add(item)
        elif isinstance(item, CopiedPacket):
            self.picture.add_copied(item)
        else:
            self.picture.add(item)

    def fill(self, now_ns: int, lost: frozenset[SourceName], picture: bool, sound_waits: frozenset[SourceName]) -> None:
        """Fill what is missing of `picture` and of the sound that doesn't wait; called many times a second.

        A copied run can't be filled with slates: its owner ends it instead.
        """
        self._writer.microphones = self.sound.microphones
        if picture and self.copied is None:
            self.picture.fill(now_ns, "camera" in lost, "second-camera" in lost)
        self.sound.fill(now_ns, sound_waits)

    def end(self, cause: GapCause | None) -> None:
        try:
            self.picture.finish()
        finally:
            try:
                self.sound.finish(self.picture.last_mono_ns)
            finally:
                self._writer.end(cause)

    def _gap(
        self,
        track: Literal["video", "audio"],
        span: GapSpan[PictureGap] | GapSpan[SoundGap],
        cause: GapCause,
        source: SourceName | None = None,
    ) -> None:
        start = self._clock.moment(span.start_mono_ns, ticks_of(span.start_mono_ns - self._anchor_mono_ns))
        end = self._clock.moment(span.end_mono_ns, ticks_of(span.end_mono_ns - self._anchor_mono_ns))
        self._sink.gap(track, start, end, cause, source)


def planned_microphones(configuration: RoomConfiguration) -> list[Microphone]:
    """By channel, where there are two."""
    second = configuration.second_microphone
    planned = [Microphone("microphone", sound_patience_ns(configuration.microphone))]
    return (
        planned if second is None else [*planned, Microphone("second-microphone", sound_patience_ns(second.microphone))]
    )


def sound_patience_ns(source: SoundSource | None) -> int:
    """How late sound may come and still find its place: what the source needs by itself, and some more."""
    if isinstance(source, MicrophoneSource):
        return 500_000_000 + source.latency_ms * 1_000_000
    return 1_000_000_000 if isinstance(source, RtspSource) else 500_000_000


def configured_channels(configuration: RoomConfiguration) -> int:
    """What the settings say about channels; files and cameras say it themselves, when they are there in time."""
    if configuration.second_microphone is not None:
        return 2
    return configuration.microphone.channels if isinstance(configuration.microphone, MicrophoneSource) else 1


def configured_sources(configuration: RoomConfiguration) -> frozenset[SourceName]:
    """What a run's first picture waits for, for a while."""
    microphones = [] if configuration.microphone is None else planned_microphones(configuration)
    cameras: list[SourceName] = ["camera"] if configuration.second_camera is None else ["camera", "second-camera"]
    return frozenset([*cameras, *(microphone.source for microphone in microphones)])
