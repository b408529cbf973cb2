"""Segments begin at key frames: every so many seconds, and at the moment that was asked for."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from edge.segment.segmenter import Segmenter

S = 90_000


def test_cuts_every_ten_seconds_at_a_key_frame() -> None:
    segmenter = Segmenter(10)
    starts = [at for at in range(0, 60 * S, S // 2) if segmenter.begins(at + 1920, at % (2 * S) == 0)]
    assert starts == [at * S for at in range(0, 60, 10)]


def test_cuts_at_once_when_asked_and_counts_from_there() -> None:
    segmenter = Segmenter(10)
    segmenter.begins(0, True)
    segmenter.ask(3 * S)
    assert not segmenter.begins(2 * S, True)
    assert segmenter.begins(3 * S, True)
    assert not segmenter.begins(11 * S, True)
    assert segmenter.begins(13 * S, True)


def test_never_cuts_where_no_key_frame_is() -> None:
    segmenter = Segmenter(4)
    segmenter.begins(0, True)
    segmenter.ask(S)
    assert not any(segmenter.begins(at * S, False) for at in range(1, 30))
    assert segmenter.begins(31 * S, True)


@given(st.lists(st.tuples(st.integers(1, 40), st.booleans(), st.booleans()), min_size=1, max_size=200))
def test_every_segment_but_the_first_begins_with_a_key_frame(steps: list[tuple[int, bool, bool]]) -> None:
    segmenter, at = Segmenter(10), 0
    assert segmenter.begins(0, False)
    for step, key, ask in steps:
        at += step * 9000
        if ask:
            segmenter.ask(at)
        began = segmenter.begins(at, key)
        assert key or not began
        assert began or not (ask and key)
