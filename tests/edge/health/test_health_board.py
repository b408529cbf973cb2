"""The board says each change once, counts what it does not say, and never says more than so much an hour."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from edge.health.board import HOUR_NS, MOST_AN_HOUR, HealthBoard
from storage.manifest import Moment

SECOND = 1_000_000_000
BLACK, SLOW = ("picture-black", "camera"), ("disk-slow", "recorder")


def at(seconds: int) -> Moment:
    return Moment(wall_ns=10**18 + seconds * SECOND, mono_ns=10**12 + seconds * SECOND)


def test_what_stands_is_said_when_it_begins_and_when_it_ends() -> None:
    board = HealthBoard()
    assert board.tell({BLACK}, at(0)) == ["raised picture-black camera"]
    assert board.tell({BLACK, SLOW}, at(1)) == ["raised disk-slow recorder"]
    assert board.tell({BLACK, SLOW}, at(2)) == []
    assert board.since == {BLACK: at(0).wall_ns, SLOW: at(1).wall_ns}
    assert board.tell(set(), at(3)) == ["cleared disk-slow recorder", "cleared picture-black camera"]
    assert board.since == {}


def test_what_comes_and_goes_all_day_is_summed_up() -> None:
    board, words = HealthBoard(), list[str]()
    for second in range(24 * 3600):
        words += board.tell({BLACK} if second % 2 else set(), at(second))
    assert 24 <= len(words) <= 24 * MOST_AN_HOUR + MOST_AN_HOUR
    counted = sum(int(word.split("times=")[1]) if "times=" in word else 1 for word in words)
    assert counted > 0.95 * 23 * 3600, "and the summaries count what they stand for"


@given(st.lists(st.tuples(st.integers(1, 400), st.booleans()), max_size=300))
def test_never_more_than_so_much_an_hour_and_the_last_word_is_true(steps: list[tuple[int, bool]]) -> None:
    board, second, stands, said = HealthBoard(), 0, False, list[tuple[int, str]]()
    for wait, stands in steps:
        second += wait
        said += [(second, word) for word in board.tell({BLACK} if stands else set(), at(second))]
    for begin, _ in said:
        assert sum(begin <= when < begin + HOUR_NS // SECOND for when, _ in said) <= MOST_AN_HOUR
    said += [(second + 3601, word) for word in board.tell({BLACK} if stands else set(), at(second + 3601))]
    if said:
        assert said[-1][1].startswith("raised" if stands else "cleared")
