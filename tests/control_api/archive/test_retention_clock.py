"""A room's clock decides neither that footage is let go at once nor that it can never be deleted."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from control_api.archive.retention import clock_plausible, kept_from
from control_api.database import Device, Entry
from storage.manifest import ClockState, Moment, NoteKind, NoteManifest
from storage.signing import jws_sha256
from tests.control_api.room_pc import RoomPc
from tests.control_api.running_centre import RunningCentre

S = 10**9
DAY_NS = 86400 * S
SESSION = "7" * 32


def at(year: int) -> int:
    return int(datetime(year, 1, 1, tzinfo=UTC).timestamp()) * S


def kept_days(centre: RunningCentre, jws: str) -> int:
    """From now, as the archive itself has it."""
    with centre.center.database.reading() as session:
        entry = session.get_one(Entry, jws_sha256(jws))
    until = centre.center.store.protection(entry.object_key, entry.version_id or "").retain_until_wall_ns
    assert until == entry.retain_until_wall_ns
    return round(((until or 0) - centre.center.now_ns()) / DAY_NS)


@pytest.mark.parametrize("year", [2000, 2150])
def test_footage_of_a_wrong_clock_is_kept_as_long_as_any(centre: RunningCentre, pc: RoomPc, year: int) -> None:
    pc.wall_ns = at(year)
    pc.clock = ClockState(source="chrony", synchronized=True)
    general = pc.segment()
    pc.wall_ns += 60 * S
    pc.send(general, pc.note(NoteKind.SESSION_OPENED, SESSION, officer=centre.accounts["officer"]))
    pc.deliver_known(general)
    of_session = pc.segment(SESSION)
    pc.deliver(of_session)
    assert [kept_days(centre, jws) for jws in (general, of_session)] == [30, 365]
    codes = [alarm["code"] for alarm in centre.person("administrator").get("/api/alarms").json()]
    assert codes == ["clock-implausible"]


def test_a_clock_that_no_server_set_counts_for_nothing(centre: RunningCentre, pc: RoomPc) -> None:
    enrolled_long_ago(centre, pc)
    pc.wall_ns -= 20 * DAY_NS
    drifting = pc.segment()
    pc.clock = ClockState(source="chrony", synchronized=True)
    true = pc.segment()
    for jws in (drifting, true):
        pc.deliver(jws)
    assert [kept_days(centre, jws) for jws in (drifting, true)] == [30, 10]
    assert centre.person("administrator").get("/api/alarms").json() == []


def test_the_rule_alone() -> None:
    enrolled, received = at(2026), at(2027)

    def note(wall_ns: int, synchronized: bool | None = True) -> NoteManifest:
        return NoteManifest(
            device="1" * 32,
            room="2" * 32,
            number=1,
            previous=None,
            made=Moment(wall_ns=wall_ns, mono_ns=1),
            clock=ClockState(synchronized=synchronized),
            note=NoteKind.HEALTH,
        )

    inside = received - 30 * DAY_NS
    assert kept_from(note(inside), enrolled, received) == inside
    assert kept_from(note(inside, None), enrolled, received) == received
    assert kept_from(note(received + S), enrolled, received) == received
    for wrong in (enrolled - 2 * DAY_NS, received + 301 * S):
        assert not clock_plausible(note(wrong), enrolled, received)
        assert kept_from(note(wrong), enrolled, received) == received


def enrolled_long_ago(centre: RunningCentre, pc: RoomPc) -> None:
    with centre.center.database.writing() as session:
        session.get_one(Device, pc.device).enrolled_wall_ns -= 1000 * DAY_NS
