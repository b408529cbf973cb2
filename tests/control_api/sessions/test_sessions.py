"""Sessions come out of the chain; cases, findings and holds are added and never rewritten."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from control_api.archive.keeper import work_once
from control_api.database import Entry
from control_api.sessions.footage import get_session, session_entries
from storage.case_tag import open_tag
from storage.manifest import NoteKind
from storage.record import read_record
from storage.signing import jws_sha256
from tests.control_api.room_pc import RoomPc
from tests.control_api.running_centre import RunningCentre

CASE = "XF2026-000123"
SESSION = "5" * 32


def record(centre: RunningCentre, pc: RoomPc, session: str = SESSION, case_id: str | None = CASE) -> list[str]:
    """One session of two segments, with one segment before and one after; the entries."""
    officer = {"officer": centre.accounts["officer"], "signed_in": "offline"}
    before = pc.segment()
    sha256, sealed = pc.tag(session, case_id, officer["officer"]) if case_id else (None, b"")
    opened = pc.note(NoteKind.SESSION_OPENED, session, tag_sha256=sha256, **officer)
    inside = [pc.segment(session), pc.segment(session)]
    closed = pc.note(NoteKind.SESSION_CLOSED, session, **officer)
    entries = [before, opened, *inside, closed, pc.segment()]
    assert {one["status"] for one in pc.send(*entries)} == {"accepted"}
    if sha256:
        assert pc.send_tag(sha256, sealed).json() == {"stored": True}
    return entries


def find(centre: RunningCentre, **query: object) -> list[dict[str, object]]:
    answer = centre.person("supervisor").post("/api/sessions/search", query)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["sessions"])


def test_a_session_is_found_by_case_room_day_and_officer(centre: RunningCentre, pc: RoomPc) -> None:
    record(centre, pc)
    [row] = find(centre, case_id=" xf2026-000123")
    assert (row["id"], row["case_id"], row["officer_name"]) == (SESSION, CASE, "某officer")
    assert (row["waiting_segments"], row["archived_segments"]) == (2, 0)
    day = datetime.fromtimestamp(pc.wall_ns / 1e9, ZoneInfo("Asia/Shanghai")).date().isoformat()
    for query in ({"room": pc.room}, {"unit": centre.unit}, {"officer": centre.accounts["officer"]}, {"day": day}):
        assert [one["id"] for one in find(centre, **query)] == [SESSION]
    for query in ({"case_id": "XF-OTHER"}, {"room": "0" * 32}, {"day": "2001-01-01"}, {"untagged": True}):
        assert find(centre, **query) == []


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("X" * 65, "too-long"),
        ("XF2026\u202e000123", "control-character"),
        ("ХF2026-1", "look-alike"),
        ("??", "pattern"),
    ],
)
def test_a_case_id_that_can_be_none_is_refused(centre: RunningCentre, pc: RoomPc, text: str, code: str) -> None:
    record(centre, pc)
    for path in ("/api/sessions/search", f"/api/sessions/{SESSION}/case"):
        answer = centre.person("supervisor").post(path, {"case_id": text})
        assert (answer.status_code, answer.json()["error"]["code"]) == (422, code)
        assert answer.json()["error"]["field"] == "case_id"
        assert text not in answer.text
    assert find(centre)[0]["case_id"] == CASE


def test_footage_of_a_session_has_its_margins(centre: RunningCentre, pc: RoomPc) -> None:
    pc.deliver(pc.segment())
    pc.wall_ns += 60 * 10**9
    entries = record(centre, pc)
    with centre.center.database.reading() as session:
        found = session_entries(session, get_session(session, SESSION))
    assert [entry.sha256 for entry in found] == [jws_sha256(jws) for jws in entries]


def test_the_same_notes_again_change_nothing(centre: RunningCentre, pc: RoomPc) -> None:
    entries = record(centre, pc)
    before = find(centre)
    assert {one["status"] for one in pc.send(*entries)} == {"known"}
    assert find(centre) == before


def test_a_tag_counts_only_when_the_room_vouches_for_it(centre: RunningCentre, pc: RoomPc) -> None:
    record(centre, pc, case_id=None)
    sha256, sealed = pc.tag(SESSION, CASE, centre.accounts["officer"])
    assert pc.send_tag(sha256, sealed).status_code == 200
    assert find(centre, case_id=CASE) == []
    assert [one["id"] for one in find(centre, untagged=True)] == [SESSION]
    pc.send(pc.note(NoteKind.SESSION_TAGGED, SESSION, tag_sha256=sha256, officer=centre.accounts["officer"]))
    assert [one["id"] for one in find(centre, case_id=CASE)] == [SESSION]
    assert pc.send_tag(sha256, sealed).json() == {"stored": True}
    whole = centre.person("supervisor").get(f"/api/sessions/{SESSION}").json()
    assert len(whole["tags"]) == 1


def test_a_rooms_correction_counts_though_its_clock_stepped_back(centre: RunningCentre, pc: RoomPc) -> None:
    record(centre, pc, case_id=None)
    officer, before = centre.accounts["officer"], None
    for case_id in (CASE, "XF2026-000124", "XF2026-000125"):
        before, sealed = pc.tag(SESSION, case_id, officer, replaces=before)
        pc.send(pc.note(NoteKind.SESSION_TAGGED, SESSION, tag_sha256=before, officer=officer))
        pc.send_tag(before, sealed)
        pc.wall_ns -= 10**9
        assert find(centre)[0]["case_id"] == case_id
        assert len(find(centre, case_id=case_id)) == 1
    assert find(centre, case_id=CASE)[0]["former_case_id"] == CASE


def test_a_tag_of_another_room_or_other_bytes_is_refused(centre: RunningCentre, pc: RoomPc) -> None:
    record(centre, pc)
    other = centre.enrolled_pc(centre.make_room("2号接谈室"))
    sha256, sealed = other.tag(SESSION, "XF2026-000999", centre.accounts["officer"])
    assert other.send_tag(sha256, sealed).json()["error"]["code"] == "bad-tag"
    assert other.send_tag("0" * 64, sealed).json()["error"]["code"] == "bad-tag"
    look_alike, sealed = pc.tag(SESSION, "ХF2026-1", centre.accounts["officer"])
    refused = pc.send_tag(look_alike, sealed)
    assert refused.status_code == 422
    assert "2026" not in refused.text
    assert find(centre)[0]["case_id"] == CASE


def test_a_correction_is_added_and_sealed_into_the_archive(centre: RunningCentre, pc: RoomPc) -> None:
    record(centre, pc)
    supervisor = centre.person("supervisor")
    case = f"/api/sessions/{SESSION}/case"
    assert supervisor.post(case, {"case_id": "XF2026-000124"}).json()["error"]["code"] == "no-reason"
    assert supervisor.post(case, {"case_id": CASE, "reason": "录入"}).json()["error"]["code"] == "same-case"
    made = supervisor.post(case, {"case_id": "XF2026-000124", "reason": "录入时少一位"}).json()
    [former] = find(centre, case_id=CASE)
    assert (former["id"], former["case_id"], former["former_case_id"]) == (SESSION, "XF2026-000124", CASE)
    [now] = find(centre, case_id="XF2026-000124")
    assert (now["id"], now["former_case_id"]) == (SESSION, None)
    tags = supervisor.get(f"/api/sessions/{SESSION}").json()["tags"]
    assert [tag["case_id"] for tag in tags] == ["XF2026-000124", CASE]
    assert made["replaces"] == tags[1]["sha256"]
    work_once(centre.center)
    sealed = (directory(centre) / "tags" / f"{made['sha256']}.age").read_bytes()
    assert open_tag(sealed, centre.center.keys.opener).case_id == "XF2026-000124"
    [path] = (directory(centre) / "records" / "corrections").rglob("*.json")
    name, keys = path.relative_to(directory(centre)).as_posix(), centre.center.keys
    vouched = read_record(name, path.read_bytes(), [keys.signing.public], keys.opener)
    assert (vouched["session"], vouched["tag_sha256"]) == (SESSION, made["sha256"])


def test_findings_lie_inside_their_session(centre: RunningCentre, pc: RoomPc) -> None:
    record(centre, pc)
    supervisor = centre.person("supervisor")
    opened = int(str(find(centre)[0]["opened_wall_ns"]))
    path = f"/api/sessions/{SESSION}/findings"
    assert supervisor.post(path, {"wall_ns": opened, "text": "未告知受理范围"}).status_code == 201
    outside = supervisor.post(path, {"wall_ns": opened - 40 * 10**9, "text": "x"})
    assert outside.json()["error"]["code"] == "outside-session"
    assert supervisor.post(path, {"wall_ns": opened, "text": " "}).json()["error"]["code"] == "no-text"
    findings = supervisor.get(f"/api/sessions/{SESSION}").json()["findings"]
    assert [(one["text"], one["author"]) for one in findings] == [("未告知受理范围", centre.accounts["supervisor"])]


def test_a_hold_on_a_case_reaches_the_archive_and_later_segments(centre: RunningCentre, pc: RoomPc) -> None:
    entries = record(centre, pc)
    first, second = entries[2], entries[3]
    pc.deliver_known(first)
    supervisor = centre.person("supervisor")
    assert supervisor.post("/api/holds", {"case_id": CASE, "reason": ""}).json()["error"]["code"] == "no-reason"
    hold = supervisor.post("/api/holds", {"case_id": CASE, "reason": "复查期间封存"}).json()
    pc.deliver_known(second)
    assert [held(centre, first), held(centre, second)] == [True, True]
    assert find(centre)[0]["held"] is True
    one = supervisor.post("/api/holds", {"session": SESSION, "reason": "另行封存"}).json()
    supervisor.post(f"/api/holds/{hold['id']}/release", {"reason": "复查已结束"})
    assert held(centre, first) is True
    supervisor.post(f"/api/holds/{one['id']}/release", {"reason": "复查已结束"})
    assert [held(centre, first), held(centre, second)] == [False, False]
    again = supervisor.post(f"/api/holds/{one['id']}/release", {"reason": "复查已结束"})
    assert again.json()["error"]["code"] == "released-already"


def test_what_people_decide_is_in_the_archive_and_names_no_case(centre: RunningCentre, pc: RoomPc) -> None:
    record(centre, pc)
    centre.person("supervisor").post("/api/holds", {"case_id": CASE, "reason": "复查期间封存"})
    work_once(centre.center)
    records = list((directory(centre) / "records" / "holds").rglob("*.json"))
    assert len(records) == 1
    name = records[0].relative_to(directory(centre)).as_posix()
    centre_key = centre.center.keys.signing.public
    assert read_record(name, records[0].read_bytes(), [centre_key], centre.center.keys.opener)["case_id"] == CASE
    for path in directory(centre).rglob("*"):
        assert path.is_dir() or CASE.encode() not in path.read_bytes()


def directory(centre: RunningCentre) -> Path:
    return centre.settings.archive.directory  # type: ignore[union-attr]


def held(centre: RunningCentre, jws: str) -> bool:
    with centre.center.database.reading() as session:
        entry = session.get_one(Entry, jws_sha256(jws))
    return centre.center.store.protection(entry.object_key, entry.version_id or "").legal_hold
