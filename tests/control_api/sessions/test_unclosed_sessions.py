"""A session that no note closed ends with its own last footage; a dead PC's session does not swallow the room."""

from __future__ import annotations

from control_api.database import Entry, RoomSession
from control_api.sessions.footage import get_session, session_entries
from storage.manifest import NoteKind
from storage.signing import jws_sha256
from tests.control_api.room_pc import RoomPc
from tests.control_api.running_centre import RunningCentre

SESSION, NEXT = "8" * 32, "9" * 32


def entries(centre: RunningCentre, session_id: str) -> list[str]:
    with centre.center.database.reading() as session:
        return [entry.sha256 for entry in session_entries(session, get_session(session, session_id))]


def rows(centre: RunningCentre) -> dict[str, bool]:
    found = centre.person("supervisor").post("/api/sessions/search", {}).json()["sessions"]
    return {row["id"]: row["close_unknown"] for row in found}


def test_a_dead_pcs_session_ends_with_its_footage(centre: RunningCentre, pc: RoomPc) -> None:
    officer = {"officer": centre.accounts["officer"], "signed_in": "offline"}
    mine = [pc.note(NoteKind.SESSION_OPENED, SESSION, **officer), pc.segment(SESSION), pc.segment(SESSION)]
    pc.send(*mine)
    assert rows(centre) == {SESSION: False}  # still open, as far as anybody knows
    assert entries(centre, SESSION) == [jws_sha256(jws) for jws in mine]
    new = centre.enrolled_pc(pc.room)
    assert rows(centre) == {SESSION: True}
    new.wall_ns = pc.wall_ns + 3600 * 10**9
    new.send(new.note(NoteKind.SESSION_OPENED, NEXT, **officer), new.segment(NEXT))
    assert entries(centre, SESSION) == [jws_sha256(jws) for jws in mine]
    assert rows(centre) == {SESSION: True, NEXT: False}
    page = centre.person("supervisor").get(f"/sessions/{SESSION}", headers={"accept": "text/html"})
    assert "结束时间不明" in page.text
    assert "还在接访" not in page.text


def test_a_hold_on_it_holds_nothing_else_of_the_room(centre: RunningCentre, pc: RoomPc) -> None:
    pc.send(pc.note(NoteKind.SESSION_OPENED, SESSION, officer=centre.accounts["officer"]), pc.segment(SESSION))
    centre.person("supervisor").post("/api/holds", {"session": SESSION, "reason": "复查期间封存"})
    pc.wall_ns += 3600 * 10**9
    other = pc.segment()
    pc.deliver(other)
    with centre.center.database.reading() as session:
        assert session.get_one(RoomSession, SESSION).closed_wall_ns is None
    with centre.center.database.reading() as session:
        entry = session.get_one(Entry, jws_sha256(other))
    assert not centre.center.store.protection(entry.object_key, entry.version_id or "").legal_hold
