"""S6, S11: a crash while nothing is kept calls no planned silence a crash, and no crash planned silence."""

from __future__ import annotations

import itertools
import time
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings

from edge.gate.gate import Gate
from edge.spool.intake import RunEnd, SegmentEnd, SegmentStart, Skipped
from edge.spool.moments import moment_at, present
from edge.spool.standby_mark import RENEW_NS, Standby, StandbyMark, after_standby
from edge.spool.timeline_state import Unaccounted, unaccounted
from storage.manifest import GapCause, GapManifest, Moment, SegmentManifest
from tests.edge.gate.test_visit import check_whole, standing_by
from tests.edge.presence.made_film import make_film
from tests.edge.spool.spool_room import Keys, Life, fragments_of

S = 1_000_000_000
NOBODY = GapCause.NOBODY_PRESENT


def later(moment: Moment, seconds: float) -> Moment:
    return Moment(wall_ns=moment.wall_ns + int(seconds * S), mono_ns=moment.mono_ns + int(seconds * S))


def test_the_mark_is_renewed_taken_once_and_nothing_when_it_is_damaged(tmp_path: Path) -> None:
    mark, now = StandbyMark(tmp_path), present()
    mark.renew(NOBODY, now)
    mark.renew(NOBODY, later(now, RENEW_NS / S / 2))  # too soon
    assert StandbyMark(tmp_path).take() == Standby(NOBODY, now)
    assert StandbyMark(tmp_path).take() is None
    mark.renew(GapCause.OUTSIDE_HOURS, later(now, 5))
    for damaged in ("", "{", "[]", '{"cause": "x", "wall_ns": 1, "mono_ns": 1}', '{"cause": "nobody-present"}'):
        (tmp_path / "standby.json").write_text(damaged)
        assert StandbyMark(tmp_path).take() is None


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.floats(-400, 400), st.booleans(), st.booleans())
def test_what_the_mark_explains_is_signed_and_the_rest_stays_a_crash(
    tmp_path_factory: pytest.TempPathFactory, seconds: float, in_order: bool, other_boot: bool
) -> None:
    life = Life(tmp_path_factory.mktemp("spool"), Keys())
    since = present()
    known = later(since, seconds)
    if other_boot:  # an older pause of a boot that lasted long
        known = Moment(wall_ns=known.wall_ns - 1000 * S, mono_ns=known.mono_ns + 1000 * S)
    missing = Unaccounted(since, GapCause.NOT_RUNNING if in_order else GapCause.CRASHED)
    before = len(life.entries())
    left = after_standby(life.ledger, missing, Standby(NOBODY, known))
    if in_order or other_boot or known.mono_ns <= since.mono_ns:
        assert (left, len(life.entries())) == (missing, before)
    else:
        gap = life.entries()[-1]
        assert isinstance(gap, GapManifest)
        assert (gap.start, gap.end, gap.cause, gap.track) == (since, known, NOBODY, "all")
        assert left == Unaccounted(known, GapCause.CRASHED)
        assert unaccounted(reversed(life.entries())) is not None  # the next start begins behind it
    life.crash()


def test_each_piece_that_is_told_shortens_what_a_crash_can_claim(tmp_path: Path) -> None:
    life = Life(tmp_path, keys := Keys())
    run = life.begin()
    life.segment(0)
    told = 90_000 * 300
    life.keeper.take(Skipped(life.segments()[0].end.pts_90k or 0, told, NOBODY))
    life.crash()
    again = Life(tmp_path, keys)
    assert again.missing == Unaccounted(moment_at(run.anchor, told), GapCause.CRASHED)
    again.crash()


def test_a_full_disk_that_has_room_again_while_nobody_is_there_goes_on_by_itself(tmp_path: Path) -> None:
    """No footage comes to resume with: the halt ends all the same, and its gap ends where the next entry begins."""
    life = Life(tmp_path, Keys())
    life.begin()
    life.segment(0, end=False)
    life.keeper._halt()
    assert life.keeper.halted
    object.__setattr__(life.keeper._parts, "standing_by", lambda: NOBODY)
    life.keeper._room_checked_mono_ns = 0
    life.keeper.tick()
    assert not life.keeper.halted
    end = max(entry.end.pts_90k or 0 for entry in life.segments())
    life.keeper.take(Skipped(end + 90_000, end + 900_000, NOBODY))
    gaps = [entry for entry in life.entries() if isinstance(entry, GapManifest)]
    assert [gap.cause for gap in gaps] == [GapCause.DISK_FULL, NOBODY]
    assert gaps[0].end == gaps[1].start
    life.keeper.take(RunEnd(None))
    life.crash()


def test_the_gate_and_the_keeper_leave_no_hole(tmp_path: Path) -> None:
    life = Life(tmp_path, Keys())
    keeper = life.keeper

    class Sink:
        run_started = staticmethod(keeper.take)
        fragment = staticmethod(keeper.take)
        gap = source_state = staticmethod(lambda *_: None)
        segment_started = staticmethod(lambda _sequence: keeper.take(SegmentStart()))
        segment_ended = staticmethod(lambda tracks: keeper.take(SegmentEnd(tracks)))
        run_ended = staticmethod(lambda cause: keeper.take(RunEnd(cause)))
        skipped = staticmethod(lambda start, end, cause: keeper.take(Skipped(start, end, cause)))

    gate = Gate(Sink(), lambda: 0, 0)  # type: ignore[arg-type]
    run = life.begin()
    gate.run_started(run)
    for number, cause in enumerate((None, NOBODY, None)):
        fragments = fragments_of(number)
        gate.decide(cause, moment_at(run.anchor, fragments[0].start_pts_90k).mono_ns, 0)
        for fragment in fragments:
            gate.fragment(fragment)
    gate.run_ended(None)
    gate.finish()
    spans = [
        (entry.start.pts_90k, entry.end.pts_90k)
        for entry in life.entries()
        if isinstance(entry, SegmentManifest | GapManifest)
    ]
    assert all(one[1] == two[0] for one, two in itertools.pairwise(spans))
    life.crash()


def test_a_recorder_killed_while_standing_by_says_so(tmp_path: Path) -> None:
    film = make_film(tmp_path / "still.mkv", 20)
    source = {"kind": "file", "path": str(film)}
    with standing_by(tmp_path, film, mode="always") as room:
        room.wait_until("recording")
        orders = room.centre.configuration(2, camera=source, microphone=source, recording={"mode": "presence"})
        assert room.ask("configure", configuration=orders, sealing=room.centre.sealing())["ok"]
        room.wait_until("standby", 5)
        time.sleep(3)
        killed_wall_ns = room.kill()
        room.start()
        room.wait_until("standby")
        time.sleep(0.5)
        room.stop()
    gaps = [entry for entry in room.entries() if isinstance(entry, GapManifest) and entry.track == "all"]
    assert [gap.cause for gap in gaps] == [NOBODY, GapCause.CRASHED, NOBODY]
    assert gaps[0].end == gaps[1].start
    assert killed_wall_ns - 3 * S < gaps[1].start.wall_ns <= killed_wall_ns
    assert gaps[1].end.wall_ns > killed_wall_ns
    check_whole(room)
