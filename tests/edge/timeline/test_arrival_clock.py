"""A network camera's clock is followed through jitter, drift and a stalled line."""

from __future__ import annotations

import random

import pytest

from edge.timeline.arrival_clock import ArrivalClock

MS = 1_000_000


@pytest.mark.parametrize("ppm", [-100, 0, 100])
def test_jitter_is_smoothed_and_drift_followed(ppm: int) -> None:
    clock, noise = ArrivalClock(), random.Random(3)
    errors = []
    for number in range(25 * 600):
        taken_ns = number * 40 * MS
        media_ns = round(taken_ns * (1 + ppm * 1e-6))
        arrived_ns = taken_ns + 30 * MS + int(noise.expovariate(1 / 8) * MS)
        mono_ns = clock.mono_ns(media_ns, arrived_ns)
        if clock.settled(arrived_ns):
            errors.append((mono_ns - taken_ns - 30 * MS) / MS)
    assert max(map(abs, errors)) < 8
    assert abs(errors[-1]) < 3


def test_a_stalled_line_does_not_move_the_clock() -> None:
    clock = ArrivalClock()
    for number in range(100):
        clock.mono_ns(number * 40 * MS, number * 40 * MS + 20 * MS)
    late = [clock.mono_ns(number * 40 * MS, 5600 * MS) for number in range(100, 130)]
    assert (
        max(abs(mono - (number * 40 * MS + 20 * MS)) for number, mono in zip(range(100, 130), late, strict=True)) == 0
    )


def test_a_camera_that_starts_anew_is_placed_anew() -> None:
    clock = ArrivalClock()
    clock.mono_ns(1_000_000 * MS, 1000 * MS)
    assert clock.mono_ns(0, 2000 * MS) == 2000 * MS
    assert not clock.settled(2100 * MS)
    assert clock.settled(2600 * MS)
