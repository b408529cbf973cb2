"""H1, H2: what a hold has reached stays held until it is released, here and in the archive."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from control_api.archive import receipts
from control_api.archive.keeper import work_once
from control_api.database import Entry, HeldSession
from control_api.sessions.held import session_held
from storage.local_store import LocalStore
from storage.manifest import NoteKind
from storage.object_store import ObjectStoreError
from storage.signing import jws_sha256
from tests.control_api.room_pc import RoomPc
from tests.control_api.running_centre import RunningCentre

CASE, OTHER = "XF2026-000123", "XF2026-000999"
SESSION = "8" * 32


def open_session(centre: RunningCentre, pc: RoomPc, case_id: str | None = CASE) -> str | None:
    officer = centre.accounts["officer"]
    sha256, sealed = pc.tag(SESSION, case_id, officer) if case_id else (None, b"")
    pc.send(pc.note(NoteKind.SESSION_OPENED, SESSION, tag_sha256=sha256, officer=officer, signed_in="online"))
    if sha256:
        assert pc.send_tag(sha256, sealed).status_code == 200
    return sha256


def hold(centre: RunningCentre, **target: str) -> str:
    answer = centre.person("supervisor").post("/api/holds", {**target, "reason": "复查期间封存"})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def release(centre: RunningCentre, hold_id: str) -> None:
    answer = centre.person("supervisor").post(f"/api/holds/{hold_id}/release", {"reason": "复查已结束"})
    assert answer.status_code == 200, answer.text


def locked(centre: RunningCentre, jws: str) -> bool:
    with centre.center.database.reading() as session:
        entry = session.get_one(Entry, jws_sha256(jws))
    held = centre.center.store.protection(entry.object_key, entry.version_id or "").legal_hold
    assert held == entry.archive_hold
    return held


def is_session_held(centre: RunningCentre) -> bool:
    with centre.center.database.reading() as session:
        return session_held(session, SESSION)


def test_h1_correcting_the_case_lifts_no_hold(centre: RunningCentre, pc: RoomPc) -> None:
    open_session(centre, pc)
    hold_id = hold(centre, case_id=CASE)
    officer = centre.person("duty-officer")
    assert officer.post(f"/api/holds/{hold_id}/release", {"reason": "复查已结束"}).status_code == 403
    correction = {"case_id": OTHER, "reason": "录入时少一位"}
    assert officer.post(f"/api/sessions/{SESSION}/case", correction).status_code == 201
    assert is_session_held(centre)
    page = officer.get(f"/sessions/{SESSION}", headers={"accept": "text/html"}).text
    assert "复查期间封存" in page
    later = pc.segment(SESSION)
    pc.deliver(later)
    assert locked(centre, later)
    release(centre, hold_id)
    assert not is_session_held(centre)
    assert not locked(centre, later)


def test_h1_a_replacing_tag_of_the_room_lifts_no_hold(centre: RunningCentre, pc: RoomPc) -> None:
    before = open_session(centre, pc)
    hold(centre, case_id=CASE)
    sha256, sealed = pc.tag(SESSION, OTHER, centre.accounts["officer"], replaces=before)
    pc.send(pc.note(NoteKind.SESSION_TAGGED, SESSION, tag_sha256=sha256, officer=centre.accounts["officer"]))
    pc.send_tag(sha256, sealed)
    later = pc.segment(SESSION)
    pc.deliver(later)
    assert locked(centre, later)


def test_h1_a_session_tagged_after_the_hold_comes_under_it(centre: RunningCentre, pc: RoomPc) -> None:
    hold(centre, case_id=CASE)
    early = pc.segment()
    pc.deliver(early)
    assert not locked(centre, early)
    open_session(centre, pc)
    work_once(centre.center)
    assert is_session_held(centre)
    assert locked(centre, early)  # in the margin before the opening
    with centre.center.database.reading() as session:
        assert [row.recorded for row in session.scalars(select(HeldSession))] == [True]


def test_h2_a_hold_placed_while_a_receipt_is_made_reaches_the_archive(
    centre: RunningCentre, pc: RoomPc, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_session(centre, pc)
    jws = pc.segment(SESSION)
    pc.send(jws)
    pc.upload(jws)
    kept, placed = receipts._kept_receipt, []

    def hold_meanwhile(*arguments):  # type: ignore[no-untyped-def]
        if not placed:
            placed.append(hold(centre, case_id=CASE))
        return kept(*arguments)

    centre.person("supervisor")
    monkeypatch.setattr(receipts, "_kept_receipt", hold_meanwhile)
    assert pc.receipt(jws).status_code == 200
    assert locked(centre, jws)


def test_h2_what_the_archive_missed_is_set_when_it_is_back(
    centre: RunningCentre, pc: RoomPc, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_session(centre, pc)
    jws = pc.segment(SESSION)
    pc.deliver(jws)

    def down(*_arguments: object) -> None:
        raise ObjectStoreError("unreachable", "归档不可用", "The archive is down", recoverable=True)

    with monkeypatch.context() as patched:
        patched.setattr(LocalStore, "set_legal_hold", down)
        hold_id = hold(centre, session=SESSION)
        assert not locked(centre, jws)
        assert "hold-not-in-archive" in alarms(centre)
    work_once(centre.center)
    assert locked(centre, jws)
    assert "hold-not-in-archive" not in alarms(centre)
    with monkeypatch.context() as patched:
        patched.setattr(LocalStore, "set_legal_hold", down)
        release(centre, hold_id)
        assert locked(centre, jws)
    work_once(centre.center)
    assert not locked(centre, jws)


def alarms(centre: RunningCentre) -> list[str]:
    return [alarm["code"] for alarm in centre.person("administrator").get("/api/alarms").json()]
