"""What the pipeline hands over becomes sealed, signed, indexed segments; every break becomes a gap (S1, S2, S6)."""

from __future__ import annotations

import secrets
from collections.abc import Callable

import pytest

from edge.spool.intake import RunEnd, Skipped, TrackGap
from edge.spool.moments import moment_at
from storage.manifest import GapCause, GapManifest, NoteKind
from tests.edge.spool.spool_room import Life, check, fragments_of

LifeMaker = Callable[..., Life]


def test_a_run_is_kept_whole_and_verifies(begin_life: LifeMaker) -> None:
    life = begin_life()
    life.begin()
    for number in range(3):
        life.segment(number)
    life.keeper.take(RunEnd(None))
    report = check(life.spool, life.keys)
    assert report.problem is None
    assert (report.segments, report.opened_checked, report.recovered) == (3, 3, 0)
    assert [row.state for row in life.index.newest_first()] == ["waiting"] * 4
    assert not list(life.spool.rglob("*.open"))
    assert not list(life.spool.rglob("*.journal"))


def test_every_row_names_a_file_of_its_size(begin_life: LifeMaker) -> None:
    """S1."""
    life = begin_life()
    life.begin()
    life.segment(0)
    life.segment(1)
    for _, path, size, _ in life.index.claiming_files():
        assert (life.spool / path).stat().st_size == size
        assert (life.spool / path).stat().st_mode & 0o777 == 0o640  # less the umask; see edge/spool/sharing.py


def test_footage_is_settled_as_it_comes(begin_life: LifeMaker) -> None:
    """S3: after every half second nothing of what came is still at stake."""
    life = begin_life()
    run = life.begin()
    for fragment in fragments_of(0):
        life.keeper.take(fragment)
        assert life.keeper.settled is not None
        assert fragment.end_pts_90k - (life.keeper.settled.pts_90k or 0) < 45_000
        assert life.keeper.settled == moment_at(run.anchor, life.keeper.settled.pts_90k or 0)


@pytest.mark.parametrize("cause", [GapCause.ENCODER_FAILED, GapCause.FORMAT_CHANGED, None])
def test_a_break_between_runs_is_a_gap(begin_life: LifeMaker, cause: GapCause | None) -> None:
    """S6."""
    life = begin_life()
    first = life.begin()
    life.segment(0)
    life.keeper.take(RunEnd(cause))
    later = moment_at(first.anchor, 90_000 * 7)
    life.begin(later)
    gap = life.entries()[-1]
    assert isinstance(gap, GapManifest)
    assert (gap.cause, gap.track, gap.run) == (cause or GapCause.NOT_RUNNING, "all", None)
    assert (gap.start, gap.end) == (life.segments()[-1].end, later)


def test_a_run_that_begins_before_the_last_ended_leaves_a_gap_of_no_length(begin_life: LifeMaker) -> None:
    """Its first sound may be a little older; the break and its cause are told all the same."""
    life = begin_life()
    first = life.begin()
    life.segment(0)
    life.keeper.take(RunEnd(GapCause.FORMAT_CHANGED))
    life.begin(moment_at(first.anchor, 90_000))
    gap = life.entries()[-1]
    assert isinstance(gap, GapManifest)
    assert gap.start == gap.end == life.segments()[0].end


def test_the_first_run_of_all_leaves_no_gap(begin_life: LifeMaker) -> None:
    life = begin_life()
    life.begin()
    assert [entry.kind for entry in life.entries()] == ["note"]


def test_an_overflow_cuts_the_segment_and_is_a_gap(begin_life: LifeMaker) -> None:
    """S9."""
    life = begin_life()
    run = life.begin()
    life.segment(0, end=False)
    after = fragments_of(2)
    life.keeper.take(Skipped(fragments_of(0)[-1].end_pts_90k, after[0].start_pts_90k))
    life.segment(2)
    assert [entry.kind for entry in life.entries()][1:] == ["segment", "gap", "segment"]
    gap = life.entries()[2]
    assert isinstance(gap, GapManifest)
    assert (gap.cause, gap.run) == (GapCause.WRITER_OVERFLOW, run.run)
    assert [segment.sequence for segment in life.segments()] == [0, 1]
    assert check(life.spool, life.keys).problem is None


def test_a_filled_track_is_a_gap_on_that_track(begin_life: LifeMaker) -> None:
    life = begin_life()
    run = life.begin()
    start, end = run.anchor, moment_at(run.anchor, 90_000)
    life.keeper.take(TrackGap("audio", start, end, GapCause.MICROPHONE_ABSENT))
    gap = life.entries()[-1]
    assert isinstance(gap, GapManifest)
    assert (gap.track, gap.run, gap.cause) == ("audio", run.run, GapCause.MICROPHONE_ABSENT)


def test_segments_carry_the_session_that_touches_them(begin_life: LifeMaker) -> None:
    life = begin_life()
    session, tag = secrets.token_hex(16), secrets.token_hex(32)
    life.note(NoteKind.SESSION_OPENED, session)
    life.note(NoteKind.SESSION_TAGGED, session, tag)
    life.begin()
    life.segment(0)
    assert (life.segments()[0].session, life.segments()[0].tag_sha256) == (session, tag)


def test_below_the_reserve_recording_halts_with_a_gap_and_goes_on(begin_life: LifeMaker) -> None:
    """S4: nothing without a receipt is deleted to make room; S6: the halt is accounted for."""
    life = begin_life()
    run = life.begin()
    life.segment(0)
    roomy, life.room.limits = life.room.limits, type(life.room.limits)(10**18, 10**18)
    life.segment(1)
    assert life.keeper.halted
    files = sorted(life.spool.rglob("*.age"))
    assert len(files) == 2
    life.segment(2)
    assert sorted(life.spool.rglob("*.age")) == files
    life.room.limits = roomy
    life.keeper._room_checked_mono_ns = 0  # a second passes
    not_key = fragments_of(2)[1]
    life.keeper.take(not_key)
    assert (life.keeper.halted, life.key_frames_wanted) == (True, 1)
    life.segment(2)
    assert not life.keeper.halted
    gaps = [entry for entry in life.entries() if isinstance(entry, GapManifest)]
    assert [(gap.cause, gap.run) for gap in gaps] == [(GapCause.DISK_FULL, run.run)]
    assert gaps[0].start == life.segments()[1].end
    assert gaps[0].end == life.segments()[2].start
    assert check(life.spool, life.keys).problem is None
