"""Invariants C1-C5 of control_api/archive/admission.py, over the wire: what is refused holds up nothing behind it."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from control_api.archive.admission import Place, admit
from control_api.database import Entry, RefusedEntry
from storage.chain import AlreadyKnown, ChainHead, SecondHead, sign_entry
from storage.manifest import Moment, NoteKind, NoteManifest
from storage.signing import SigningKey, jws_sha256
from tests.control_api.room_pc import RoomPc
from tests.control_api.running_centre import RunningCentre


def statuses(results: list[dict[str, object]]) -> list[str]:
    return [str(one["code"] or one["status"]) for one in results]


def numbers(centre: RunningCentre) -> list[tuple[int, bool]]:
    with centre.center.database.reading() as session:
        rows = session.scalars(select(Entry).order_by(Entry.number))
        return [(row.number, row.behind_refused) for row in rows]


def alarms(centre: RunningCentre) -> list[str]:
    return [alarm["code"] for alarm in centre.person("administrator").get("/api/alarms").json()]


def test_a_chain_is_taken_in_order_and_known_again(centre: RunningCentre, pc: RoomPc) -> None:
    batch = [pc.note(NoteKind.RECORDER_STARTED), pc.segment(), pc.gap()]
    assert statuses(pc.send(*batch)) == ["accepted"] * 3
    assert statuses(pc.send(*batch)) == ["known"] * 3
    assert pc.configuration()["heads"] == {"number": 3, "sha256": pc.head.sha256}
    assert numbers(centre) == [(1, False), (2, False), (3, False)]
    assert alarms(centre) == []


def test_c1_a_wrong_signature_is_set_aside_and_the_rest_goes(centre: RunningCentre, pc: RoomPc) -> None:
    first, true, after, later = pc.gap(), pc.gap(), pc.gap(), pc.gap()
    flipped = true[:-4] + ("AAAA" if true[-4:] != "AAAA" else "BBBB")
    assert statuses(pc.send(first, flipped, after, later))[0::2] == ["accepted", "accepted"]
    assert statuses(pc.send(flipped))[0] in {"bad-signature", "not-canonical"}
    assert numbers(centre) == [(1, False), (3, True), (4, False)]
    assert alarms(centre) == ["entry-refused"]
    assert statuses(pc.send(true)) == ["accepted"]  # the true one mends the chain when it comes
    assert numbers(centre)[1] == (2, False)


def test_c1_somebody_elses_key_and_nonsense_are_refused(centre: RunningCentre, pc: RoomPc) -> None:
    true_key, pc.chain_key = pc.chain_key, SigningKey.generate()
    forged = pc.note(NoteKind.HEALTH)
    pc.chain_key, pc.head = true_key, ChainHead(0, None)
    results = pc.send(forged, "no jws at all", "a.b.c", pc.gap())
    assert statuses(results) == ["other-key", "not-canonical", "not-canonical", "accepted"]
    assert all(one["reason"] for one in results[:3])
    with centre.center.database.reading() as session:
        assert len(session.scalars(select(RefusedEntry)).all()) == 3


def test_c1_an_entry_of_another_room_is_refused(pc: RoomPc) -> None:
    room, pc.room = pc.room, "0" * 32
    foreign = pc.gap()
    pc.room = room
    assert statuses(pc.send(foreign)) == ["wrong-device"]


def test_c2_a_second_head_is_refused_and_work_goes_on(centre: RunningCentre, pc: RoomPc) -> None:
    pc.send(pc.gap())
    standing = pc.head
    pc.send(pc.gap())
    pc.head = standing  # a disk image put back: the device writes number 2 again
    second, after, later = pc.gap(seconds=7), pc.gap(), pc.gap()
    assert statuses(pc.send(second, after, later)) == ["second-head", "accepted", "accepted"]
    assert numbers(centre) == [(1, False), (2, False), (3, True), (4, False)]
    assert alarms(centre) == ["entry-refused"]


def test_c3_a_broken_link_is_refused_and_the_head_stays(centre: RunningCentre, pc: RoomPc) -> None:
    pc.send(pc.gap())
    pc.head = ChainHead(1, "f" * 64)
    broken, after = pc.gap(), pc.gap()
    assert statuses(pc.send(broken)) == ["chain-broken"]
    assert pc.configuration()["heads"]["number"] == 1
    assert statuses(pc.send(after)) == ["accepted"]
    assert numbers(centre) == [(1, False), (3, True)]


def test_c3_a_hole_is_waited_for_then_set_aside(centre: RunningCentre, pc: RoomPc) -> None:
    pc.send(pc.gap())
    missing, after, later = pc.gap(), pc.gap(), pc.gap()
    answer = pc.post("manifests", {"manifests": [after, later]})
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "chain-hole")
    assert alarms(centre) == ["chain-hole"]
    centre.pass_time(121)
    assert statuses(pc.send(after, later)) == ["chain-hole", "accepted"]
    assert statuses(pc.send(missing)) == ["accepted"]
    assert statuses(pc.send(after)) == ["accepted"]
    assert numbers(centre) == [(1, False), (2, False), (3, False), (4, True)]


def test_c3_a_hole_inside_a_batch_is_set_aside_at_once(pc: RoomPc) -> None:
    first, _missing, after, later = pc.gap(), pc.gap(), pc.gap(), pc.gap()
    assert statuses(pc.send(first, after, later)) == ["accepted", "chain-hole", "accepted"]


def test_c5_the_same_refusal_counts_once(centre: RunningCentre, pc: RoomPc) -> None:
    pc.head = ChainHead(0, "f" * 64)
    broken = pc.gap()
    assert statuses(pc.send(broken)) == statuses(pc.send(broken)) == ["chain-broken"]
    [alarm] = centre.person("administrator").get("/api/alarms").json()
    assert alarm["count"] == 1


def test_a_batch_is_bounded(pc: RoomPc) -> None:
    answer = pc.post("manifests", {"manifests": ["a.b.c"] * 101})
    assert answer.status_code == 422
    assert answer.json()["error"]["field"] == "manifests"


def test_the_rules_alone() -> None:
    made = Moment(wall_ns=1, mono_ns=1)
    note = NoteManifest(device="1" * 32, room="2" * 32, number=1, previous=None, made=made, note=NoteKind.HEALTH)
    sha256 = jws_sha256(sign_entry(note, SigningKey.generate()))
    assert admit(note, sha256, Place(None, None)) is False
    with pytest.raises(AlreadyKnown):
        admit(note, sha256, Place(sha256, None))
    with pytest.raises(SecondHead):
        admit(note, sha256, Place("e" * 64, None))
    third = note.model_copy(update={"number": 3, "previous": "a" * 64})
    assert admit(third, sha256, Place(None, "b" * 64, frozenset({"a" * 64}))) is True
    assert admit(third, sha256, Place(None, None, unproved_before=True)) is True
