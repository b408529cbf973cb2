"""The whole pipeline with the synthetic source: nothing lost, sound on picture, cuts where asked."""

from __future__ import annotations

import io
import itertools
import json
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import pytest

from config.room import PictureSettings, RoomConfiguration, SpoolSettings
from edge.capture.bars import CLOCK_BAR, read_bars
from edge.capture.planes import plane_of
from edge.capture.stamp_reader import measure
from edge.pipeline.recording import RecordingPipeline
from storage.boxes import split_fragments
from storage.manifest import AudioTrack, VideoTrack
from streaming.packet import Packet, PcmBlock
from tests.edge.pipeline.collecting_sink import CollectedRun, CollectingSink

CONFIGURATION = RoomConfiguration(
    version=1,
    device="0" * 32,
    room="1" * 32,
    room_name="第一接谈室",
    unit_name="青石镇",
    picture=PictureSettings(width=640, height=360, bitrate_kbps=1000, preset="ultrafast"),
    spool=SpoolSettings(segment_s=4),
)


@dataclass
class Recorded:
    sink: CollectingSink
    packets: list[Packet]
    blocks: list[PcmBlock]
    started_after_s: float
    cut_mono_ns: int
    frames: int
    frames_lost: int
    preview: bytes

    @property
    def run(self) -> CollectedRun:
        return self.sink.runs[0]


@pytest.fixture(scope="module")
def recorded() -> Iterator[Recorded]:
    sink, packets, blocks = CollectingSink(), [], []
    pipeline = RecordingPipeline(CONFIGURATION, sink, packets.append, blocks.append)
    begun = time.monotonic()
    pipeline.start()
    assert sink.first_fragment.wait(5)
    started_after_s = time.monotonic() - begun
    time.sleep(2.5)
    cut_mono_ns = time.monotonic_ns()
    pipeline.cut("AB12CD34")
    for _ in range(50):
        pipeline.request_key_frame()
    time.sleep(5.5)
    preview = pipeline.preview_jpeg(320) or b""
    pipeline.stop()
    return Recorded(sink, packets, blocks, started_after_s, cut_mono_ns, pipeline.frames, pipeline.frames_lost, preview)


def test_recording_runs_within_two_seconds(recorded: Recorded) -> None:
    assert recorded.started_after_s < 2


def test_nothing_is_lost_and_sound_is_on_picture(recorded: Recorded) -> None:
    measured = measure(recorded.run.footage)
    assert (measured.lost_frames, measured.repeated_frames, measured.unreadable_frames) == (0, 0, 0)
    assert measured.frames == recorded.frames == len(recorded.packets)
    assert recorded.frames_lost == 0
    assert measured.pts_steps_90k == (3600,)
    assert measured.av_offset_ms == pytest.approx(0, abs=3)
    assert recorded.sink.gaps == []


def test_each_segment_plays_alone_at_its_own_time(recorded: Recorded, tmp_path: Path) -> None:
    assert len(recorded.run.segments) >= 3
    for segment in recorded.run.segments:
        assert segment.fragments[0].key
        path = tmp_path / f"{segment.sequence}.mp4"
        path.write_bytes(recorded.run.start.init + segment.data)
        streams = probe(path)
        assert [stream["codec_name"] for stream in streams] == ["h264", "aac"]
        assert streams[0]["profile"] == "Constrained Baseline"
        begins = segment.fragments[0].start_pts_90k / 90_000
        assert float(streams[0]["start_time"]) == pytest.approx(begins, abs=0.001)
        assert abs(float(streams[1]["start_time"]) - begins) < 0.05
        length = segment.fragments[-1].end_pts_90k - segment.fragments[0].start_pts_90k
        assert int(streams[0]["nb_read_frames"]) == round(length / 3600)


def test_segments_follow_each_other_without_a_hole(recorded: Recorded) -> None:
    fragments = [fragment for segment in recorded.run.segments for fragment in segment.fragments]
    assert all(b.start_pts_90k == a.end_pts_90k for a, b in itertools.pairwise(fragments))
    assert max(fragment.end_pts_90k - fragment.start_pts_90k for fragment in fragments) <= 45_000
    init, proven = split_fragments(recorded.run.footage)
    assert init == recorded.run.start.init
    assert [piece.data for piece in proven] == [fragment.data for fragment in fragments]


def test_a_session_cuts_at_once(recorded: Recorded) -> None:
    anchor = recorded.run.start.anchor
    cut = recorded.run.segments[1].fragments[0].start_pts_90k * 100_000 // 9 + anchor.mono_ns
    assert 0 <= cut - recorded.cut_mono_ns < 200_000_000 or abs(cut - recorded.cut_mono_ns) < 80_000_000


def test_tracks_are_described(recorded: Recorded) -> None:
    video, audio = recorded.run.segments[-1].tracks
    assert isinstance(video, VideoTrack)
    assert isinstance(audio, AudioTrack)
    assert (video.width, video.height, video.rate) == (640, 360, 25.0)
    assert video.codec.startswith("avc1.42c0")
    assert (audio.codec, audio.rate, audio.channels, audio.drift_ppm) == ("mp4a.40.2", 48_000, 1, 0.0)
    assert recorded.run.ended
    assert recorded.run.cause is None


def test_live_gets_the_same_packets_and_ten_millisecond_blocks(recorded: Recorded) -> None:
    keys = [packet.pts_90k for packet in recorded.packets if packet.key]
    assert recorded.packets[0].key
    cut = recorded.run.segments[1].fragments[0].start_pts_90k
    assert all(after - before >= 90_000 or after == cut for before, after in itertools.pairwise(keys))
    assert {len(block.data) for block in recorded.blocks} == {960}
    assert {b.pts_90k - a.pts_90k for a, b in zip(recorded.blocks, recorded.blocks[1:], strict=False)} == {900}
    for packet in recorded.packets[:5]:
        since = packet.capture_mono_ns - recorded.run.start.anchor.mono_ns
        assert since == pytest.approx(packet.pts_90k * 1e5 / 9, abs=1e4)


def test_the_burnt_in_clock_is_the_wall_clock(recorded: Recorded) -> None:
    anchor = recorded.run.start.anchor
    with av.open(io.BytesIO(recorded.run.footage)) as container:
        for frame in list(container.decode(video=0))[::20]:
            shown = read_bars(plane_of(frame, 0), CLOCK_BAR)
            meant = anchor.wall_ns / 1e9 + (frame.time or 0)
            assert shown is not None
            assert -0.05 <= meant - shown < 1.05


def test_the_preview_is_a_small_jpeg(recorded: Recorded) -> None:
    assert recorded.preview[:2] == b"\xff\xd8"
    assert len(recorded.preview) < 60_000


def probe(path: Path) -> list[dict[str, str]]:
    command = ["ffprobe", "-v", "error", "-count_frames", "-show_streams", "-of", "json", str(path)]
    done = subprocess.run(command, capture_output=True, check=True)
    assert done.stderr == b""
    return list(json.loads(done.stdout)["streams"])
