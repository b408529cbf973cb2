"""What a room complains of shows at once, becomes an alarm once it lasts, and clears by itself."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from control_api.archive.alarms import acknowledge
from control_api.database import Alarm
from control_api.link.lasting import LASTS_NS, LastingProblems, serious_problems
from control_api.link.status import DeviceStatus
from control_api.rooms.overview import ORDER, room_state
from control_api.web.room_state import count, read_state
from tests.control_api.link.test_device_link import STATUS, on_the_line, wait_for
from tests.control_api.room_pc import RoomPc
from tests.control_api.running_centre import RunningCentre
from tests.fakes.seeded_centre import actor_of

COVERED = {"code": "picture-covered", "message": "遮挡", "message_en": "covered", "source": "camera",
           "since_wall_ns": 5, "degrading": True}  # fmt: skip


def status(*problems: dict[str, Any], **fields: Any) -> DeviceStatus:
    return DeviceStatus.model_validate({"state": "degraded", "problems": list(problems)} | fields)


def test_a_stretch_is_one_alarm_and_clears() -> None:
    lasting, covered, well = LastingProblems(), status(COVERED), status(state="recording")
    assert not lasting.heard(covered, 0)
    assert not lasting.heard(covered, LASTS_NS - 1)
    assert lasting.heard(covered, LASTS_NS).raised == {"room-picture-covered": "camera"}
    assert not lasting.heard(covered, 9 * LASTS_NS)
    assert lasting.heard(well, 10 * LASTS_NS).cleared == ("room-picture-covered",)
    assert not lasting.heard(covered, 11 * LASTS_NS)  # short ones raise nothing
    assert not lasting.heard(well, 12 * LASTS_NS - 1)
    assert not lasting.heard(covered, 12 * LASTS_NS)


def test_what_an_earlier_line_left_is_not_raised_again() -> None:
    lasting = LastingProblems({"room-picture-covered", "room-disk-full"})
    change = lasting.heard(status(COVERED), 0)
    assert (change.raised, change.cleared) == ({}, ("room-disk-full",))
    assert not lasting.heard(status(COVERED), 2 * LASTS_NS)


@pytest.mark.parametrize(
    ("said", "codes"),
    [
        (status({"code": "clock-unsynchronised", "degrading": False}, state="recording"), []),
        (status({"code": "disk-low", "degrading": False}, state="recording"), ["room-disk-low"]),
        (status(state="standby", disk_hours_left=23.5), ["room-disk-low"]),
        (status(state="standby", disk_hours_left=24.0), []),
        (status({"code": "of-an-older-recorder"}), ["room-of-an-older-recorder"]),
        (status({"code": "of-an-older-recorder"}, state="recording"), []),
        (status(sources=[{"name": "microphone", "kind": "audio", "state": "lost", "code": "microphone-unplugged"}]),
         ["room-microphone-unplugged"]),
    ],
)  # fmt: skip
def test_which_problems_are_serious(said: DeviceStatus, codes: list[str]) -> None:
    assert list(serious_problems(said)) == codes


def test_standby_is_calm_and_odd_reports_are_left_out_alone() -> None:
    said = status(state="standby", mode="presence", standby_cause="nobody-present", mirror={"state": "what"},
                  presence={"movement": "?"}, disk_hours_left=float("inf"), clock={"synchronized": True},
                  agent={"backlog_through_wall_ns": 7, "line_kbps": -1})  # fmt: skip
    assert (said.state, said.mode, said.mirror, said.presence, said.disk_hours_left) == (
        "standby", "presence", None, None, None,
    )  # fmt: skip
    assert said.clock is not None
    assert (said.agent_figure("backlog_through_wall_ns"), said.agent_figure("line_kbps")) == (7, None)
    assert ORDER.index(room_state("active", said, 0, 0)) > ORDER.index("recording")
    shown = read_state("active", 1, said.model_dump(), 1)
    assert (shown.kind, shown.rest[:2]) == ("standby", "无人")
    assert (count([shown]).standby, count([shown]).attention) == (1, 0)


def test_a_covered_camera_shows_at_once_and_becomes_one_alarm(centre: RunningCentre, pc: RoomPc) -> None:
    person, began = centre.person("duty-officer"), time.monotonic()
    covered = json.dumps(STATUS | {"state": "degraded", "problems": [COVERED]})
    with on_the_line(pc) as socket:
        socket.send(covered)
        row = wait_for(person, state="degraded")
        assert time.monotonic() - began < 5
        assert row["problems"][0] | {"since_wall_ms": 0} == {
            "code": "picture-covered", "message": "遮挡", "message_en": "covered", "source": "camera",
            "since_wall_ms": 0, "degrading": True,
        }  # fmt: skip
        assert "遮挡" in person.get("/rooms", headers={"accept": "text/html"}).text
        centre.ahead_ns += LASTS_NS + 1
        for _ in range(3):
            socket.send(covered)
        [alarm] = until(lambda: standing(centre))
        assert (alarm.code, alarm.count, alarm.detail) == ("room-picture-covered", 1, "camera")
        center = centre.center
        with center.database.writing() as db:
            acknowledge(db, actor_of(center, "duty-officer"), center.now_ns(), alarm.number)
    with on_the_line(pc) as socket:  # a line that comes back raises nothing anew, though somebody took notice of it
        socket.send(covered)
        centre.ahead_ns += LASTS_NS + 1
        socket.send(covered)
        socket.send(json.dumps(STATUS))
        until(lambda: not standing(centre))
    with centre.center.database.reading() as db:
        assert db.query(Alarm).count() == 1


def standing(centre: RunningCentre) -> list[Alarm]:
    with centre.center.database.reading() as db:
        return db.query(Alarm).filter(Alarm.cleared_wall_ns.is_(None)).all()


def until(ask: Any) -> Any:
    ends = time.monotonic() + 5
    while time.monotonic() < ends:
        if found := ask():
            return found
        time.sleep(0.02)
    raise AssertionError("it did not come")
