"""A sound card's blocks are placed by the least of their delays, whatever the thread that takes them goes through."""

from __future__ import annotations

import random

import pytest

from edge.timeline.card_clock import CardClock

MS = 1_000_000
BLOCK = 960


@pytest.mark.parametrize("ppm", [-200, 0, 200])
def test_lateness_is_taken_out_and_drift_followed(ppm: int) -> None:
    clock, noise, errors = CardClock(), random.Random(5), []
    for number in range(50 * 600):
        taken_ns = round(number * 20 * MS / (1 + ppm * 1e-6))
        arrived_ns = taken_ns + 20 * MS + round(noise.expovariate(1 / 3) * MS)
        mono_ns = clock.mono_ns(BLOCK, arrived_ns)
        if clock.settled(arrived_ns):
            errors.append((mono_ns - taken_ns) / MS)
    assert max(map(abs, errors)) < 1.5


def test_bursts_of_three_blocks_are_spread() -> None:
    """As a sound server hands them over: all of a burst at once."""
    clock, placed = CardClock(), []
    for number in range(300):
        arrived_ns = (number // 3 + 1) * 60 * MS
        mono_ns = clock.mono_ns(BLOCK, arrived_ns)
        if clock.settled(arrived_ns):
            placed.append((number, mono_ns))
    assert {mono_ns - number * 20 * MS for number, mono_ns in placed} == {0}


@pytest.mark.parametrize("ppm", [-200, 200])
def test_a_driver_that_knows_is_believed_though_the_machine_is_busy(ppm: int) -> None:
    """Whole seconds in which every block is taken 30 ms late: the arrival alone would be off by as much."""
    clock, noise, errors = CardClock(), random.Random(6), []
    for number in range(50 * 300):
        taken_ns = round(number * 20 * MS / (1 + ppm * 1e-6))
        busy_ms = 30 if number // 250 % 2 else 0
        arrived_ns = taken_ns + 21 * MS + round((busy_ms + noise.expovariate(1 / 5)) * MS)
        said_ns = taken_ns + round(noise.gauss(0, 0.3) * MS)
        mono_ns = clock.mono_ns(BLOCK, arrived_ns, said_ns)
        if clock.settled(arrived_ns):
            errors.append((mono_ns - taken_ns) / MS)
    assert max(map(abs, errors)) < 1.0


@pytest.mark.parametrize("guess", ["wanders", "after the arrival", "long before"])
def test_a_driver_that_guesses_is_not_believed(guess: str) -> None:
    clock, errors = CardClock(), []
    for number in range(500):
        arrived_ns = (number // 3 + 1) * 60 * MS
        age_ms = {"wanders": 430 - number % 12 * 20, "after the arrival": -number % 3 * 20, "long before": 400}[guess]
        mono_ns = clock.mono_ns(BLOCK, arrived_ns, arrived_ns - age_ms * MS)
        if clock.settled(arrived_ns):
            errors.append((mono_ns - number * 20 * MS) / MS)
    assert max(map(abs, errors)) == 0


def test_lost_samples_are_seen_at_once_when_the_driver_tells_and_soon_when_not() -> None:
    for told in (True, False):
        clock = CardClock()
        for number in range(200):
            clock.mono_ns(BLOCK, (number + 1) * 20 * MS)
        if told:
            clock.lost()
        after = [clock.mono_ns(BLOCK, (number + 1) * 20 * MS + 100 * MS) for number in range(200, 400)]
        moved = [mono_ns - (number * 20 * MS) for number, mono_ns in zip(range(200, 400), after, strict=True)]
        assert moved[0] == (100 * MS if told else 0)
        assert moved[110] == moved[-1] == 100 * MS
