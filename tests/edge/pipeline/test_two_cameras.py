"""Two cameras in one picture, in simulated time: who drives the times, what stands in for whom, which gap says so."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

import av
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from config.room import PictureSettings, RoomConfiguration
from edge.capture.frame import VideoFrame
from edge.capture.planes import plane_of
from edge.encode.video_encoder import EncodedPicture
from edge.pipeline.clock import Clock
from edge.pipeline.picture_gaps import PictureGap, PictureGaps
from edge.pipeline.picture_track import PictureTrack
from edge.timeline.gaps import SHORTEST_NS, GapSpan
from storage.manifest import GapCause, SourceName

S, STEP = 1_000_000_000, 100_000_000
MAIN, SECOND = 60, 200  # how bright each camera is
BOX = {"x": 50, "y": 50, "width": 50, "height": 50}


def configuration(**second: object) -> RoomConfiguration:
    return RoomConfiguration.model_validate(
        {
            "version": 1,
            "device": "a" * 32,
            "room": "b" * 32,
            "room_name": "一号接谈室",
            "unit_name": "青石镇人民群众来访接待中心",
            "picture": PictureSettings(width=320, height=180, rate=10, bitrate_kbps=200, preset="ultrafast"),
            "second_camera": {"camera": {"kind": "synthetic"}, "box": BOX, **second},
        }
    )


def plain(source: SourceName, mono_ns: int) -> VideoFrame:
    planes = np.full((270, 320), 128, np.uint8)
    planes[:180] = MAIN if source == "camera" else SECOND
    return VideoFrame(mono_ns, av.VideoFrame.from_ndarray(planes, "yuv420p"), source)


@dataclass
class Played:
    """A track that is played to in simulated time, and what it made."""

    written: list[EncodedPicture] = field(default_factory=list)
    gaps: list[GapSpan[PictureGap]] = field(default_factory=list)
    seen: list[tuple[int, int, int]] = field(default_factory=list)  # pts, brightness of the main place and of the box

    def __post_init__(self) -> None:
        self.track = PictureTrack(
            configuration(), 0, Clock(), self._write, lambda _pts: None, lambda _packet: None, self.gaps.append
        )

    def _write(self, encoded: EncodedPicture) -> None:
        self.written.append(encoded)

    def play(self, from_s: float, to_s: float, *sources: SourceName, late_ns: int = 0) -> None:
        """`sources` deliver ten pictures a second; the others say that they are lost."""
        for at_ns in range(round(from_s * S), round(to_s * S), STEP):
            for source in sources:
                self.track.add(plain(source, at_ns - (late_ns if source == "camera" else 0)))
                self._look()
            self.track.fill(at_ns, "camera" not in sources, "second-camera" not in sources)
            self._look()

    def _look(self) -> None:
        latest = self.track.latest
        if self.written and isinstance(latest, av.VideoFrame):
            luma, pts = plane_of(latest, 0), self.written[-1].pts_90k
            if not self.seen or self.seen[-1][0] != pts:
                self.seen.append((pts, int(luma[100, 40]), int(np.median(luma[92:, 162:]))))

    def said(self) -> list[tuple[float, float, SourceName | None]]:
        assert {span.cause.cause for span in self.gaps} <= {GapCause.CAMERA_LOST}
        return [(span.start_mono_ns / S, span.end_mono_ns / S, span.cause.source) for span in self.gaps]

    def rate(self, from_s: float, to_s: float) -> float:
        inside = [unit for unit in self.written if from_s * 90_000 <= unit.pts_90k < to_s * 90_000]
        return len(inside) / (to_s - from_s)


def test_the_main_camera_drives_the_picture_and_the_second_stands_in_its_box() -> None:
    played = Played()
    played.play(0, 3, "second-camera", "camera")
    assert [unit.pts_90k for unit in played.written] == [number * 9000 for number in range(30)]
    assert {(main, box) for _, main, box in played.seen} == {(MAIN, SECOND)}
    assert played.gaps == []


def test_a_lost_second_camera_leaves_a_slate_in_its_box_and_a_gap_of_its_own() -> None:
    played = Played()
    played.play(0, 2, "second-camera", "camera")
    played.play(2, 6, "camera")
    played.play(6, 7, "second-camera", "camera")
    assert played.said() == [(1.9, 6.0, "second-camera")]
    assert played.rate(0, 7) == 10
    assert {main for _, main, _ in played.seen} == {MAIN}
    assert {box for pts, _, box in played.seen if 3 * 90_000 < pts < 6 * 90_000} == {40}


def test_a_lost_main_camera_leaves_the_second_ones_pictures_at_their_rate() -> None:
    played = Played()
    played.play(0, 2, "second-camera", "camera")
    played.play(2, 6, "second-camera")
    played.play(6, 8, "second-camera", "camera")
    ((start, end, source),) = played.said()
    assert (start, source) == (2.0, "camera")
    assert 6.0 <= end <= 6.11
    assert played.rate(3, 6) >= 9
    assert {box for _, _, box in played.seen} == {SECOND}
    assert {main for pts, main, _ in played.seen if 3 * 90_000 < pts < 6 * 90_000} == {40}
    assert {main for pts, main, _ in played.seen if pts > 6.2 * 90_000} == {MAIN}


def test_both_lost_is_a_gap_of_the_whole_picture_and_nothing_starves() -> None:
    played = Played()
    played.play(0, 2, "second-camera", "camera")
    played.play(2, 4, "second-camera")
    played.play(4, 8)
    played.play(8, 10, "camera")
    played.play(10, 11, "second-camera", "camera")
    sources = [source for _, _, source in played.said()]
    assert sources == ["camera", None, "second-camera"]
    ends = [end for _, end, _ in played.said()]
    starts = [start for start, _, _ in played.said()]
    assert starts[0] == 2.0
    assert 3.9 <= starts[1] <= ends[0] + 0.001
    assert abs(ends[1] - 8) < 0.3
    assert ends[2] == 10.0
    assert all(end <= start for end, start in zip(ends, starts[1:], strict=False))
    steps = np.diff([unit.pts_90k for unit in played.written])
    assert steps.min() > 0
    assert steps.max() <= 0.41 * 90_000


def test_a_camera_whose_way_is_longer_finds_its_place_again() -> None:
    """The second camera drove the times up to now; the main one comes back 0.4 s old."""
    played = Played()
    played.play(0, 2, "second-camera", "camera")
    played.play(2, 5, "second-camera")
    played.play(5, 8, "second-camera", "camera", late_ns=400_000_000)
    assert {main for pts, main, _ in played.seen if pts > 6 * 90_000} == {MAIN}


def test_without_any_camera_from_the_start_one_gap_says_so() -> None:
    played = Played()
    played.play(0, 3)
    played.track.finish()
    assert [(start, source) for start, _, source in played.said()] == [(0.0, None)]
    assert played.written


def test_places_change_from_one_picture_to_the_next() -> None:
    played = Played()
    played.play(0, 1, "second-camera", "camera")
    played.track.arrange(configuration(box={"x": 0, "y": 50, "width": 50, "height": 50}))
    played.play(1, 2, "second-camera", "camera")
    assert [main for _, main, _ in played.seen] == [MAIN] * 10 + [SECOND] * 10
    assert played.gaps == []


PARTS: list[PictureGap | None] = [
    None,
    PictureGap(GapCause.CAMERA_LOST),
    PictureGap(GapCause.CAMERA_LOST, "camera"),
    PictureGap(GapCause.CAMERA_LOST, "second-camera"),
    PictureGap(GapCause.ENCODER_FAILED),
]


@given(st.lists(st.tuples(st.sampled_from(PARTS), st.integers(0, 40)), min_size=1, max_size=60))
def test_gaps_never_overlap_and_leave_out_nothing(story: list[tuple[PictureGap | None, int]]) -> None:
    """At each tenth of a second one part is missing, noticed up to four seconds late; or none."""
    said: list[GapSpan[PictureGap]] = []
    gaps = PictureGaps(said.append)
    for number, (part, back) in enumerate(story):
        if part is None:
            gaps.complete(number * STEP)
        else:
            gaps.missing(max(0, number * STEP - back * STEP), (number + 1) * STEP, part)
    gaps.complete(len(story) * STEP)
    for one, other in itertools.pairwise(said):
        assert one.end_mono_ns <= other.start_mono_ns
    assert all(span.end_mono_ns - span.start_mono_ns >= SHORTEST_NS for span in said)
    for number, (part, _) in enumerate(story):
        within = [one for one in said if one.start_mono_ns <= number * STEP < one.end_mono_ns]
        assert part is None or [one.cause for one in within] == [part]
