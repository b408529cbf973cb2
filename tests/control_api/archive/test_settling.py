"""Which bytes are no longer awaited: let go on a full disk, or replaced by the second copy. Never a session's."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from hashlib import sha256
from typing import Any

import pytest
from sqlalchemy import event, select

from control_api.archive.receipts import keep_waiting
from control_api.archive.settling import awaited
from control_api.database import Alarm, Entry, RoomSession
from control_api.review.footage import timeline_of
from control_api.sessions.describe import describe_sessions
from control_api.sessions.footage import Stretch, session_stretch
from storage.chain import ChainHead
from storage.layout import manifest_key
from storage.manifest import MANIFEST, GapCause, GapManifest, NoteKind, SegmentManifest
from storage.signing import jws_sha256, peek_json
from tests.control_api.room_pc import RoomPc
from tests.control_api.running_centre import RunningCentre

S = 10**9
SESSION = "5" * 32
PLAIN = secrets.token_bytes(3000)


def entries(centre: RunningCentre) -> dict[str, Entry]:
    with centre.center.database.reading() as db:
        return {entry.sha256: entry for entry in db.scalars(select(Entry))}


def expired(pc: RoomPc, first: str, last: str) -> str:
    """The gap that names the segments from `first` to `last`."""
    ends = [MANIFEST.validate_python(peek_json(jws)) for jws in (first, last)]
    assert all(isinstance(one, SegmentManifest) for one in ends)
    fields = pc._entry() | {"track": "all", "run": pc.run, "cause": GapCause.EXPIRED_UNARCHIVED}
    span = {"start": ends[0].start, "end": ends[1].end}
    named = {"expired": {"first": ends[0].number, "last": ends[1].number}}
    return pc.append(GapManifest.model_validate(fields | span | named))


def with_fragments(pc: RoomPc, jws: str, plain: bytes, **changes: Any) -> str:
    """The newest segment signed anew, with two fragments and as changed. Its bytes stay."""
    taken = peek_json(jws)
    halves = [(at, plain[at : at + 1000]) for at in range(10, len(plain) - 999, 1000)]
    fragments = [
        {"offset": at, "size": 1000, "start_pts_90k": at, "end_pts_90k": at + 1000, "sha256": sha256(data).hexdigest()}
        for at, data in halves
    ]
    taken["opened"]["fragments"] = fragments
    sealed = pc.sealed.pop(jws_sha256(jws))
    pc.head = ChainHead(int(taken["number"]) - 1, taken["previous"])
    anew = pc.append(SegmentManifest.model_validate(taken | changes))
    pc.sealed[jws_sha256(anew)] = sealed
    return anew


def as_copy(pc: RoomPc, jws: str, replaces: list[str], plain: bytes = b"") -> str:
    """The newest segment as one of the second copy."""
    changes = {"replaces": [jws_sha256(one) for one in replaces], "sequence": 500_000_000}
    return with_fragments(pc, jws, plain, **changes)


@pytest.fixture
def untagged(pc: RoomPc) -> list[str]:
    return [pc.segment() for _ in range(3)]


def test_what_a_room_let_go_is_no_longer_awaited(centre: RunningCentre, pc: RoomPc, untagged: list[str]) -> None:
    gap = expired(pc, untagged[0], untagged[1])
    assert {one["status"] for one in pc.send(*untagged, gap)} == {"accepted"}
    rows = entries(centre)
    settled = [rows[jws_sha256(jws)].settled_by for jws in untagged]
    assert settled == [jws_sha256(gap), jws_sha256(gap), None]
    with centre.center.database.reading() as db:
        assert list(db.scalars(select(Entry.sha256).where(Entry.kind == "segment", awaited()))) == [
            jws_sha256(untagged[2])
        ]
        first = rows[jws_sha256(untagged[0])]
        line = timeline_of(db, Stretch(pc.room, (first.start_wall_ns, first.start_wall_ns + 30 * S)))
    assert [(gap.cause, (gap.end_wall_ns - gap.start_wall_ns) // S) for gap in line.missing] == [
        ("expired-unarchived", 20),
        ("not-archived", 10),
    ]


def test_a_session_is_not_let_go_by_a_gap(centre: RunningCentre, pc: RoomPc) -> None:
    opened = pc.note(NoteKind.SESSION_OPENED, SESSION)
    footage = [pc.segment(SESSION), pc.segment()]
    closed = pc.note(NoteKind.SESSION_CLOSED, SESSION)
    pc.send(opened, *footage, closed, expired(pc, footage[0], footage[1]))
    rows = entries(centre)
    assert [rows[jws_sha256(jws)].settled_by for jws in footage] == [None, None]  # the second lies in its margin
    with centre.center.database.reading() as db:
        assert set(db.scalars(select(Alarm.code))) == {"session-let-go"}
        [shown] = describe_sessions(db, [db.get_one(RoomSession, SESSION)])
        assert shown.waiting == 1


def test_the_second_copy_stands_for_what_it_replaces_once_its_bytes_are_here(
    centre: RunningCentre, pc: RoomPc, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = pc.note(NoteKind.SESSION_OPENED, SESSION)
    lost, gap = pc.segment(SESSION, PLAIN), pc.gap(10, GapCause.WRITER_OVERFLOW)
    start_ns = pc.wall_ns - 20 * S
    monkeypatch.setattr(pc, "wall_ns", start_ns)
    copy = as_copy(pc, pc.segment(SESSION, PLAIN), replaces=[lost, gap])
    closed = pc.note(NoteKind.SESSION_CLOSED, SESSION)
    assert {one["status"] for one in pc.send(opened, lost, gap, copy, closed)} == {"accepted"}
    assert entries(centre)[jws_sha256(lost)].settled_by is None  # its bytes may still come before the copy's
    pc.deliver_known(copy)
    rows = entries(centre)
    assert rows[jws_sha256(lost)].settled_by == jws_sha256(copy)
    assert rows[jws_sha256(gap)].settled_by is None  # what the copy covers of it is left out of the line anyway
    with centre.center.database.reading() as db:
        row = db.get_one(RoomSession, SESSION)
        line = timeline_of(db, session_stretch(db, row))
        [shown] = describe_sessions(db, [row])
    assert [piece.entry for piece in line.pieces] == [jws_sha256(copy)]
    assert "not-archived" not in {missing.cause for missing in line.missing}
    assert (shown.waiting, shown.archived) == (0, 1)


@pytest.mark.parametrize("change", ["other-pictures", "shorter", "other-run"])
def test_a_broken_into_room_puts_nothing_in_the_place_of_archived_footage(
    centre: RunningCentre, pc: RoomPc, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    opened = pc.note(NoteKind.SESSION_OPENED, SESSION)
    good = with_fragments(pc, pc.segment(SESSION, PLAIN), PLAIN)
    closed = pc.note(NoteKind.SESSION_CLOSED, SESSION)
    pc.send(opened, good, closed)
    pc.deliver_known(good)
    monkeypatch.setattr(pc, "wall_ns", pc.wall_ns - 10 * S)
    if change == "other-run":
        monkeypatch.setattr(pc, "run", "e" * 32)
    plain = secrets.token_bytes(3000) if change == "other-pictures" else PLAIN
    forged = as_copy(
        pc, pc.segment(SESSION, plain), replaces=[good], plain=plain[:1500] if change == "shorter" else plain
    )
    pc.send(forged)
    pc.deliver_known(forged)
    assert entries(centre)[jws_sha256(good)].settled_by is None
    with centre.center.database.reading() as db:
        assert "copy-differs" in set(db.scalars(select(Alarm.code)))
        line = timeline_of(db, session_stretch(db, db.get_one(RoomSession, SESSION)))
    assert jws_sha256(good) in [piece.entry for piece in line.pieces]


def test_the_keeper_looks_at_each_waiting_segment_once_and_by_pages(
    centre: RunningCentre, pc: RoomPc, make_footage: Callable[[int], list[str]]
) -> None:
    footage, center = make_footage(7), centre.center
    pc.send(*footage)
    loaded: list[int] = []
    event.listen(center.database.engine, "before_cursor_execute", lambda *args: loaded.append("entry_kept" in args[2]))
    keep_waiting(center)
    for jws in footage:
        assert center.store.stat(manifest_key(MANIFEST.validate_python(peek_json(jws)))) is not None
    assert all(entry.entry_kept for entry in entries(centre).values())
    loaded.clear()
    keep_waiting(center)
    assert sum(loaded) <= 3
    center.entries_looked_at = False  # as after a start: the archive may be another one
    [center.store.stat(manifest_key(MANIFEST.validate_python(peek_json(jws)))) for jws in footage]
    keep_waiting(center)
    assert all(entry.entry_kept for entry in entries(centre).values())


@pytest.fixture
def make_footage(pc: RoomPc) -> Callable[[int], list[str]]:
    return lambda count: [pc.segment() for _ in range(count)]
