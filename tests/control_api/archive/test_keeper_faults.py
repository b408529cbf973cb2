"""C9: one entry, or one kind of work, that can't be done stops no other; somebody is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from control_api.archive import keeper
from control_api.archive.keeper import work_once
from control_api.center import Center
from control_api.database import Entry
from storage.layout import manifest_key, receipt_key
from storage.manifest import MANIFEST, NoteKind
from storage.signing import jws_sha256, peek_json
from tests.control_api.room_pc import RoomPc
from tests.control_api.running_centre import RunningCentre


def archive(centre: RunningCentre) -> Path:
    return centre.settings.archive.directory  # type: ignore[union-attr]


def state(centre: RunningCentre, jws: str) -> str:
    with centre.center.database.reading() as session:
        return session.get_one(Entry, jws_sha256(jws)).state


def alarms(centre: RunningCentre) -> list[str]:
    return sorted(alarm["code"] for alarm in centre.person("administrator").get("/api/alarms").json())


def work_until_done(centre: RunningCentre) -> None:
    while work_once(centre.center):
        pass


@pytest.fixture
def centre(centre: RunningCentre, monkeypatch: pytest.MonkeyPatch) -> RunningCentre:
    """Its own keeper is told of nothing: the test says when it works."""
    monkeypatch.setattr(Center, "hurry", lambda _self: None)
    return centre


def test_what_stands_in_an_entrys_place_stops_no_other_entry(centre: RunningCentre, pc: RoomPc) -> None:
    bad, good = pc.gap(), pc.note(NoteKind.HEALTH)
    manifest = MANIFEST.validate_python(peek_json(bad))
    path = archive(centre) / receipt_key(manifest)
    path.parent.mkdir(parents=True)
    path.write_text("no receipt of this centre")
    pc.send(bad, good)
    work_until_done(centre)
    assert [state(centre, bad), state(centre, good)] == ["waiting", "receipted"]
    assert alarms(centre) == ["entry-not-kept"]
    work_until_done(centre)
    [alarm] = centre.person("administrator").get("/api/alarms").json()
    assert alarm["count"] == 1  # put off
    assert (archive(centre) / manifest_key(manifest)).exists()
    path.unlink()
    centre.pass_time(3601)
    work_until_done(centre)
    assert state(centre, bad) == "receipted"


def test_a_fault_of_one_entry_stops_no_other_entry(
    centre: RunningCentre, pc: RoomPc, monkeypatch: pytest.MonkeyPatch
) -> None:
    from control_api.archive import receipts  # noqa: PLC0415

    bad, good = pc.gap(), pc.gap()
    retain_until = receipts.retain_until

    def overflow(session, entry, *rest):  # type: ignore[no-untyped-def]
        if entry.sha256 == jws_sha256(bad):
            raise OverflowError
        return retain_until(session, entry, *rest)

    monkeypatch.setattr(receipts, "retain_until", overflow)
    pc.send(bad, good)
    work_until_done(centre)
    assert [state(centre, bad), state(centre, good)] == ["waiting", "receipted"]
    assert alarms(centre) == ["entry-not-kept"]


def test_a_fault_of_one_kind_of_work_is_an_alarm_and_stops_no_other(
    centre: RunningCentre, pc: RoomPc, monkeypatch: pytest.MonkeyPatch
) -> None:
    def faulty(_center: Center, _limit: int) -> int:
        raise ZeroDivisionError

    work = keeper.WORK
    monkeypatch.setattr(keeper, "WORK", (faulty, *work))
    jws = pc.gap()
    pc.send(jws)
    work_once(centre.center)
    assert state(centre, jws) == "receipted"
    assert alarms(centre) == ["keeping-fault"]
    monkeypatch.setattr(keeper, "WORK", work)
    work_once(centre.center)
    assert alarms(centre) == []
