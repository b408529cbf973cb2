"""Pictures come out in order whatever their clock does, and even steps stay even."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from edge.timeline.video_clock import PictureRate, VideoClock, nanoseconds_of, ticks_of


def test_even_steps_stay_even() -> None:
    clock = VideoClock(1_000)
    placed = [clock.place(1_000 + number * 40_000_000) for number in range(1000)]
    assert placed == [number * 3600 for number in range(1000)]


@given(st.lists(st.integers(-2_000_000_000, 2_000_000_000), min_size=1, max_size=200))
def test_times_grow_whatever_the_clock_does(steps: list[int]) -> None:
    clock = VideoClock(0)
    mono_ns, placed = 10_000_000_000, []
    for step in steps:
        mono_ns += step
        pts = clock.place(mono_ns)
        if pts is not None:
            placed.append(pts)
    assert all(after > before for before, after in itertools.pairwise(placed))
    assert all(pts >= 0 for pts in placed)


def test_a_small_step_backwards_is_bent_and_a_large_one_refused() -> None:
    clock = VideoClock(0)
    first = clock.place(1_000_000_000)
    assert clock.place(700_000_000) == (first or 0) + 90
    assert clock.place(100_000_000) is None
    assert clock.place(1_040_000_000) == 93_600


def test_what_lies_before_the_run_has_no_place() -> None:
    assert VideoClock(1_000_000_000).place(900_000_000) is None


@given(st.integers(0, 10**15))
def test_ticks_and_nanoseconds_agree(ticks: int) -> None:
    assert ticks_of(nanoseconds_of(ticks)) == ticks


def test_a_camera_twice_as_fast_is_halved_and_a_slightly_faster_one_left_alone() -> None:
    fast, near = PictureRate(25), PictureRate(25)
    assert sum(fast.wanted(number * 16_666_667) for number in range(60)) == 30
    assert sum(near.wanted(number * 33_333_333) for number in range(30)) == 30
