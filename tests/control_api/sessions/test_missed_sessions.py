"""漏登: a room's word becomes a candidate, a look at it needs a reason, an answer is a signed record and closes it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from sqlalchemy import update

from control_api.database import AccessGrant, ArchiveWrite, MissedAnswer, MissedSession
from control_api.errors import CenterError, NotAllowed
from control_api.register.service import check_chain
from control_api.sessions.missed import LONGEST_NS, answer_missed, count_open, list_missed
from storage.manifest import NoteKind
from tests.control_api.room_pc import RoomPc
from tests.control_api.running_centre import Person, RunningCentre
from tests.fakes.seeded_centre import actor_of

S = 10**9
SESSION = "5" * 32


@pytest.fixture
def missed(centre: RunningCentre, pc: RoomPc) -> str:
    since = pc.wall_ns
    footage = pc.segment()
    pc.wall_ns += 290 * S
    note = pc.note(NoteKind.PRESENCE_WITHOUT_SESSION, detail=f"since_wall_ns={since}")
    assert {one["status"] for one in pc.send(footage, note, note)} == {"accepted", "known"}
    pc.deliver_known(footage)
    with centre.center.database.reading() as db:
        [row] = db.query(MissedSession)
        assert (row.since_wall_ns, row.told_wall_ns) == (since, since + 300 * S)
        return row.id


def form(person: Person, path: str, **fields: str) -> tuple[int, str]:
    answer = person.http.post(path, data=fields | {"csrf": person.about["csrf"]}, headers={"accept": "text/html"})
    return answer.status_code, answer.headers.get("location", "") or answer.text


def test_an_answer_closes_it_and_is_recorded(centre: RunningCentre, missed: str) -> None:
    duty, center = centre.person("duty-officer"), centre.center
    assert 'class="nav-count">1<' in duty.get("/missed").text
    status, page = form(duty, f"/missed/{missed}/answer", explanation="")
    assert (status, "请填写事由" in page) == (422, True)
    assert form(duty, f"/missed/{missed}/answer", explanation="保洁人员打扫") == (303, "/missed")
    assert "nav-count" not in duty.get("/missed").text
    assert "保洁人员打扫" in duty.get("/missed?shown=all").text
    with center.database.reading() as db:
        assert count_open(db) == 0
        assert db.query(ArchiveWrite).filter(ArchiveWrite.object_key.startswith("records/missed-answers/")).count() == 1


def test_it_can_be_answered_by_the_session_that_was_registered_later(
    centre: RunningCentre, pc: RoomPc, missed: str
) -> None:
    pc.send(pc.note(NoteKind.SESSION_OPENED, SESSION))
    center, actor = centre.center, actor_of(centre.center, "supervisor")
    other = centre.enrolled_pc(centre.make_room("2号接谈室"))
    other.send(other.note(NoteKind.SESSION_OPENED, "6" * 32))
    with center.database.writing() as db:
        assert [one.id for one in list_missed(db, actor)[0].near] == [SESSION]
        with pytest.raises(CenterError, match="not this room's"):
            answer_missed(db, center, actor, center.now_ns(), missed, reason="", session_id="6" * 32)
        answer_missed(db, center, actor, center.now_ns(), missed, reason="", session_id=SESSION)
        assert list_missed(db, actor, only_open=True) == []
        with pytest.raises(NotAllowed):
            list_missed(db, actor_of(center, "administrator"))
    with center.database.reading() as db:
        assert [(one.answer, one.session_id) for one in db.query(MissedAnswer)] == [("registered", SESSION)]


def test_a_look_at_it_stands_in_the_register_and_reaches_no_further(
    centre: RunningCentre, pc: RoomPc, missed: str
) -> None:
    supervisor = centre.person("supervisor")
    assert form(supervisor, f"/missed/{missed}/review", reason=" ")[0] == 422
    status, address = form(supervisor, f"/missed/{missed}/review", reason="核实是否漏登")
    assert (status, bool(re.fullmatch("/review/[0-9a-f]{32}", address))) == (303, True)
    page = supervisor.get(address)
    assert page.status_code == 200
    assert "没有登记的一段" in page.text
    assert "note-form" not in page.text
    line = supervisor.get(f"{address}/timeline.json").json()
    assert line["session"] is None
    assert len(line["pieces"]) == 1
    assert [mark["words"] for mark in line["marks"]] == ["开放时间内有人，没有开始接访"]
    with centre.center.database.reading() as db:
        [grant] = db.query(AccessGrant)
        assert (grant.session_id, grant.reason, grant.room_id) == (None, "核实是否漏登", pc.room)
        assert grant.to_wall_ns is not None
        assert grant.from_wall_ns is not None
        assert grant.to_wall_ns - grant.from_wall_ns == (300 + 30 + 600) * S
    elsewhere = pc.segment()
    pc.wall_ns += 3600 * S
    later = pc.segment()
    for jws in (elsewhere, later):
        pc.deliver(jws)
    from storage.signing import jws_sha256  # noqa: PLC0415

    assert supervisor.get(f"{address}/segments/{jws_sha256(later)}.m4s").status_code == 404
    assert form(centre.person("duty-officer"), f"/missed/{missed}/review", reason="看看")[0] == 403
    assert supervisor.get("/register").status_code == 200


@pytest.mark.parametrize("widened", [{"to_wall_ns": 2**62}, {"from_wall_ns": None, "to_wall_ns": None}])
def test_whoever_widens_a_look_in_the_database_is_found_out(
    centre: RunningCentre, missed: str, widened: dict[str, int | None]
) -> None:
    assert form(centre.person("supervisor"), f"/missed/{missed}/review", reason="核实是否漏登")[0] == 303
    with centre.center.database.writing() as db:
        assert check_chain(db) is None
        db.execute(update(AccessGrant).values(**widened))
        db.expire_all()
        assert check_chain(db) is not None


def test_a_claim_without_bounds_is_cut(centre: RunningCentre, pc: RoomPc) -> None:
    for detail in ("since_wall_ns=0", "nonsense", "since_wall_ns=9999999999999999999"):
        pc.send(pc.note(NoteKind.PRESENCE_WITHOUT_SESSION, detail=detail))
    with centre.center.database.reading() as db:
        lengths = [row.told_wall_ns - row.since_wall_ns for row in db.query(MissedSession)]
    assert lengths == [LONGEST_NS, 0, 0]


def test_the_page_is_there_before_anything_was_missed(centre: RunningCentre, tmp_path: Path) -> None:
    assert "没有待说明的漏登候选" in centre.person("supervisor").get("/missed").text
    assert centre.person("administrator").get("/missed", headers={"accept": "text/html"}).status_code == 403
