"""A signed correction dates what was recorded before it, for people; how long it is kept does not follow it (C10)."""

from __future__ import annotations

import time

import pytest
from sqlalchemy import select

from control_api.database import Alarm, Entry, MissedSession, RoomSession
from control_api.review.footage import timeline_of
from control_api.sessions.footage import session_stretch
from storage.manifest import ClockCorrection, ClockState, Moment, NoteKind
from storage.signing import jws_sha256
from tests.control_api.room_pc import RoomPc
from tests.control_api.running_centre import RunningCentre

S = 10**9
SESSION = "5" * 32


class WrongClock(RoomPc):
    """Its wall clock stands in 1970 until somebody sets it; its monotonic clock counts from its boot."""

    boot_wall_ns = 0

    def _moment(self) -> Moment:
        return Moment(wall_ns=self.wall_ns, mono_ns=self.mono_ns())

    def mono_ns(self) -> int:
        return 7 * S + self.wall_ns if self.boot_wall_ns == 0 else self.wall_ns - self.boot_wall_ns


@pytest.fixture
def pc(centre: RunningCentre, room_id: str) -> WrongClock:
    pc = WrongClock(centre.url)
    centre._pcs.append(pc)
    assert pc.enrol(centre.make_code(room_id)).status_code == 200
    centre.confirm(pc)
    pc.sign_in()
    pc.clock = ClockState(source="unknown", synchronized=False)
    pc.wall_ns = 1000 * S
    return pc


def correction(pc: WrongClock, first: int, last: int, wall_minus_mono_ns: int) -> str:
    stated = ClockCorrection(boot="b-1", first_number=first, last_number=last, wall_minus_mono_ns=wall_minus_mono_ns)
    return pc.note(NoteKind.CLOCK_CORRECTED, correction=stated)


def test_a_session_of_1970_is_found_in_its_own_day(centre: RunningCentre, pc: WrongClock) -> None:
    true_start = time.time_ns() // S * S - 600 * S
    sent = [pc.note(NoteKind.RECORDER_STARTED, detail="boot=b-1")]
    began = pc.wall_ns
    offset = true_start - (7 * S + began)
    sent.append(pc.note(NoteKind.SESSION_OPENED, SESSION))
    sent.append(pc.segment(SESSION))
    sent.append(pc.note(NoteKind.SESSION_CLOSED, SESSION))
    sent.append(pc.note(NoteKind.PRESENCE_WITHOUT_SESSION, detail=f"since_wall_ns={began}"))
    assert {one["status"] for one in pc.send(*sent)} == {"accepted"}
    with centre.center.database.reading() as db:
        kept = {entry.sha256: entry.kept_from_wall_ns for entry in db.scalars(select(Entry))}
        assert db.get_one(RoomSession, SESSION).opened_wall_ns == began
    # The clock is set: the wall jumps, the monotonic clock goes on.
    mono = pc.mono_ns()
    pc.boot_wall_ns, pc.wall_ns = offset, mono + offset
    pc.clock = ClockState(source="chrony", synchronized=True)
    corrected = correction(pc, 1, len(sent), offset)
    assert {one["status"] for one in pc.send(corrected)} == {"accepted"}
    with centre.center.database.reading() as db:
        row = db.get_one(RoomSession, SESSION)
        assert (row.opened_wall_ns, row.signed_opened_wall_ns) == (true_start, began)
        assert (row.closed_wall_ns, row.signed_closed_wall_ns) == (true_start + 10 * S, began + 10 * S)
        segment = db.get_one(Entry, jws_sha256(sent[2]))
        assert (segment.start_wall_ns, segment.signed_start_wall_ns) == (true_start, began)
        missed = db.scalars(select(MissedSession)).one()
        assert (missed.since_wall_ns, missed.told_wall_ns) == (true_start, true_start + 10 * S)
        assert {sha256: db.get_one(Entry, sha256).kept_from_wall_ns for sha256 in kept} == kept
        line = timeline_of(db, session_stretch(db, row))
        assert [gap.start_wall_ns for gap in line.missing if gap.cause == "not-archived"] == [true_start]
    person = centre.person("supervisor")
    day = time.strftime("%Y-%m-%d", time.gmtime(true_start // S + 8 * 3600))
    [found] = person.post("/api/sessions/search", {"day": day}).json()["sessions"]
    assert (found["opened_wall_ns"], found["signed_opened_wall_ns"]) == (true_start, began)
    page = person.get(f"/sessions/{SESSION}", headers={"accept": "text/html"}).text
    assert "时间已更正" in page
    assert "1970-01-01" in page


@pytest.mark.parametrize("stated", [(1, 1, 50 * 365 * 86400 * S), (1, 9, 0), (1, 1, -(10**18))])
def test_a_correction_that_can_not_be_is_alarmed_of_and_counts_for_nothing(
    centre: RunningCentre, pc: WrongClock, stated: tuple[int, int, int]
) -> None:
    opened = pc.note(NoteKind.SESSION_OPENED, SESSION)
    pc.send(opened, correction(pc, *stated))
    with centre.center.database.reading() as db:
        assert "correction-implausible" in set(db.scalars(select(Alarm.code)))
        assert db.get_one(RoomSession, SESSION).signed_opened_wall_ns is None


def test_no_correction_moves_a_session_to_after_the_moment_at_which_it_came_here(
    centre: RunningCentre, pc: WrongClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = [pc.note(NoteKind.RECORDER_STARTED, detail="boot=b-1"), pc.note(NoteKind.SESSION_OPENED, SESSION)]
    pc.send(*sent)
    later_ns = time.time_ns() + 86400 * S  # a day after: the room wants its session to be found tomorrow
    monkeypatch.setattr(centre.center, "now_ns", lambda: later_ns + 60 * S)
    pc.sign_in()
    pc.send(correction(pc, 2, 2, later_ns - 7 * S - 1000 * S))
    with centre.center.database.reading() as db:
        assert db.get_one(RoomSession, SESSION).signed_opened_wall_ns is None
        assert "correction-implausible" in set(db.scalars(select(Alarm.code)))
