"""When the backlog is through, and what the line was seen to do."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from config.line import RateLimit
from edge.upload.forecast import MINUTE_NS, MOST_DAYS, through_in_ns
from edge.upload.line_estimate import Inflow, LineEstimate, Sample
from edge.upload.pace import hour_limit_kbps

SECOND = 1_000_000_000
HOUR = 3600 * SECOND
TEN_GB = 10_000_000_000
NIGHT_ONLY = (RateLimit(hours=("06:00-22:00",), kbps=64),)


def test_ten_gigabytes_on_four_megabits_take_five_and_a_half_hours() -> None:
    in_ns = through_in_ns(TEN_GB, 4000, 0, (), None)
    assert in_ns is not None
    assert abs(in_ns / HOUR - 5.56) < 0.01


def test_with_a_room_recording_at_two_megabits_they_take_twice_as_long() -> None:
    in_ns = through_in_ns(TEN_GB, 4000, 2000, (), 600)
    assert in_ns is not None
    assert abs(in_ns / HOUR - 11.1) < 0.1


def test_not_at_this_rate() -> None:
    assert through_in_ns(TEN_GB, 2000, 2096, (), 600) is None
    assert through_in_ns(0, 2000, 2096, (), 600) == 0


def test_hours_with_a_limit_count_as_much_as_they_let_through() -> None:
    by_night = through_in_ns(1_800_000_000, 1000, 0, NIGHT_ONLY, 22 * 60)  # four hours of a free line
    by_day = through_in_ns(1_800_000_000, 1000, 0, NIGHT_ONLY, 6 * 60)
    assert by_night == 4 * HOUR
    assert by_day is not None
    assert 18 * HOUR < by_day < 20 * HOUR
    assert through_in_ns(TEN_GB * 10, 1000, 0, NIGHT_ONLY, None) is None  # hour unknown: 64 kbit/s all day


@settings(max_examples=30, deadline=None)
@given(
    st.integers(0, 20_000_000_000),
    st.integers(64, 8000),
    st.integers(0, 3000),
    st.integers(64, 4000),
    st.integers(0, 1439),
)
def test_it_is_what_a_count_by_the_minute_says(backlog: int, rate: int, inflow: int, limit: int, minute: int) -> None:
    limits = (RateLimit(hours=("08:00-12:00", "14:00-18:00"), kbps=limit),)
    bits, passed = backlog * 8, 0
    while passed < MOST_DAYS * 1440:
        allowed = hour_limit_kbps(limits, (minute + passed) % 1440)
        change = (min(rate, allowed or rate) - inflow) * 60_000
        if bits <= change:
            break
        bits, passed = bits - change, passed + 1
    found = through_in_ns(backlog, rate, inflow, limits, minute)
    if passed >= MOST_DAYS * 1440:
        assert found is None or found >= (MOST_DAYS - 1) * 1440 * MINUTE_NS
    else:
        assert found is not None
        passed = passed if backlog else 0
        assert abs(found - passed * MINUTE_NS) <= MINUTE_NS


def sample(at_s: float, kbps: int, *, limited: bool = False, rest: float = 0.0) -> Sample:
    put_ns = 1_000_000 * 8 * 1_000_000 // kbps
    return Sample(int(at_s * SECOND), 1_000_000, put_ns, int(put_ns * (1 + rest)), limited)


def test_the_best_free_rate_counts_and_a_held_back_one_never_replaces_it() -> None:
    estimate = LineEstimate()
    assert estimate.line_kbps() is None
    estimate.sent(sample(0, 800, limited=True))
    assert estimate.line_kbps() == 800  # better than nothing
    estimate.sent(sample(10, 3800))
    estimate.sent(sample(20, 4000, rest=0.25))
    for at_s in range(30, 7200, 30):
        estimate.sent(sample(at_s, 800, limited=True))
    assert estimate.line_kbps() == 4000
    assert 3300 < (estimate.upload_kbps() or 0) < 3800


def test_a_line_that_became_slower_is_known_after_half_an_hour() -> None:
    estimate = LineEstimate()
    for at_s in range(0, 600, 10):
        estimate.sent(sample(at_s, 4000))
    for at_s in range(600, 2500, 10):
        estimate.sent(sample(at_s, 1000))
    assert estimate.line_kbps() == 1000


def test_new_footage_of_the_last_hour() -> None:
    inflow = Inflow()
    inflow.seen(5_000_000_000, 0)  # what lay there at the start is no new footage
    assert inflow.kbps() is None
    for at_s in range(0, 3 * 3600, 10):
        recorded_s = min(at_s, 3600)
        inflow.seen(5_000_000_000 + recorded_s * 250_000, at_s * SECOND)
        if at_s == 1800:
            assert inflow.kbps() == 2000
    assert inflow.kbps() == 0
