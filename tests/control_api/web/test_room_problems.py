"""Which of a room's troubles stands first in the list, and which is none to who hears the room."""

from __future__ import annotations

from control_api.web.room_state import problems_of


def test_a_lost_copy_stands_before_the_clock_and_a_line_that_works_is_not_said_to_be_down() -> None:
    codes = ("centre-unreachable", "clock-unsynchronised", "mirror-lost", "disk-low")
    status = {"sources": [], "problems": [{"code": code, "message": code} for code in codes]}
    assert [problem["code"] for problem in problems_of(status)] == ["mirror-lost", "disk-low", "clock-unsynchronised"]
