"""The county's calendar: read as people write it, merged into every room, a new version each time, recorded."""

from __future__ import annotations

from datetime import date

import pytest

from config.opening_hours import SpecialDay
from config.recording import RecordingSettings
from config.room import RoomConfiguration
from control_api.database import ArchiveWrite, CalendarChange
from control_api.errors import CenterError, NotAllowed
from control_api.rooms.calendar import BadLine, county_days, read_lines, remove_day, set_days
from control_api.rooms.configuration import with_days
from storage.signing import CONFIGURATION_TYP, PublicKey, open_json
from tests.control_api.room_pc import RoomPc
from tests.control_api.running_centre import RunningCentre
from tests.fakes.seeded_centre import actor_of

CHRISTMAS = date(2026, 12, 25)


def test_days_are_read_as_people_write_them() -> None:
    text = "2026-10-01 休\n\n２０２６年10月10日 按周一开放\n2026/10/11　星期日\n2026-10-12 tuesday\n2026.10.13：closed"
    assert [(day.date.day, day.like) for day in read_lines(text)] == [
        (1, None),
        (10, "monday"),
        (11, "sunday"),
        (12, "tuesday"),
        (13, None),
    ]


@pytest.mark.parametrize("line", ["2026-02-30 休", "国庆 休", "2026-10-01", "2026-10-01 按周八", "2026-10-02 休"])
def test_a_line_that_says_no_day_is_refused_with_its_number(line: str) -> None:
    with pytest.raises(BadLine, match="Line 2") as caught:
        read_lines(f"2026-10-02 休\n{line}")
    assert "第 2 行" in caught.value.message


def test_a_rooms_own_day_counts_before_the_countys() -> None:
    own = RecordingSettings.model_validate({"hours": {"days": [{"date": CHRISTMAS, "like": "monday"}]}})
    merged = with_days(own, [SpecialDay(date=CHRISTMAS), SpecialDay(date=date(2026, 1, 1))])
    assert [(day.date, day.like) for day in merged.hours.days] == [(date(2026, 1, 1), None), (CHRISTMAS, "monday")]


def test_a_change_reaches_every_room_as_a_new_version(centre: RunningCentre, pc: RoomPc) -> None:
    center, actor = centre.center, actor_of(centre.center, "administrator")
    other = centre.make_room("2号接谈室")

    def signed() -> RoomConfiguration:
        jws = pc.configuration()["configuration"]
        return RoomConfiguration.model_validate(open_json(jws, PublicKey.from_text(pc.centre_key), CONFIGURATION_TYP))

    before = signed()
    with center.database.writing() as db:
        told = set_days(db, center, actor, center.now_ns(), [SpecialDay(date=CHRISTMAS)])
    assert set(told) == {pc.room, other}
    after = signed()
    assert after.version == before.version + 1
    assert after.recording.hours.days == (SpecialDay(date=CHRISTMAS),)
    with center.database.writing() as db:  # the same again is no change, and no version
        assert set_days(db, center, actor, center.now_ns(), [SpecialDay(date=CHRISTMAS)]) == []
        assert remove_day(db, center, actor, center.now_ns(), CHRISTMAS) != []
        assert remove_day(db, center, actor, center.now_ns(), CHRISTMAS) == []
    assert signed().version == before.version + 2
    assert signed().recording.hours.days == ()
    with center.database.reading() as db:
        assert [change.act for change in db.query(CalendarChange).order_by(CalendarChange.number)] == ["set", "removed"]
        assert db.query(ArchiveWrite).filter(ArchiveWrite.object_key.startswith("records/calendar/")).count() == 2


def test_bounds_and_rights(centre: RunningCentre) -> None:
    center = centre.center
    many = [SpecialDay(date=date.fromordinal(date(2026, 1, 1).toordinal() + index)) for index in range(301)]
    with center.database.writing() as db:
        with pytest.raises(CenterError, match="at most 300"):
            set_days(db, center, actor_of(center, "administrator"), center.now_ns(), many)
        with pytest.raises(NotAllowed):
            set_days(db, center, actor_of(center, "supervisor"), center.now_ns(), many[:1])
        assert county_days(db) == []
