"""When a closed room opens next: the week, a holiday, a make-up day, the end of summer time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import hypothesis.strategies as st
import pytest
from hypothesis import given

from config.opening_hours import OpeningHours

START = datetime(2026, 1, 1, tzinfo=UTC)
ZONE = "Asia/Shanghai"
WEEK = {"weekly": {"monday": ["09:00-12:00", "14:00-17:30"], "friday": ["08:30-12:00"]}}
DAYS = [{"date": "2026-11-30"}, {"date": "2026-11-29", "like": "friday"}]


def at(text: str, zone: str = ZONE) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()) * 1_000_000_000


@pytest.mark.parametrize(
    ("now", "opens"),
    [
        ("2026-11-23 08:00", "2026-11-23 09:00"),
        ("2026-11-23 09:00", "2026-11-23 14:00"),
        ("2026-11-23 18:00", "2026-11-27 08:30"),
        ("2026-11-27 13:00", "2026-11-29 08:30"),  # a make-up Sunday
        ("2026-11-29 13:00", "2026-12-04 08:30"),  # over a holiday
    ],
)
def test_the_next_opening(now: str, opens: str) -> None:
    hours = OpeningHours.model_validate(WEEK | {"days": DAYS})
    assert hours.next_opening(at(now), ZONE) == at(opens)


def test_without_hours_there_is_none() -> None:
    assert OpeningHours().next_opening(at("2026-11-23 08:00"), ZONE) is None


@given(st.integers(0, 700).map(lambda hours: START + timedelta(hours=hours * 25)))
def test_it_is_open_then_and_was_closed_just_before(now: datetime) -> None:
    hours = OpeningHours.model_validate(WEEK)
    for zone in (ZONE, "Europe/Berlin"):
        opens = hours.next_opening(int(now.timestamp()) * 1_000_000_000, zone)
        assert opens is not None
        assert hours.is_open(opens, zone)
        assert not hours.is_open(opens - 1_000_000_000, zone)
