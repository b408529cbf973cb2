"""What a device signs is bounded: nothing that it can sign stops its chain, fills the database or moves a session."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from control_api.archive import intake
from control_api.database import RefusedEntry, RoomSession
from storage.chain import ChainHead, sign_entry
from storage.manifest import MANIFEST, NoteKind
from storage.signing import jws_sha256, peek_json
from tests.control_api.room_pc import RoomPc
from tests.control_api.running_centre import RunningCentre

SESSION = "6" * 32


def signed_otherwise(pc: RoomPc, jws: str, **changes: Any) -> str:
    """The same entry with other fields, signed by the device's own key, whatever our models would say of them."""
    known = MANIFEST.validate_python(peek_json(jws))
    fields = {**known.__dict__, **changes}
    return sign_entry(type(known).model_construct(**fields), pc.chain_key)


def follow(pc: RoomPc, jws: str) -> None:
    pc.head = ChainHead(pc.head.number, jws_sha256(jws))


def codes(results: list[dict[str, Any]]) -> list[str]:
    return [str(one["code"] or one["status"]) for one in results]


def alarms(centre: RunningCentre) -> list[str]:
    return [alarm["code"] for alarm in centre.person("administrator").get("/api/alarms").json()]


@pytest.mark.parametrize("changes", [{"sequence": 10**9}, {"sequence": 2**53 - 1}])
def test_a_signed_number_out_of_bounds_is_set_aside_and_the_chain_goes_on(
    centre: RunningCentre, pc: RoomPc, changes: dict[str, int]
) -> None:
    absurd = signed_otherwise(pc, pc.segment(), **changes)
    follow(pc, absurd)
    assert codes(pc.send(absurd, pc.gap(), pc.gap())) == ["bad-manifest", "accepted", "accepted"]
    assert alarms(centre) == ["entry-refused"]


def test_a_time_that_nothing_can_count_on_is_set_aside(centre: RunningCentre, pc: RoomPc) -> None:
    now_ns, pc.wall_ns = pc.wall_ns, 2**63 - 5
    late = pc.note(NoteKind.HEALTH)
    pc.wall_ns = now_ns
    assert codes(pc.send(late, pc.gap())) == ["bad-time", "accepted"]
    assert alarms(centre) == ["entry-refused"]


def test_refused_junk_is_bounded(centre: RunningCentre, pc: RoomPc, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "MOST_WHOLE", 2)
    monkeypatch.setattr(intake, "MOST_NAMED", 3)
    junk = [f"{letter * 700_000}.b.c" for letter in "uvwxyz"]
    assert codes(pc.send(*junk)) == ["not-canonical"] * 6
    with centre.center.database.reading() as session:
        kept = session.scalars(select(RefusedEntry.jws).order_by(RefusedEntry.number)).all()
    assert [len(jws) for jws in kept] == [64 * 1024, 64 * 1024, 0]
    assert set(alarms(centre)) == {"entry-refused", "refused-many"}
    assert codes(pc.send(junk[5], pc.gap())) == ["not-canonical", "accepted"]


def test_a_session_opened_again_does_not_move(centre: RunningCentre, pc: RoomPc) -> None:
    officer = centre.accounts["officer"]
    opened_ns = pc.wall_ns
    pc.send(pc.note(NoteKind.SESSION_OPENED, SESSION, officer=officer, signed_in="online"))
    pc.wall_ns += 600 * 10**9
    pc.send(pc.note(NoteKind.SESSION_OPENED, SESSION, officer="a" * 32, signed_in="offline"))
    with centre.center.database.reading() as session:
        row = session.get_one(RoomSession, SESSION)
    assert (row.opened_wall_ns, row.officer_id, row.signed_in) == (opened_ns, officer, "online")
    assert alarms(centre) == ["session-opened-again"]


def test_an_opening_that_comes_after_other_notes_still_counts(centre: RunningCentre, pc: RoomPc) -> None:
    opening, opened_ns = pc.note(NoteKind.SESSION_OPENED, SESSION), pc.wall_ns
    flipped = opening[:-4] + ("AAAA" if opening[-4:] != "AAAA" else "BBBB")
    pc.wall_ns += 60 * 10**9
    pc.send(flipped, pc.note(NoteKind.SESSION_CLOSED, SESSION))
    assert codes(pc.send(opening)) == ["accepted"]
    with centre.center.database.reading() as session:
        row = session.get_one(RoomSession, SESSION)
    assert (row.opened_wall_ns, row.opened_known) == (opened_ns, True)
    assert alarms(centre) == ["entry-refused"]
