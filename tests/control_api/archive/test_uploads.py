"""Bytes reach the archive by a grant for exactly them; a receipt is given for what was read back, once."""

from __future__ import annotations

import json
from pathlib import Path

from control_api.archive.keeper import work_once
from control_api.archive.receipts import keep_waiting
from control_api.database import Device, Entry
from storage.key_record import KeyRecord, device_key_record
from storage.manifest import ClockState, NoteKind
from storage.receipt import open_receipt
from storage.signing import PublicKey, jws_sha256
from tests.control_api.room_pc import RoomPc
from tests.control_api.running_centre import RunningCentre

DAY_NS = 86400 * 10**9


def archive(centre: RunningCentre) -> Path:
    return centre.settings.archive.directory  # type: ignore[union-attr]


def test_a_segment_goes_in_and_its_receipt_comes_back(centre: RunningCentre, pc: RoomPc) -> None:
    jws = pc.segment()
    receipt = open_receipt(pc.deliver(jws), PublicKey.from_text(pc.centre_key))
    assert receipt.manifest_sha256 == jws_sha256(jws)
    assert receipt.store == "local-not-worm"
    sealed = archive(centre) / receipt.object_key
    assert sealed.read_bytes() == pc.sealed[jws_sha256(jws)]
    stem = str(sealed).removesuffix(".mp4.age")
    assert Path(stem + ".jws").read_text() == jws
    assert open_receipt(Path(stem + ".receipt.jws").read_text(), PublicKey.from_text(pc.centre_key)) == receipt


def test_asking_again_gives_the_same_receipt(centre: RunningCentre, pc: RoomPc) -> None:
    jws = pc.segment()
    receipt = pc.deliver(jws)
    centre.pass_time(60)
    assert pc.receipt(jws).json()["receipt"] == receipt
    assert pc.upload(jws).json() == {
        "already": True,
        "receipt": receipt,
        "url": None,
        "headers": {},
        "expires_in_s": None,
    }


def test_a_receipt_survives_a_crash_before_its_row(centre: RunningCentre, pc: RoomPc) -> None:
    jws = pc.segment()
    receipt = pc.deliver(jws)
    with centre.center.database.writing() as session:
        row = session.get_one(Entry, jws_sha256(jws))
        row.state, row.receipt = "waiting", None
    centre.pass_time(60)
    assert pc.receipt(jws).json()["receipt"] == receipt


def test_other_bytes_are_not_taken(pc: RoomPc) -> None:
    jws = pc.segment()
    pc.send(jws)
    good = pc.sealed[jws_sha256(jws)]
    for data in (good[:-1], good + b"x", bytes(len(good))):
        grant = pc.post("grants", {"manifest_sha256": jws_sha256(jws)}).json()
        answer = pc.http.put(grant["url"], content=data)
        assert answer.status_code in (400, 409, 422), answer.text
    assert pc.receipt(jws).json()["error"]["code"] == "not-there"
    assert pc.upload(jws).status_code == 200
    assert pc.upload(jws).status_code in (409, 412, 422)  # once
    assert pc.receipt(jws).status_code == 200


def test_stored_bytes_that_differ_are_set_aside_with_an_alarm(centre: RunningCentre, pc: RoomPc) -> None:
    bad, good = pc.segment(), pc.segment()
    pc.send(bad, good)
    pc.upload(bad)
    with centre.center.database.reading() as session:
        path = archive(centre) / session.get_one(Entry, jws_sha256(bad)).object_key
    path.chmod(0o600)
    path.write_bytes(b"\0" * path.stat().st_size)
    assert pc.receipt(bad).json()["error"]["code"] == "bytes-differ"
    assert pc.receipt(bad).json()["error"]["code"] == "bytes-differ"
    assert pc.upload(good).status_code == 200
    assert pc.receipt(good).status_code == 200
    assert statuses(centre) == ["bytes-differ"]
    assert [one["status"] for one in pc.send(pc.gap())] == ["accepted"]


def test_a_grant_is_one_devices_own(centre: RunningCentre, pc: RoomPc) -> None:
    jws = pc.segment()
    pc.send(jws)
    other = centre.enrolled_pc(centre.make_room("2号接谈室"))
    assert other.upload(jws).status_code == 404
    assert other.receipt(jws).status_code == 404
    grant = pc.post("grants", {"manifest_sha256": jws_sha256(jws)}).json()
    centre.pass_time(601)
    late = pc.http.put(grant["url"], content=pc.sealed[jws_sha256(jws)])
    assert late.json()["error"]["code"] == "bad-grant"
    forged = pc.http.put(grant["url"][:-3] + "abc", content=b"x")
    assert forged.json()["error"]["code"] == "bad-grant"


def test_gaps_and_notes_are_kept_by_the_centre_itself(centre: RunningCentre, pc: RoomPc) -> None:
    gap, note = pc.gap(), pc.note(NoteKind.HEALTH, detail="ok")
    pc.send(gap, note)
    while keep_waiting(centre.center):
        pass
    receipt = open_receipt(pc.receipt(gap).json()["receipt"], PublicKey.from_text(pc.centre_key))
    assert (archive(centre) / receipt.object_key).read_text() == gap
    assert receipt.sealed_sha256 == jws_sha256(gap)
    assert pc.post("grants", {"manifest_sha256": jws_sha256(note)}).json()["already"] is True


def test_footage_before_an_opening_gets_the_sessions_time(centre: RunningCentre, pc: RoomPc) -> None:
    far, before = pc.segment(), None
    pc.wall_ns += 60 * 10**9
    before = pc.segment()
    pc.deliver(far)
    pc.deliver(before)
    session_id = "5" * 32
    opened = pc.note(NoteKind.SESSION_OPENED, session_id, officer=centre.accounts["officer"], signed_in="offline")
    inside = pc.segment(session_id)
    closed = pc.note(NoteKind.SESSION_CLOSED, session_id)
    pc.send(opened)
    pc.deliver(inside)
    pc.send(closed)
    work_once(centre.center)
    kept = [_kept_days(centre, jws) for jws in (far, before, inside)]
    assert kept == [30, 365, 365]


def test_footage_that_comes_very_late_is_kept_a_day(centre: RunningCentre, pc: RoomPc) -> None:
    with centre.center.database.writing() as session:
        session.get_one(Device, pc.device).enrolled_wall_ns -= 1000 * DAY_NS
    pc.wall_ns -= 400 * DAY_NS
    pc.clock = ClockState(source="chrony", synchronized=True)
    jws = pc.segment()
    pc.deliver(jws)
    assert _kept_days(centre, jws) == 401


def test_the_archive_down_is_said_and_nothing_is_lost(centre: RunningCentre, pc: RoomPc) -> None:
    jws = pc.segment()
    pc.send(jws)
    pc.upload(jws)
    directory = archive(centre)
    moved = directory.with_name("away")
    directory.rename(moved)
    directory.write_text("not a directory")
    try:
        answer = pc.receipt(jws)
        assert answer.status_code in (409, 503)
        assert [one["status"] for one in pc.send(pc.gap())] == ["accepted"]
        work_once(centre.center)
        assert "archive-trouble" in statuses(centre)
    finally:
        directory.unlink()
        moved.rename(directory)
    assert pc.receipt(jws).status_code == 200
    work_once(centre.center)
    assert "archive-trouble" not in statuses(centre)


def test_public_keys_stand_in_the_archive(centre: RunningCentre, pc: RoomPc) -> None:
    work_once(centre.center)
    work_once(centre.center)
    keys = [json.loads(path.read_text()) for path in (archive(centre) / "records/keys").glob("*.json")]
    assert {key["public_key"] for key in keys} == {pc.centre_key, pc.chain_key.public.text}
    centre_key = PublicKey.from_text(pc.centre_key)
    assert all(KeyRecord.model_validate(key).is_signed([centre_key]) for key in keys)


def test_bytes_that_somebody_put_in_a_records_place_are_said(centre: RunningCentre, pc: RoomPc) -> None:
    record = device_key_record(PublicKey.from_text(pc.centre_key), pc.device, pc.room, 0)
    real = device_key_record(pc.chain_key.public, pc.device, pc.room, 0)
    place = archive(centre) / real.object_key
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(record.model_dump_json())
    work_once(centre.center)
    work_once(centre.center)
    assert statuses(centre) == ["record-differs"]
    jws = pc.gap()
    pc.send(jws)
    work_once(centre.center)
    assert pc.receipt(jws).status_code == 200  # the rest goes on


def statuses(centre: RunningCentre) -> list[str]:
    return [alarm["code"] for alarm in centre.person("administrator").get("/api/alarms").json()]


def _kept_days(centre: RunningCentre, jws: str) -> int:
    with centre.center.database.reading() as session:
        entry = session.get_one(Entry, jws_sha256(jws))
        until = centre.center.store.protection(entry.object_key, entry.version_id or "").retain_until_wall_ns
        assert until == entry.retain_until_wall_ns
        return round(((until or 0) - entry.end_wall_ns) / DAY_NS)
