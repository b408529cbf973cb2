"""The measuring eye is itself measured: planted offsets and losses must be found."""

from __future__ import annotations

import io
import itertools
import time
from fractions import Fraction

import av
import numpy as np
import pytest

from edge.capture.frame import AudioBlock, VideoFrame
from edge.capture.stamp import StampPainter, StampSound
from edge.capture.stamp_reader import Measured, measure
from edge.capture.synthetic import SyntheticSource


def footage(
    *, seconds: int = 3, sound_late_ms: int = 0, without: tuple[int, ...] = (), twice: tuple[int, ...] = ()
) -> bytes:
    """A plain MP4 made with PyAV alone, 640x360 at 25 a second and 500 kbit/s."""
    file = io.BytesIO()
    painter, sound = StampPainter(640, 360, 25), StampSound()
    with av.open(file, "w", format="mp4") as container:
        video = container.add_stream("libx264", rate=25, options={"preset": "ultrafast", "bf": "0", "g": "25"})
        video.width, video.height, video.pix_fmt, video.bit_rate = 640, 360, "yuv420p", 500_000
        audio = container.add_stream("aac", rate=48_000)
        audio.layout = "mono"
        for number in range(25 * seconds):
            if number in without:
                continue
            picture = painter.paint(number - 1 if number in twice else number)
            picture.pts, picture.time_base = number, Fraction(1, 25)
            container.mux(video.encode(picture))
        container.mux(video.encode(None))
        line = np.roll(sound.samples(0, 48_000 * seconds), sound_late_ms * 48, axis=0)
        for start in range(0, len(line), 1024):
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(line[start : start + 1024].T), "s16", "mono")
            frame.sample_rate, frame.pts, frame.time_base = 48_000, start, Fraction(1, 48_000)
            container.mux(audio.encode(frame))
        container.mux(audio.encode(None))
    return file.getvalue()


def test_whole_footage_measures_clean() -> None:
    measured = measure(footage())
    assert (measured.frames, measured.lost_frames, measured.repeated_frames, measured.unreadable_frames) == (
        75,
        0,
        0,
        0,
    )
    assert measured.av_offset_ms == pytest.approx(0, abs=1)
    assert measured.duration_s == pytest.approx(3.0, abs=0.001)
    assert measured.pts_steps_90k == (3600,)


@pytest.mark.parametrize("late_ms", [-80, 40, 120])
def test_a_planted_offset_is_found(late_ms: int) -> None:
    assert measure(footage(sound_late_ms=late_ms)).av_offset_ms == pytest.approx(late_ms, abs=1.5)


def test_planted_losses_and_repeats_are_found() -> None:
    measured: Measured = measure(footage(without=(10, 11, 40), twice=(60,)))
    assert measured.lost_frames == 4  # the three, and the one that the repeat stands in for
    assert measured.repeated_frames == 1


def test_the_synthetic_source_costs_little_and_keeps_time() -> None:
    source = SyntheticSource(1280, 720, 25)
    source.open()
    started, used = time.monotonic_ns(), time.thread_time()
    items = []
    while time.monotonic_ns() - started < 1_000_000_000:
        item = source.read(0.25)
        if item is not None:
            items.append(item)
    assert time.thread_time() - used < 0.10
    frames = [item for item in items if isinstance(item, VideoFrame)]
    blocks = [item for item in items if isinstance(item, AudioBlock)]
    assert {b.mono_ns - a.mono_ns for a, b in itertools.pairwise(frames)} == {40_000_000}
    assert {b.mono_ns - a.mono_ns for a, b in itertools.pairwise(blocks)} == {20_000_000}
    assert len(frames) >= 24


def test_a_machine_that_stood_still_goes_on_with_whole_seconds() -> None:
    now = [0]
    source = SyntheticSource(320, 180, 25, monotonic_ns=lambda: now[0], sleep=lambda _s: None)
    source.open()
    source.read(1)
    now[0] = 10_500_000_000
    item = source.read(1)
    assert item is not None
    assert 10_500_000_000 - item.mono_ns < 1_500_000_000
