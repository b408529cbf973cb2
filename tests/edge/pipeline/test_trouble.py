"""Missing, lost and returning sources: the other track goes on, the hole is filled at once and stated."""

from __future__ import annotations

import io
import itertools
import time
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest

from config.room import FileSource, PictureSettings, RoomConfiguration, RtspSource, SyntheticSource, V4l2Source
from edge.capture import supervisor
from edge.capture.frame import VideoFrame
from edge.capture.stamp import StampPainter
from edge.capture.stamp_reader import measure
from edge.pipeline.clock import Clock
from edge.pipeline.inbox import Inbox
from edge.pipeline.picture_gaps import PictureGap
from edge.pipeline.picture_track import PictureTrack
from edge.pipeline.recording import RecordingPipeline
from edge.timeline.gaps import GapSpan
from storage.manifest import GapCause
from streaming.packet import Packet
from tests.edge.capture.test_stamp import footage
from tests.edge.pipeline.collecting_sink import CollectedRun, CollectingSink
from tests.edge.pipeline.test_recording import CONFIGURATION
from tests.servers.rtsp_camera import RtspCamera, start_rtsp_camera


def record(configuration: RoomConfiguration, seconds: float) -> CollectingSink:
    sink = CollectingSink()
    pipeline = RecordingPipeline(configuration, sink)
    begun = time.monotonic()
    pipeline.start()
    assert sink.first_fragment.wait(5)
    assert time.monotonic() - begun < 2.5
    time.sleep(seconds)
    pipeline.stop()
    assert all(run.ended for run in sink.runs)
    return sink


def changed(**parts: object) -> RoomConfiguration:
    return RoomConfiguration.model_validate({**CONFIGURATION.model_dump(), **parts})


def steps_of(run: CollectedRun, kind: str) -> list[float]:
    """Times between the packets of one track, in seconds."""
    with av.open(io.BytesIO(run.footage)) as container:
        packets = [packet for packet in container.demux(container.streams.best(kind)) if packet.pts is not None]
        times = [float(packet.pts * packet.time_base) for packet in packets]
    return [after - before for before, after in itertools.pairwise(times)]


def test_without_a_camera_sound_is_recorded_under_a_slate() -> None:
    sink = record(changed(camera=V4l2Source(device="/dev/video77").model_dump()), 3.0)
    (run,) = sink.runs
    camera = next(state for state in sink.states if state.name == "camera")
    assert (camera.state, camera.code) == ("absent", "camera-missing")
    assert {state.state for state in sink.states if state.name == "microphone"} == {"ok"}
    assert [gap.cause for gap in sink.gaps] == [GapCause.CAMERA_LOST]
    assert sink.gaps[0].track == "video"
    assert sink.gaps[0].end.mono_ns - sink.gaps[0].start.mono_ns > 2_500_000_000
    assert max(steps_of(run, "video")) == pytest.approx(0.2, abs=0.01)
    fragments = [fragment for segment in run.segments for fragment in segment.fragments]
    assert max(fragment.end_pts_90k - fragment.start_pts_90k for fragment in fragments) <= 45_000
    assert fragments[0].key
    assert all(after.start_pts_90k >= before.end_pts_90k for before, after in itertools.pairwise(fragments))
    with av.open(io.BytesIO(run.footage)) as container:
        sound = np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])
    assert np.abs(sound).max() > 0.3


def test_without_a_microphone_silence_is_recorded_and_stated() -> None:
    sink = record(changed(microphone=None), 2.0)
    (run,) = sink.runs
    assert [(gap.track, gap.cause) for gap in sink.gaps] == [("audio", GapCause.MICROPHONE_ABSENT)]
    assert sink.gaps[0].start.pts_90k == 1920
    assert measure(run.footage).lost_frames == 0
    assert max(steps_of(run, "audio")) == pytest.approx(1024 / 48_000, abs=1e-4)


def test_camera_and_microphone_of_two_files_stay_together(tmp_path: Path) -> None:
    """One file gives the picture, another one the sound; both loop."""
    film, sound = tmp_path / "film.mp4", tmp_path / "sound.mp4"
    film.write_bytes(footage(seconds=3))
    sound.write_bytes(footage(seconds=2))
    parts = {"camera": FileSource(path=str(film)).model_dump(), "microphone": FileSource(path=str(sound)).model_dump()}
    sink = record(changed(**parts), 4.0)
    (run,) = sink.runs
    assert {state.state for state in sink.states} == {"ok"}
    assert max(steps_of(run, "video")) < 0.11
    assert max(steps_of(run, "audio")) == pytest.approx(1024 / 48_000, abs=1e-4)


def test_a_file_of_another_size_keeps_picture_and_sound_together(tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    film.write_bytes(footage(seconds=6))
    source = FileSource(path=str(film)).model_dump()
    picture = PictureSettings(width=960, height=540, bitrate_kbps=1000, preset="ultrafast").model_dump()
    sink = record(changed(camera=source, microphone=source, picture=picture), 4.0)
    measured = measure(sink.runs[0].footage)
    assert measured.lost_frames == 0
    assert measured.av_offset_ms == pytest.approx(0, abs=5)
    assert sink.gaps == []


def test_a_network_camera_that_dies_and_comes_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "RETRY_S", 0.5)
    camera = start_rtsp_camera(tmp_path)
    again: RtspCamera | None = None
    sink = CollectingSink()
    source = RtspSource(url=camera.url, username=camera.username, password=camera.password).model_dump()
    pipeline = RecordingPipeline(changed(camera=source, microphone=SyntheticSource().model_dump()), sink)
    try:
        pipeline.start()
        wait_for(lambda: bool(sink.states) and sink.states[-1].state == "ok" and pipeline.frames > 40)
        camera.stop()
        wait_for(lambda: any(state.state == "lost" for state in sink.states), 5)
        time.sleep(1)
        again = start_rtsp_camera(tmp_path, port=camera.port, password=camera.password)
        wait_for(lambda: [state.state for state in sink.states if state.kind == "video"][-1] == "ok", 10)
        time.sleep(1)
    finally:
        pipeline.stop()
        camera.stop()
        if again is not None:
            again.stop()
    (run,) = sink.runs
    assert [(gap.track, gap.cause) for gap in sink.gaps][-1] == ("video", GapCause.CAMERA_LOST)
    assert max(steps_of(run, "video")) < 0.7
    assert max(steps_of(run, "audio")) == pytest.approx(1024 / 48_000, abs=1e-4)
    assert all(camera.password not in str(state) for state in sink.states)


def test_a_copied_camera_keeps_its_own_packets_and_its_sound(rtsp_camera: RtspCamera) -> None:
    source = RtspSource(
        url=rtsp_camera.url, username=rtsp_camera.username, password=rtsp_camera.password, copy_video=True
    ).model_dump()
    sink, packets = CollectingSink(), []
    pipeline = RecordingPipeline(changed(camera=source, microphone=source), sink, packets.append)
    pipeline.start()
    wait_for(lambda: pipeline.encoder == "copy" and pipeline.run is not None, 10)
    time.sleep(4)
    preview = pipeline.preview_jpeg(320)
    pipeline.stop()
    run = sink.runs[-1]
    assert preview is not None
    assert run.segments[0].fragments[0].key
    with av.open(io.BytesIO(run.footage)) as container:
        pictures = list(container.decode(video=0))
    assert (pictures[0].width, pictures[0].height) == (640, 360)
    assert len(pictures) == sum(packet.pts_90k > 0 for packet in packets[-len(pictures) :])
    assert max(steps_of(run, "video")) < 0.1


def test_a_network_camera_keeps_picture_and_sound_together(tmp_path: Path) -> None:
    """The camera plays stamped footage. GStreamer's AAC decoder leaves out 1024 samples: its sound is that early."""
    film = tmp_path / "film.mp4"
    film.write_bytes(footage(seconds=8))
    camera = start_rtsp_camera(tmp_path, file=str(film))
    source = RtspSource(url=camera.url, username=camera.username, password=camera.password).model_dump()
    try:
        sink = record(changed(camera=source, microphone=source), 4.5)
    finally:
        camera.stop()
    measured = measure(sink.runs[0].footage)
    assert measured.lost_frames == 0
    assert measured.av_offset_ms == pytest.approx(-1024 / 48, abs=5)


def test_a_wrong_password_is_said_without_the_password(rtsp_camera: RtspCamera) -> None:
    source = RtspSource(url=rtsp_camera.url, username=rtsp_camera.username, password="wrong-secret").model_dump()
    sink = record(changed(camera=source, microphone=None), 1.0)
    assert sink.states[0].code == "camera-login-refused"
    assert "wrong-secret" not in str(sink.states)


def test_a_full_inbox_refuses_and_remembers() -> None:
    inbox, clock = Inbox(pictures=2), Clock()

    for number in range(5):
        inbox.put(VideoFrame(clock.monotonic_ns() + number, av.VideoFrame(16, 16, "yuv420p")))
    assert len(inbox.take(0)) == 2
    assert len(inbox.take_refused()) == 3
    assert inbox.take_refused() == []


def test_pictures_that_came_too_fast_leave_one_gap_and_no_slate() -> None:
    """The encoder was behind: what was refused is counted and stated, what waited is encoded as ever."""
    gaps: list[GapSpan[PictureGap]] = []
    packets: list[Packet] = []
    track = PictureTrack(
        CONFIGURATION, 0, Clock(), lambda _encoded: None, lambda _pts: None, packets.append, gaps.append
    )
    painter = StampPainter(640, 360, 25)
    for number in range(10):
        track.add(VideoFrame(number * 40_000_000, painter.paint(number)))
    for number in range(10, 20):
        track.refuse(number * 40_000_000)
    track.fill(1_000_000_000, False)
    for number in range(20, 25):
        track.add(VideoFrame(number * 40_000_000, painter.paint(number)))
    assert gaps == [GapSpan(400_000_000, 800_000_000, PictureGap(GapCause.ENCODER_FAILED))]
    assert (track.frames, track.frames_lost) == (15, 10)
    assert [packet.pts_90k // 3600 for packet in packets] == [*range(10), *range(20, 25)]


def wait_for(true: Callable[[], bool], seconds: float = 8) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


@pytest.mark.parametrize("later_s", [0.02, 0.05, 0.09])
def test_a_last_segment_of_one_picture_has_sound(later_s: float) -> None:
    """A session closes in the moment in which the recorder stops; sound is behind the picture, here for ever."""
    sink = CollectingSink()
    pipeline = RecordingPipeline(changed(microphone=None), sink)
    pipeline.start()
    assert sink.first_fragment.wait(5)
    pipeline.cut(None)
    time.sleep(later_s)
    pipeline.stop()
    (run,) = sink.runs
    for segment in run.segments:
        with av.open(io.BytesIO(run.start.init + segment.data)) as container:
            assert sum(frame.samples for frame in container.decode(audio=0)) > 0
