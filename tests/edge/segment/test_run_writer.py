"""One run into a sink: calls in their order, also when the very last fragments begin a segment of their own."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from config.room import PictureSettings
from edge.capture.stamp import StampPainter
from edge.encode.video_encoder import VideoEncoder
from edge.segment.muxer import RunShape
from edge.segment.run_writer import RunWriter
from edge.timeline.sound_line import Piece
from storage.manifest import GapCause, Moment
from tests.edge.pipeline.collecting_sink import CollectingSink

ANCHOR = Moment(wall_ns=1_795_000_000_000_000_000, mono_ns=5_000_000_000, pts_90k=0)
PICTURE = PictureSettings(width=320, height=180, bitrate_kbps=200, preset="ultrafast")


def write_run(pictures: int, sound_s: float, cause: GapCause | None = None) -> CollectingSink:
    sink = CollectingSink()
    writer = RunWriter("0" * 32, ANCHOR, RunShape(320, 180, 25, 1, 64), 4, sink)
    encoder, painter = VideoEncoder(PICTURE), StampPainter(320, 180, 25)
    silence = np.zeros((480, 1), np.int16)
    sound = [Piece(1024 + at * 480, silence, False) for at in range(int(sound_s * 100))]
    for number in range(pictures):
        for unit in encoder.encode(painter.paint(number), 1920 + number * 3600, key=number % 50 == 0):
            writer.add_picture(unit)
        while sound and sound[0].start * 15 // 8 <= 1920 + number * 3600:
            writer.add_sound(sound.pop(0))
    writer.end(cause)
    return sink


@pytest.mark.parametrize("pictures", [1, 2, 99, 100, 101, 102, 110])
def test_every_length_ends_in_order(pictures: int) -> None:
    (run,) = write_run(pictures, pictures / 25).runs
    fragments = [fragment for segment in run.segments for fragment in segment.fragments]
    assert run.ended
    assert len(run.segments) == (2 if pictures > 100 else 1)
    assert all(segment.tracks and segment.fragments[0].key for segment in run.segments)
    assert all(after.start_pts_90k == before.end_pts_90k for before, after in itertools.pairwise(fragments))
    assert fragments[-1].end_pts_90k == 1920 + pictures * 3600


def test_a_track_that_stops_does_not_hold_the_other_back() -> None:
    """Sound ends after a second: pictures still leave the muxer as they come."""
    (run,) = write_run(100, 1.0, GapCause.ENCODER_FAILED).runs
    fragments = [fragment for segment in run.segments for fragment in segment.fragments]
    assert len(fragments) > 12
    assert run.cause == GapCause.ENCODER_FAILED


def test_a_run_without_a_picture_leaves_nothing() -> None:
    assert write_run(0, 0).runs == []
