"""What changes under a pipeline that runs: places in the picture, the camera's size, its clock, the encoder."""

from __future__ import annotations

import io
import itertools
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import av
import numpy as np
import pytest

from config.room import PictureSettings, RoomConfiguration
from edge.capture import opening
from edge.capture.frame import Captured, VideoFrame
from edge.capture.planes import plane_of
from edge.capture.source import TrackKind
from edge.encode.encoder_choice import EncoderChoice
from edge.encode.video_encoder import EncodedPicture, EncoderFailed, VideoEncoder
from edge.pipeline import picture_track, run
from edge.pipeline import recording as pipeline_module
from edge.pipeline.bends import Bends
from edge.pipeline.recording import RecordingPipeline
from storage.manifest import GapCause
from tests.edge.pipeline.collecting_sink import CollectedRun, CollectingSink
from tests.edge.pipeline.test_recording import CONFIGURATION

S = 1_000_000_000
SMALL = PictureSettings(width=320, height=180, rate=25, bitrate_kbps=300, preset="ultrafast").model_dump()
TWO = {"picture": SMALL, "second_camera": {"camera": {"kind": "synthetic"}}}


def changed(**parts: object) -> RoomConfiguration:
    return RoomConfiguration.model_validate({**CONFIGURATION.model_dump(), "picture": SMALL, **parts})


@contextmanager
def recording(configuration: RoomConfiguration, **more: Any) -> Iterator[tuple[RecordingPipeline, CollectingSink]]:
    sink = CollectingSink()
    pipeline = RecordingPipeline(configuration, sink, **more)
    pipeline.start()
    try:
        assert sink.first_fragment.wait(5)
        yield pipeline, sink
    finally:
        pipeline.stop()
    assert all(one.ended for one in sink.runs)


def wait_for(true: Callable[[], bool], seconds: float = 6) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def pictures_of(one: CollectedRun) -> list[av.VideoFrame]:
    with av.open(io.BytesIO(one.footage)) as container:
        return list(container.decode(video=0))


class PacedPictures:
    """A camera of another's making: grey pictures, 50 ms apart, as `picture` and `time` say."""

    def __init__(
        self, size: Callable[[int], tuple[int, int]], back_ns: Callable[[int], int] = lambda _number: 0
    ) -> None:
        self._size, self._back_ns = size, back_ns
        self._number = 0

    def open(self) -> frozenset[TrackKind]:
        return frozenset({"video"})

    def read(self, timeout_s: float) -> Captured | None:
        time.sleep(min(timeout_s, 0.05))
        width, height = self._size(self._number)
        planes = np.full((height * 3 // 2, width), 100, np.uint8)
        taken_ns = time.monotonic_ns() - self._back_ns(self._number)
        self._number += 1
        return VideoFrame(taken_ns, av.VideoFrame.from_ndarray(planes, "yuv420p"))

    def close(self) -> None:
        self._number += 0


def test_places_and_names_change_within_a_run() -> None:
    boxes = [{"x": 0, "y": 50, "width": 50, "height": 50}, {"x": 50, "y": 50, "width": 50, "height": 50}]
    first, then = (
        changed(**{**TWO, "second_camera": {"camera": {"kind": "synthetic"}, "box": box}, "room_name": name})
        for box, name in zip(boxes, ("一", "第二接谈室换了名字"), strict=True)
    )
    with recording(first) as (pipeline, sink):
        time.sleep(0.6)
        before = pipeline.run
        pipeline.arrange(then)
        time.sleep(1.0)
        assert pipeline.run == before
    (one,) = sink.runs
    pictures = pictures_of(one)
    early, late = (plane_of(picture, 0).astype(int) for picture in (pictures[5], pictures[-1]))
    assert np.abs(early[100:170, :150] - late[100:170, :150]).mean() > 8
    assert np.abs(early[100:170, 170:] - late[100:170, 170:]).mean() > 8
    assert sink.gaps == []
    assert (
        len({after.pts - before.pts for before, after in itertools.pairwise(pictures) if after.pts and before.pts}) == 1
    )


def test_a_camera_that_changes_its_size_begins_a_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "LEAST_RUN_NS", S // 2)
    camera = PacedPictures(lambda number: (320, 180) if number < 20 else (640, 480))
    monkeypatch.setattr(opening, "make_source", lambda *_: camera)
    with recording(changed(microphone=None)) as (_, sink):
        wait_for(lambda: len(sink.runs) == 2)
        time.sleep(0.5)
    one, other = sink.runs
    assert (one.cause, other.cause) == (GapCause.FORMAT_CHANGED, None)
    assert {(p.width, p.height) for p in [*pictures_of(one), *pictures_of(other)]} == {(320, 180)}
    assert (plane_of(pictures_of(other)[-1], 0)[90, :30] < 30).all()  # 4:3 with black beside it
    last_pts = max(fragment.end_pts_90k for segment in one.segments for fragment in segment.fragments)
    hole_ns = other.start.anchor.mono_ns - one.start.anchor.mono_ns - last_pts * 100_000 // 9
    assert abs(hole_ns) < S // 2


def test_a_camera_that_never_keeps_its_size_does_not_fill_the_chain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "LEAST_RUN_NS", S // 2)
    camera = PacedPictures(lambda number: ((320, 180), (640, 480))[number % 2])
    monkeypatch.setattr(opening, "make_source", lambda *_: camera)
    with recording(changed(microphone=None)) as (pipeline, sink):
        time.sleep(1.6)
        assert pipeline.frames > 20
    assert 2 <= len(sink.runs) <= 5


def test_a_camera_whose_clock_runs_backwards_is_bent_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    camera = PacedPictures(lambda _number: (320, 180), lambda number: 300_000_000 if number in (8, 16) else 0)
    monkeypatch.setattr(opening, "make_source", lambda *_: camera)
    with recording(changed(microphone=None)) as (pipeline, sink):
        wait_for(lambda: pipeline.clock_bends.get("camera") == 2)
        time.sleep(0.3)
    (one,) = sink.runs
    times = [picture.pts or 0 for picture in pictures_of(one)]
    assert all(after > before for before, after in itertools.pairwise(times))
    assert pipeline.frames_lost == 0


def test_bends_are_counted_by_source() -> None:
    bends = Bends()
    for mono_ns in (S, 2 * S, 2 * S - 500_000, 3 * S, S, 2 * S, S):
        bends.look("camera", mono_ns)
        bends.look("microphone", 5 * S)
    assert bends.counts == {"camera": 2}


class FailingEncoder(VideoEncoder):
    """Works for a second, under the name of another one."""

    def __init__(self, settings: PictureSettings, name: str = "libx264") -> None:
        super().__init__(settings, "libx264")
        self.name = name
        self._left = 10 if name != "libx264" else 10**9

    def encode(self, picture: av.VideoFrame, pts_90k: int, key: bool) -> list[EncodedPicture]:
        self._left -= 1
        if self._left < 0:
            raise EncoderFailed(self.name, "device lost")
        return super().encode(picture, pts_90k, key)


def test_an_encoder_that_fails_is_replaced_in_the_next_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picture_track, "VideoEncoder", FailingEncoder)
    encoders = EncoderChoice(lambda: ("h264_of_this_pc",), lambda _name, _settings: None)
    with recording(changed(), encoders=encoders) as (pipeline, sink):
        wait_for(lambda: pipeline.encoder == "h264_of_this_pc")
        wait_for(lambda: len(sink.runs) == 2 and pipeline.encoder == "libx264")
        time.sleep(0.4)
        assert pipeline.encoder == "libx264"
    assert [one.cause for one in sink.runs] == [GapCause.ENCODER_FAILED, None]
    assert len(pictures_of(sink.runs[0])) == 10


def test_a_probe_that_takes_long_delays_no_recording() -> None:
    encoders = EncoderChoice(lambda: ("slow",), lambda _name, _settings: time.sleep(3) or "no")  # type: ignore[func-returns-value]
    begun = time.monotonic()
    with recording(changed(), encoders=encoders) as (pipeline, _):
        assert time.monotonic() - begun < 2.2
        wait_for(lambda: pipeline.frames > 0)
        assert pipeline.encoder == "libx264"


class Renamed(VideoEncoder):
    """libx264 under another's name."""

    def __init__(self, settings: PictureSettings, name: str = "libx264") -> None:
        super().__init__(settings, "libx264")
        self.name = name


@pytest.mark.parametrize("session", [None, "AB12CD"])
def test_an_encoder_that_is_found_later_is_used_outside_sessions(
    session: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(picture_track, "VideoEncoder", Renamed)
    found = threading.Event()
    encoders = EncoderChoice(lambda: ("late",), lambda _name, _settings: None if found.wait(10) else "no")
    with recording(changed(), encoders=encoders) as (pipeline, sink):
        pipeline.cut(session)
        time.sleep(0.3)
        assert pipeline.encoder == "libx264"
        found.set()
        time.sleep(0.5)
        assert pipeline.encoder == ("libx264" if session else "late")
        pipeline.cut(None)
        wait_for(lambda: pipeline.encoder == "late")
        time.sleep(0.3)
    assert [one.cause for one in sink.runs] == [GapCause.FORMAT_CHANGED, None]


def test_without_a_second_camera_from_the_start_its_box_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline_module, "START_PATIENCE_NS", S // 4)
    missing = {"camera": {"kind": "v4l2", "device": "/dev/video77"}}
    with recording(changed(second_camera=missing)) as (pipeline, sink):
        time.sleep(0.6)
        assert pipeline.frames > 8
    assert [(gap.track, gap.cause, gap.source) for gap in sink.gaps] == [
        ("video", GapCause.CAMERA_LOST, "second-camera")
    ]
    assert {state.name: state.state for state in sink.states}["second-camera"] == "absent"


def test_without_the_main_camera_the_second_one_is_recorded_at_its_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline_module, "START_PATIENCE_NS", S // 4)
    missing = {"kind": "v4l2", "device": "/dev/video77"}
    with recording(changed(camera=missing, second_camera={"camera": {"kind": "synthetic"}})) as (_, sink):
        time.sleep(2.0)
    assert [(gap.track, gap.cause, gap.source) for gap in sink.gaps] == [("video", GapCause.CAMERA_LOST, "camera")]
    times = [picture.pts or 0 for picture in pictures_of(sink.runs[0])]
    late = [after - before for before, after in itertools.pairwise(times)][-20:]
    assert np.median(late) == pytest.approx((times[-1] - times[-21]) / 20, rel=0.05)
    assert len([at for at in times if at > times[-1] / 2]) > 15
