"""Lights off at night is no alarm; a lost device is one at any hour, and what can't be known counts as open."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from config.opening_hours import OpeningHours, SpecialDay, WeeklyHours
from edge.health.expectation import OF_THE_ROOM, is_expected, told
from edge.recorder.problems import OF_A_SOURCE

ZONE = "Asia/Shanghai"
HOURS = OpeningHours(weekly=WeeklyHours(monday=("09:00-12:00", "14:00-17:30")))
MONDAY_OPEN, MONDAY_LUNCH, MONDAY_NIGHT, SUNDAY = (
    "2026-11-23 10:00",
    "2026-11-23 13:00",
    "2026-11-23 23:00",
    "2026-11-22 10:00",
)


def wall_ns(local: str) -> int:
    return int(datetime.fromisoformat(local).replace(tzinfo=ZoneInfo(ZONE)).timestamp()) * 1_000_000_000


@pytest.mark.parametrize("local", [MONDAY_LUNCH, MONDAY_NIGHT, SUNDAY])
def test_outside_hours_nothing_is_expected_unless_a_session_is_open(local: str) -> None:
    assert not is_expected(HOURS, ZONE, wall_ns(local), synchronized=True, session_open=False)
    assert is_expected(HOURS, ZONE, wall_ns(local), synchronized=True, session_open=True)


@pytest.mark.parametrize("synchronized", [None, False])
def test_a_clock_that_is_not_known_says_nothing_about_the_night(synchronized: bool | None) -> None:
    assert is_expected(HOURS, ZONE, wall_ns(MONDAY_NIGHT), synchronized=synchronized, session_open=False)


def test_hours_that_nobody_gave_and_hours_that_run() -> None:
    assert is_expected(OpeningHours(), ZONE, wall_ns(MONDAY_NIGHT), synchronized=True, session_open=False)
    assert is_expected(HOURS, ZONE, wall_ns(MONDAY_OPEN), synchronized=True, session_open=False)
    holiday = HOURS.model_copy(update={"days": (SpecialDay.model_validate({"date": "2026-11-23"}),)})
    assert not is_expected(holiday, ZONE, wall_ns(MONDAY_OPEN), synchronized=True, session_open=False)


def test_what_a_dark_room_does_is_kept_back_and_what_a_broken_device_does_is_not() -> None:
    faults = [("picture-black", 1), ("sound-silent", 2), ("sound-stuck", 3)]
    assert told(faults, expected=True) == faults
    assert told(faults, expected=False) == [("sound-stuck", 3)]


def test_every_code_that_is_kept_back_is_a_problem_of_a_room() -> None:
    assert set(OF_A_SOURCE) >= OF_THE_ROOM
