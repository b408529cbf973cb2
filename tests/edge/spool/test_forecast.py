"""How many hours the disk still takes."""

from __future__ import annotations

import secrets
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.room import PictureSettings, RoomConfiguration
from edge.recorder.disk_watch import DiskWatch
from edge.recorder.problems import describe
from edge.spool.forecast import LEAST_BYTES_PER_S, NS, DiskFigures, Growth, configured_bytes_per_s, hours_left
from storage.manifest import Moment

GB = 10**9
HOUR = 3600
bytes_of_a_disk = st.integers(0, 10**13)


def room(**changes: Any) -> RoomConfiguration:
    ids = {"device": secrets.token_hex(16), "room": secrets.token_hex(16), "room_name": "一号", "unit_name": "青石镇"}
    return RoomConfiguration.model_validate({"version": 1, **ids, **changes})


def test_what_was_sealed_lately_says_how_long_it_lasts() -> None:
    growth = Growth()
    for second in range(2 * HOUR):
        growth.see(second * NS, second * 300_000)
    assert growth.bytes_per_s(otherwise=1.0) == pytest.approx(300_000)
    assert hours_left(DiskFigures(109 * GB, GB, 0, 0), 300_000) == pytest.approx(100, rel=0.01)


def test_before_an_hour_was_measured_the_configured_rates_count() -> None:
    growth = Growth()
    assert growth.bytes_per_s(7.0) == 7.0
    for second in range(HOUR - 60):
        growth.see(second * NS, 0)
    assert growth.bytes_per_s(7.0) == 7.0
    assert configured_bytes_per_s(room()) == pytest.approx(2_096_000 / 8 * 1.1)
    assert configured_bytes_per_s(room(picture=PictureSettings(bitrate_kbps=200))) == LEAST_BYTES_PER_S


def test_a_day_ago_is_forgotten_and_nothing_grows_without_bound() -> None:
    growth = Growth()
    for minute in range(3 * 24 * 60):
        growth.see(minute * 60 * NS, min(minute, 24 * 60) * 60 * 1_000_000)
    assert growth.bytes_per_s(5.0) == 0
    assert len(growth._samples) <= 24 * 60 + 1
    assert hours_left(DiskFigures(GB, 0, 0, 0), 0) is None
    assert hours_left(DiskFigures(None, 0, 0, 0), 1) is None


@given(bytes_of_a_disk, bytes_of_a_disk, bytes_of_a_disk, st.floats(1, 1e9))
def test_receipted_footage_is_as_good_as_free_space(free: int, reserve: int, receipted: int, rate: float) -> None:
    hours = hours_left(DiskFigures(free, reserve, receipted, 0), rate)
    assert hours is not None
    assert hours >= 0
    assert hours == hours_left(DiskFigures(free + receipted, reserve, 0, 0), rate)
    if free + receipted <= reserve:
        assert hours == 0


def test_the_warning_comes_a_day_before_names_the_hours_and_does_not_flutter() -> None:
    free = {"bytes": 0}
    watch = DiskWatch(lambda: DiskFigures(free["bytes"], GB, 0, 0), room)
    rate = configured_bytes_per_s(room())
    seen: list[tuple[float, bool]] = []
    for at, hours in enumerate([30.0, 24.5, 23.9, 24.5, 24.9, 25.1, 24.5, 3.4]):
        free["bytes"] = int(GB + hours * HOUR * rate)
        watch.tick(Moment(wall_ns=at * NS, mono_ns=at * NS))
        report = watch.report()
        assert report.fields["disk_hours_left"] == pytest.approx(hours, abs=0.1)
        seen.append((hours, bool(report.problems)))
    assert [low for _, low in seen] == [False, False, True, True, True, False, False, True]
    (problem,) = watch.report().problems
    assert (problem.code, problem.since_wall_ns, problem.degrading) == ("disk-low", 7 * NS, False)
    told = describe(problem.code, None, problem.figure)
    assert "3 小时" in told["message"]
    assert "3 more hours" in told["message_en"]
