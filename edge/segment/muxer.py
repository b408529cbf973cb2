"""One muxer per run: H.264 packets and sound in, the run's init bytes and its fragments out. Cuts no segments.

Fragmented MP4 with absolute times (`frag_discont`), so that each segment alone starts where it stands in its run.
A fragment begins at every key frame and is closed after 0.25 s otherwise.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

import av
from av.audio.stream import AudioStream
from av.packet import Packet
from av.stream import Stream

from edge.encode.audio_encoder import CODEC, AudioEncoder
from edge.encode.video_encoder import TIME_BASE, EncodedPicture, codec_string
from edge.segment.sink import Fragment
from edge.timeline.sound_line import RATE, Piece, ticks_of_samples
from storage.boxes import Box, BoxReader, fragment_times
from storage.manifest import AudioTrack, MicrophoneTrack, VideoTrack

VIDEO_TRACK, AUDIO_TRACK = 1, 2  # ids in the order in which the streams are added
_OPTIONS = {
    "movflags": "empty_moov+default_base_moof+frag_keyframe+frag_discont+skip_trailer",
    "frag_duration": "250000",
    "use_editlist": "0",
    "avoid_negative_ts": "disabled",
    # A starved track would hold the other one back for ten seconds. This is a little longer than a lost camera's
    # slate takes to come, so that fragments stay in order.
    "max_interleave_delta": "800000",
}


@dataclass(frozen=True, slots=True)
class RunShape:
    """What a run's two tracks are; a muxer can't gain or change one later."""

    width: int
    height: int
    rate: int
    channels: int
    sound_kbps: int


class RunMuxer:
    """`first` is a key access unit: its parameter sets go into the init bytes. Raises av.FFmpegError."""

    def __init__(self, shape: RunShape, first: EncodedPicture) -> None:
        self._shape = shape
        self._codec = codec_string(first.data)
        self._sink = _Sink()
        self._output = av.open(self._sink, "w", format="mp4", options=_OPTIONS)
        self._video = self._add_video(first)
        self._audio: AudioStream = self._output.add_stream("aac", rate=RATE)
        self._encoder = AudioEncoder(self._audio, shape.channels, shape.sound_kbps)
        self._keys: set[int] = set()
        self._moof = b""
        self._held: EncodedPicture | None = None
        self._output.start_encoding()
        self.init = b"".join(box.data for box in self._sink.take())

    def tracks(self, microphones: Sequence[MicrophoneTrack] = ()) -> tuple[VideoTrack | AudioTrack, ...]:
        """`microphones`: how each one's clock goes; by channel where there are two."""
        shape = self._shape
        alone = microphones[0].drift_ppm if len(microphones) == 1 else None
        several = list(microphones) if len(microphones) > 1 else None
        return (
            VideoTrack(codec=self._codec, width=shape.width, height=shape.height, rate=float(shape.rate)),
            AudioTrack(codec=CODEC, rate=RATE, channels=shape.channels, drift_ppm=alone, microphones=several),
        )

    def add_picture(self, picture: EncodedPicture) -> list[Fragment]:
        """Each picture waits for the next one, which says how long it stands.

        A fragment that sound closes would otherwise end with a guess, and the muxer would place the first picture of
        the next fragment by that guess.
        """
        held, self._held = self._held, picture
        if held is not None:
            self._mux_picture(held, picture.pts_90k - held.pts_90k)
        return list(self._fragments())

    def _mux_picture(self, picture: EncodedPicture, duration_90k: int) -> None:
        packet: Packet[Stream] = Packet(picture.data)
        packet.stream = self._video
        packet.time_base = TIME_BASE
        packet.pts = packet.dts = picture.pts_90k
        packet.duration = duration_90k
        packet.is_keyframe = picture.key
        if picture.key:
            self._keys.add(picture.pts_90k)
        self._output.mux_one(packet)

    def add_sound(self, piece: Piece) -> list[Fragment]:
        self._mux_sound(self._encoder.encode(piece.start, piece.samples))
        return list(self._fragments())

    def finish(self) -> list[Fragment]:
        """The last fragments; nothing may be added after them."""
        held, self._held = self._held, None
        if held is not None:
            self._mux_picture(held, 90_000 // self._shape.rate)
        self._mux_sound(self._encoder.finish())
        self._output.close()
        return list(self._fragments())

    def _mux_sound(self, packets: Iterable[Packet[AudioStream]]) -> None:
        for packet in packets:
            self._output.mux_one(packet)

    def _add_video(self, first: EncodedPicture) -> Stream:
        """A stream that knows its parameter sets. PyAV takes them only from a template, so the unit becomes one."""
        with av.open(io.BytesIO(first.data), format="h264") as template:
            stream = self._output.add_stream_from_template(template.streams.video[0], opaque=True)
        stream.time_base = Fraction(TIME_BASE)
        return stream

    def _fragments(self) -> Iterator[Fragment]:
        for box in self._sink.take():
            if box.kind == "moof":
                self._moof = box.data
            elif box.kind == "mdat" and self._moof:
                yield self._fragment(self._moof + box.data)
                self._moof = b""

    def _fragment(self, data: bytes) -> Fragment:
        times = fragment_times(data)
        video, audio = times.get(VIDEO_TRACK), times.get(AUDIO_TRACK)
        if video is not None and video.duration:
            key = video.start in self._keys
            self._keys = {pts for pts in self._keys if pts > video.start}
            return Fragment(data, video.start, video.start + video.duration, key)
        if audio is None:
            raise ValueError("a fragment without a track")
        return Fragment(data, ticks_of_samples(audio.start), ticks_of_samples(audio.start + audio.duration), False)


class _Sink:
    """What PyAV writes into; cuts it into whole boxes."""

    def __init__(self) -> None:
        self._reader = BoxReader()
        self._boxes: list[Box] = []

    def write(self, data: bytes) -> int:
        self._boxes += self._reader.feed(bytes(data))
        return len(data)

    def take(self) -> list[Box]:
        taken, self._boxes = self._boxes, []
        return taken
