"""What was filled is stated: from, to, cause; in pieces of a minute, joined when it goes on."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from edge.timeline.gaps import PIECE_NS, GapSpan, GapWatch

MS = 1_000_000


def test_a_gap_runs_from_the_first_filled_to_the_first_real() -> None:
    watch: GapWatch[str] = GapWatch()
    assert watch.filled(1000 * MS, 1200 * MS, "lost") == []
    assert watch.filled(1200 * MS, 1400 * MS, "lost") == []
    assert watch.real(1500 * MS) == [GapSpan(1000 * MS, 1500 * MS, "lost")]
    assert watch.real(1600 * MS) == []


def test_what_nobody_can_tell_is_no_gap() -> None:
    watch: GapWatch[str] = GapWatch()
    watch.filled(0, 20 * MS, "lost")
    assert watch.real(20 * MS) == []


def test_another_cause_is_another_gap() -> None:
    watch: GapWatch[str] = GapWatch()
    watch.filled(0, 100 * MS, "absent")
    assert watch.filled(100 * MS, 200 * MS, "lost") == [GapSpan(0, 100 * MS, "absent")]
    assert watch.real(300 * MS) == [GapSpan(100 * MS, 300 * MS, "lost")]


@given(st.lists(st.integers(1, 90_000), min_size=1, max_size=30))
def test_pieces_cover_a_long_gap_without_holes(steps: list[int]) -> None:
    watch: GapWatch[str] = GapWatch()
    spans: list[GapSpan[str]] = []
    at = 0
    for step in steps:
        spans += watch.filled(at, at + step * MS, "lost")
        at += step * MS
    spans += watch.real(at + 50 * MS)
    assert spans[0].start_mono_ns == 0
    assert all(after.start_mono_ns == before.end_mono_ns for before, after in itertools.pairwise(spans))
    assert all(span.end_mono_ns - span.start_mono_ns <= PIECE_NS + 50 * MS for span in spans)
    assert spans[-1].end_mono_ns == at + 50 * MS
