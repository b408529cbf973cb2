"""What goes to the disk is decoded first: whole footage passes, damaged footage is named, nothing waits long."""

from __future__ import annotations

import itertools
import random
import threading
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from config.room import PictureSettings
from edge.capture.stamp import StampPainter, StampSound
from edge.encode.video_encoder import VideoEncoder
from edge.health import decode_proof
from edge.health.decode_proof import MOST_WAITING, Prover, Sample, fault_in
from edge.health.proven_sink import ProvenSink
from edge.segment.muxer import RunShape
from edge.segment.run_writer import RunWriter
from edge.timeline.sound_line import Piece
from storage.manifest import Moment
from tests.edge.pipeline.collecting_sink import CollectingSink

ANCHOR = Moment(wall_ns=1_795_000_000_000_000_000, mono_ns=5_000_000_000, pts_90k=0)
PICTURE = PictureSettings(width=320, height=180, bitrate_kbps=400, preset="ultrafast")


def samples_of(pictures: int, *, stop_sound_at_s: float = 60.0) -> tuple[list[Sample], CollectingSink]:
    """The samples of a run of `pictures` at 25 a second, segments of four seconds."""
    taken: list[Sample] = []
    sink = CollectingSink()
    writer = RunWriter("0" * 32, ANCHOR, RunShape(320, 180, 25, 1, 64), 4, ProvenSink(sink, taken.append))
    encoder, painter, made = VideoEncoder(PICTURE), StampPainter(320, 180, 25), StampSound()
    starts = itertools.count(1024, 480)
    at = next(starts)
    for number in range(pictures):
        for unit in encoder.encode(painter.paint(number), 1920 + number * 3600, key=number % 50 == 0):
            writer.add_picture(unit)
        while at * 15 // 8 <= 1920 + number * 3600 and at < stop_sound_at_s * 48_000:
            writer.add_sound(Piece(at, made.samples(at, 480), False))
            at = next(starts)
    writer.end(None)
    return taken, sink


@pytest.fixture(scope="module")
def sample() -> Sample:
    return samples_of(75)[0][0]


def test_the_beginning_of_every_segment_is_looked_at_and_plays() -> None:
    taken, sink = samples_of(250)
    (run,) = sink.runs
    assert [one.start_pts_90k for one in taken] == [one.fragments[0].start_pts_90k for one in run.segments]
    assert len(taken) == 3
    assert [fault_in(one) for one in taken] == [None] * 3
    assert all(one.sound_s >= 1.0 for one in taken[:2])


def test_a_segment_of_a_moment_is_proved_by_what_there_is() -> None:
    taken, _ = samples_of(6)
    assert [fault_in(one) for one in taken] == [None]


def _mdat_places(data: bytes) -> list[tuple[int, int]]:
    places, at = [], 0
    while at + 8 <= len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        if data[at + 4 : at + 8] == b"mdat":
            places.append((at + 8, at + size))
        at += size
    return places


def _overwritten(data: bytes, fill: Callable[[int], bytes]) -> bytes:
    """The middle of every fragment's media overwritten."""
    damaged = bytearray(data)
    for start, end in _mdat_places(data):
        begin = start + (end - start) // 10
        damaged[begin:end] = fill(end - begin)
    return bytes(damaged)


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "zeros": lambda data: _overwritten(data, bytes),
    "noise": lambda data: _overwritten(data, random.Random(1).randbytes),
    "ones": lambda data: _overwritten(data, lambda count: b"\xff" * count),
    "cut off": lambda data: data[: _mdat_places(data)[0][0] + 200],
    "no init": lambda data: data[data.index(b"moof") - 4 :],
    "nothing": lambda _: b"",
    "shifted": lambda data: data[:700] + b"\0" + data[700:],
}


@pytest.mark.parametrize("name", DAMAGES)
def test_damaged_footage_does_not_pass(sample: Sample, name: str) -> None:
    assert fault_in(replace(sample, data=DAMAGES[name](sample.data))) is not None


def test_missing_sound_does_not_pass() -> None:
    silent, _ = samples_of(75, stop_sound_at_s=0.3)
    assert fault_in(silent[0]) == "too little sound"


def test_the_signer_learns_the_result_and_the_note_comes_first(sample: Sample) -> None:
    told = threading.Event()
    prover = Prover(told.set)
    prover.start()
    try:
        prover.offer(sample)
        assert prover.await_result(sample.run, sample.start_pts_90k, 5.0) is True
        assert prover.failing is None
        prover.offer(replace(sample, start_pts_90k=7, data=DAMAGES["noise"](sample.data)))
        assert prover.await_result(sample.run, 7, 5.0) is False
        assert told.is_set(), "said before the signer goes on"
        assert prover.failing is not None
        begun = time.monotonic()
        assert prover.await_result(sample.run, 99, 5.0) is None, "what nobody offered is not waited for"
        assert time.monotonic() - begun < 1
        prover.offer(sample)
        assert prover.await_result(sample.run, sample.start_pts_90k, 5.0) is True
    finally:
        prover.stop()


def test_a_decoder_that_hangs_holds_up_nobody(sample: Sample, monkeypatch: pytest.MonkeyPatch) -> None:
    goes_on = threading.Event()
    monkeypatch.setattr(decode_proof, "fault_in", lambda _sample: goes_on.wait(10) and None)
    prover = Prover(lambda: None)
    prover.start()
    try:
        for number in range(3 * MOST_WAITING):
            prover.offer(replace(sample, start_pts_90k=number))
        assert prover.await_result(sample.run, 3 * MOST_WAITING - 1, 0.1) is None
        assert prover.dropped >= MOST_WAITING
        assert prover.waiting_since_mono_ns is not None
    finally:
        goes_on.set()
        prover.stop()


def test_what_it_costs(sample: Sample) -> None:
    used = time.thread_time()
    for _ in range(10):
        assert fault_in(sample) is None
    assert (time.thread_time() - used) / 10 / 10 < 0.01, "CPU seconds per recorded second, once in ten seconds"


def test_pictures_of_other_shapes_are_no_business_of_it() -> None:
    assert fault_in(Sample("0" * 32, 0, np.random.default_rng(1).bytes(5000), True, 1.0)) is not None
