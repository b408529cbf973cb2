"""How fast uploads may go, as pure questions."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.line import LineSettings, RateLimit
from edge.upload.line_estimate import LineEstimate, Sample
from edge.upload.pace import LEAST_BURST_BYTES, TokenBucket, hour_limit_kbps, minute_of_day, upload_limit_kbps

SECOND = 1_000_000_000
OFFICE = LineSettings(
    capacity_kbps=4000,
    limits=(RateLimit(hours=("08:00-12:00", "14:00-18:00"), kbps=500), RateLimit(hours=("12:00-14:00",), kbps=1000)),
)


@pytest.mark.parametrize(
    ("clock", "limit"), [("07:59", None), ("08:00", 500), ("11:59", 500), ("12:00", 1000), ("18:00", None)]
)
def test_the_hour_decides(clock: str, limit: int | None) -> None:
    hour, minute = map(int, clock.split(":"))
    assert hour_limit_kbps(OFFICE.limits, hour * 60 + minute) == limit


def test_an_unknown_hour_takes_the_strictest_limit_and_never_stops_uploads() -> None:
    assert hour_limit_kbps(OFFICE.limits, None) == 500
    assert upload_limit_kbps(LineSettings(), None, live=False, measured_kbps=None) is None


def test_live_leaves_uploads_their_share_of_what_the_line_has() -> None:
    assert upload_limit_kbps(LineSettings(capacity_kbps=4000), 0, live=True, measured_kbps=9000) == 800
    assert upload_limit_kbps(LineSettings(), 0, live=True, measured_kbps=2000) == 400
    assert upload_limit_kbps(LineSettings(), 0, live=True, measured_kbps=None) == 200
    assert upload_limit_kbps(OFFICE, 9 * 60, live=True, measured_kbps=None) == 500  # the stricter of both


def test_the_hour_is_the_countys() -> None:
    wall_ns = int(datetime(2026, 11, 23, 23, 30, tzinfo=UTC).timestamp()) * SECOND
    assert minute_of_day(wall_ns, "Asia/Shanghai") == 7 * 60 + 30


@given(st.lists(st.integers(1, 40_000), min_size=20, max_size=200), st.integers(64, 20_000))
def test_over_any_time_no_more_goes_than_the_limit_and_a_burst(sizes: list[int], limit_kbps: int) -> None:
    bucket, now_ns, sent = TokenBucket(), 0, 0
    for size in sizes:
        now_ns += int(bucket.wait_s(limit_kbps, now_ns) * SECOND) + 1
        bucket.take(size, limit_kbps, now_ns)
        sent += size
        allowed = limit_kbps * 125 * now_ns / SECOND + max(LEAST_BURST_BYTES, limit_kbps * 12.5) + max(sizes)
        assert sent <= allowed + 1


@given(st.integers(64, 20_000), st.integers(64, 20_000))
def test_a_changed_limit_holds_at_once(before: int, after: int) -> None:
    bucket = TokenBucket()
    bucket.wait_s(before, 0)
    bucket.take(16 << 10, before, 0)
    assert bucket.wait_s(None, 1) == 0
    bucket.take(16 << 10, after, 2)
    assert bucket.wait_s(after, 3) <= (16 << 10) / (after * 125) + 0.001


def test_who_watches_from_the_start_does_not_starve_uploads() -> None:
    """Nothing was measured freely yet: a share of what was held back to a share would shrink without end."""
    estimate, line, now_ns = LineEstimate(), LineSettings(), 0
    first = upload_limit_kbps(line, 600, live=True, measured_kbps=estimate.free_kbps())
    for _ in range(200):
        limit = upload_limit_kbps(line, 600, live=True, measured_kbps=estimate.free_kbps())
        assert limit is not None
        took_ns = 2_500_000 * 8 * 1_000_000 // limit
        now_ns += took_ns
        estimate.sent(Sample(now_ns, 2_500_000, took_ns, took_ns, limited=True))
    assert limit == first
    estimate.sent(Sample(now_ns, 2_500_000, 5_000_000_000, 5_000_000_000, limited=False))
    assert upload_limit_kbps(line, 600, live=True, measured_kbps=estimate.free_kbps()) == 800
