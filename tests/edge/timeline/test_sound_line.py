"""Sound lies where it was taken, without a sample missing, and silence lies where there was none."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from edge.timeline.sound_line import RATE, Piece, SoundLine, fit_channels

BLOCK = 960
SECOND = 1_000_000_000


def tone(start: int, count: int, rate: float = RATE) -> np.ndarray:
    return np.rint(8000 * np.sin(2 * np.pi * 100 * (start + np.arange(count)) / rate)).astype(np.int16).reshape(-1, 1)


def joined(pieces: list[Piece]) -> np.ndarray:
    assert all(after.start == before.end for before, after in itertools.pairwise(pieces))
    return np.concatenate([piece.samples for piece in pieces])[:, 0]


def test_a_perfect_clock_passes_bit_exact() -> None:
    line = SoundLine(0, 1)
    pieces = [p for n in range(100) for p in line.add(n * 20_000_000, tone(n * BLOCK, BLOCK))] + line.interrupt()
    assert np.array_equal(joined(pieces), tone(0, 100 * BLOCK)[:, 0])
    assert line.drift_ppm == 0


def test_a_late_start_is_silence_then_sound_at_its_place() -> None:
    line = SoundLine(0, 1)
    pieces = line.add(SECOND // 2, tone(0, BLOCK)) + line.interrupt()
    assert pieces[0].filled
    assert len(pieces[0].samples) == RATE // 2
    assert pieces[1].start == RATE // 2


def test_what_was_taken_before_the_run_is_left_out() -> None:
    line = SoundLine(SECOND, 1)
    assert line.add(SECOND - 25_000_000, tone(0, BLOCK)) == []
    pieces = line.add(SECOND - 5_000_000, tone(0, BLOCK)) + line.interrupt()
    assert pieces[0].start == 0
    assert line.position == BLOCK - RATE // 200


def test_a_drop_out_becomes_silence_of_its_length() -> None:
    line = SoundLine(0, 1)
    pieces = line.add(0, tone(0, BLOCK))
    pieces += line.fill(SECOND)
    pieces += line.add(2 * SECOND, tone(0, BLOCK)) + line.interrupt()
    joined(pieces)
    assert [piece.filled for piece in pieces] == [False, False, True, True, False, False]
    assert line.position == 2 * RATE + BLOCK


def test_missing_blocks_are_seen_by_their_times_alone() -> None:
    line = SoundLine(0, 1)
    times = [*range(0, 400, 20), *range(600, 1000, 20)]
    pieces = [p for ms in times for p in line.add(ms * 1_000_000, tone(0, BLOCK))] + line.interrupt()
    joined(pieces)
    assert [(piece.start, len(piece.samples)) for piece in pieces if piece.filled] == [(RATE * 4 // 10, RATE // 5)]
    assert line.position == RATE


@pytest.mark.parametrize("late_ms", [30, 100, 350, 3000])
def test_one_late_stamp_changes_nothing(late_ms: int) -> None:
    """The thread that takes the stamps was held up: the sound itself is whole."""
    line = SoundLine(0, 1)
    pieces: list[Piece] = []
    for number in range(200):
        stamp_ns = number * 20_000_000 + (late_ms * 1_000_000 if number in (0, 70, 71, 140) else 0)
        pieces += line.add(stamp_ns, tone(number * BLOCK, BLOCK))
    assert np.array_equal(joined(pieces + line.interrupt()), tone(0, 200 * BLOCK)[:, 0])
    assert not any(piece.filled for piece in pieces)


def test_silence_leaves_what_waits_for_its_place_alone() -> None:
    """A microphone is back for a tenth of a second while its silence is still being filled."""
    line = SoundLine(0, 1)
    pieces = line.fill(SECOND)
    for number in range(10):
        pieces += line.add(SECOND + (100 + number * 20) * 1_000_000, tone(number * BLOCK, BLOCK))
        pieces += line.fill(SECOND + number * 5_000_000)
    joined(pieces + line.interrupt())
    assert line.position == RATE + RATE // 10 + 10 * BLOCK


def test_sound_that_overlaps_silence_follows_it() -> None:
    line = SoundLine(0, 1)
    pieces = line.fill(SECOND) + line.add(SECOND - 10_000_000, tone(0, BLOCK)) + line.interrupt()
    joined(pieces)
    assert line.position == RATE + BLOCK // 2


@pytest.mark.parametrize("ppm", [-200, 200])
def test_resampled_sound_keeps_its_pitch_on_the_timeline(ppm: int) -> None:
    """The microphone's 100 Hz, taken with a wrong clock, is 100 Hz of the timeline again and stays in place."""
    line, rate = SoundLine(0, 1), RATE * (1 + ppm * 1e-6)
    pieces: list[Piece] = []
    for number in range(50 * 120):
        pieces += line.add(round(number * BLOCK / rate * 1e9), tone(number * BLOCK, BLOCK, rate))
    sound = joined(pieces).astype(float)[-RATE:]
    expected = 8000 * np.sin(2 * np.pi * 100 * (line.position - RATE + np.arange(RATE)) / RATE)
    turned = np.sum(sound * np.exp(-2j * np.pi * 100 * np.arange(RATE) / RATE))
    wanted = np.sum(expected * np.exp(-2j * np.pi * 100 * np.arange(RATE) / RATE))
    assert abs(np.angle(turned / wanted)) / (2 * np.pi * 100) < 0.002  # the control still settles
    assert abs(turned) == pytest.approx(abs(wanted), rel=0.01)
    assert line.drift_ppm == pytest.approx(ppm, abs=50)  # still settling


def test_channels_are_copied_or_mixed() -> None:
    both = np.array([[100, 300], [-100, -300]], np.int16)
    assert fit_channels(both, 1).tolist() == [[200], [-200]]
    assert fit_channels(both[:, :1], 2).tolist() == [[100, 100], [-100, -100]]
