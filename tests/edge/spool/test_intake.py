"""The hand-over's drop rule: bounded, never in the middle, never unsaid."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from edge.segment.sink import Fragment, RunStart
from edge.spool.intake import Intake, Item, RunEnd, SegmentEnd, SegmentStart, Skipped, TrackGap
from storage.manifest import GapCause, Moment

MOMENT = Moment(wall_ns=1, mono_ns=1, pts_90k=0)
HALF_S = 45_000


def fragment(at: int, key: bool = False) -> Fragment:
    return Fragment(b"x", at * HALF_S, (at + 1) * HALF_S, key)


def taken(intake: Intake) -> list[Item]:
    items = []
    while (item := intake.take(0)) is not None:
        items.append(item)
    return items


def test_in_order_and_nothing_lost_while_there_is_room() -> None:
    intake = Intake()
    items: list[Item] = [SegmentStart(), fragment(0, True), fragment(1), SegmentEnd(()), RunEnd(None)]
    for item in items:
        intake.put(item)
    assert taken(intake) == items
    assert intake.queued_90k == 0


def test_a_full_queue_drops_up_to_a_key_fragment_and_says_so() -> None:
    """S9."""
    intake = Intake(limit_90k=4 * HALF_S)
    for at in range(6):
        intake.put(fragment(at, key=at % 2 == 0))
    first = [intake.take(0) for _ in range(4)]
    assert [item.start_pts_90k // HALF_S for item in first if isinstance(item, Fragment)] == [0, 1, 2, 3]
    intake.put(fragment(7))
    intake.put(fragment(8, key=True))
    assert taken(intake) == [Skipped(4 * HALF_S, 8 * HALF_S), fragment(8, key=True)]


def test_a_cut_missed_while_dropping_is_made_up_for() -> None:
    intake = Intake(limit_90k=2 * HALF_S)
    for at in range(3):
        intake.put(fragment(at, key=True))
    intake.put(SegmentEnd(()))
    intake.put(SegmentStart())
    intake.take(0)
    intake.take(0)
    intake.put(fragment(3, key=True))
    assert taken(intake) == [Skipped(2 * HALF_S, 3 * HALF_S), SegmentStart(), fragment(3, key=True)]


def test_a_run_that_ends_while_dropping_accounts_for_what_was_dropped() -> None:
    intake = Intake(limit_90k=HALF_S)
    intake.put(fragment(0, key=True))
    intake.put(fragment(1))
    intake.put(RunEnd(None))
    assert taken(intake) == [fragment(0, key=True), Skipped(HALF_S, 2 * HALF_S), RunEnd(None)]


def test_other_items_are_bounded_too_but_runs_always_stand() -> None:
    intake = Intake()
    for _ in range(1_200):
        intake.put(TrackGap("video", MOMENT, MOMENT, GapCause.CAMERA_LOST))
    intake.put(RunEnd(None))
    items = taken(intake)
    assert (len(items), intake.lost_items) == (1_001, 200)
    assert items[-1] == RunEnd(None)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 3)), max_size=120))
def test_whatever_comes_every_moment_is_kept_or_accounted_for(steps: list[tuple[bool, int]]) -> None:
    intake, kept = Intake(limit_90k=6 * HALF_S), []
    intake.put(RunStart("0" * 32, b"", MOMENT, ()))
    for at, (key, takes) in enumerate(steps):
        intake.put(fragment(at, key or at == 0))
        assert intake.queued_90k <= 6 * HALF_S
        kept += [item for _ in range(takes) if (item := intake.take(0)) is not None]
    intake.put(RunEnd(None))
    spans = [
        (item.start_pts_90k, item.end_pts_90k)
        for item in [*kept, *taken(intake)]
        if isinstance(item, Fragment | Skipped)
    ]
    reached = 0
    for start, end in spans:
        assert start == reached
        reached = end
    assert reached == len(steps) * HALF_S
