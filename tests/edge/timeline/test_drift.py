"""An hour with a wrong sound clock, simulated in a second or two: never ten milliseconds off after it settled."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.timeline.drift import DriftControl

BLOCK_S = 0.02


def simulate(ppm: float, seconds: int, jitter_s: float, seed: int = 1, start_delay_s: float = 0.0) -> list[float]:
    """True offset of sound from the timeline after each block, in seconds (time stamps jitter, the offset doesn't)."""
    noise = random.Random(seed)
    control = DriftControl()
    line_s, real_s = 0.0, start_delay_s  # where the line stands; when the block was really taken
    offsets: list[float] = []
    line_s = real_s + noise.uniform(-jitter_s, jitter_s)
    for _ in range(int(seconds / BLOCK_S)):
        offsets.append(line_s - real_s)
        error = line_s - (real_s + noise.uniform(-jitter_s, jitter_s))
        correction = control.observe(error, BLOCK_S)
        line_s += BLOCK_S / (1 + correction)
        real_s += BLOCK_S / (1 + ppm * 1e-6)
    return offsets


@pytest.mark.parametrize("ppm", [-200, -35, 0, 80, 200])
def test_within_ten_milliseconds_for_an_hour(ppm: float) -> None:
    offsets = simulate(ppm, 3600, jitter_s=0.003)
    assert max(map(abs, offsets)) < 0.010
    assert abs(offsets[-1]) < 0.002


@settings(max_examples=15, deadline=None)
@given(ppm=st.floats(-200, 200), jitter_ms=st.floats(0, 8), delay_s=st.floats(0, 5), seed=st.integers(0, 99))
def test_settles_from_any_start(ppm: float, jitter_ms: float, delay_s: float, seed: int) -> None:
    offsets = simulate(ppm, 300, jitter_ms / 1000, seed, delay_s)
    assert max(map(abs, offsets)) < 0.014
    assert abs(offsets[-1]) < 0.005


def test_a_steady_clock_is_left_alone() -> None:
    control = DriftControl()
    assert {control.observe(1e-9, BLOCK_S) for _ in range(1000)} == {0.0}


def test_the_drift_that_was_corrected_is_told() -> None:
    control = DriftControl()
    line_s = real_s = 0.0
    for _ in range(30_000):
        line_s += BLOCK_S / (1 + control.observe(line_s - real_s, BLOCK_S))
        real_s += BLOCK_S / (1 + 120e-6)
    assert control.drift_ppm == pytest.approx(120, abs=3)
