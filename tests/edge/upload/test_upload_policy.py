"""What goes next, as a pure question."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from edge.agent.backoff import delay_s
from edge.upload.policy import Failures, Item, Priority, choose

SECOND = 1_000_000_000
items = st.lists(
    st.builds(Item, st.text("0123456789abcdef", min_size=4, max_size=8), st.sampled_from(Priority), st.integers(0, 99)),
    unique_by=lambda item: item.key,
)


def test_the_order_is_tags_open_closed_rest() -> None:
    waiting = [
        Item("d", Priority.NO_SESSION, 1),
        Item("c", Priority.CLOSED_SESSION, 2),
        Item("b", Priority.OPEN_SESSION, 3),
        Item("a", Priority.TAG, 4),
    ]
    failures, order = Failures(), []
    while waiting:
        chosen = choose(waiting, failures, 0)
        assert chosen is not None
        order.append(chosen.key)
        waiting.remove(chosen)
    assert order == ["a", "b", "c", "d"]


@given(items, st.sets(st.integers(0, 5)), st.floats(0, 0.999))
def test_items_that_fail_hold_nothing_up(waiting: list[Item], bad: set[int], jitter: float) -> None:
    failing = {item.key for index, item in enumerate(waiting) if index in bad}
    failures, sent, now = Failures(), set(), 0
    for _ in range(3 * len(waiting)):
        chosen = choose(waiting, failures, now)
        if chosen is None:
            break
        if chosen.key in failing:
            failures.failed(chosen.key, now, jitter)
        else:
            sent.add(chosen.key)
            waiting = [item for item in waiting if item is not chosen]
    assert sent.isdisjoint(failing)
    assert {item.key for item in waiting} == failing & {item.key for item in waiting}
    assert choose(waiting, failures, 700 * SECOND) is not None or not waiting


def test_a_way_that_opens_again_releases_what_only_met_a_closed_way() -> None:
    failures = Failures()
    failures.failed("archive-down", 0, 0.5, whole=True)
    failures.failed("own-fault", 0, 0.5)
    failures.way_is_open()
    assert not failures.waits("archive-down", 1)
    assert failures.waits("own-fault", 1)
    failures.settled("own-fault")
    assert failures.count() == 0


@given(st.integers(0, 10_000), st.floats(0, 0.999))
def test_a_pause_grows_and_is_bounded(attempt: int, jitter: float) -> None:
    pause_s = delay_s(attempt, jitter)
    assert 0.5 <= pause_s <= 60
    assert delay_s(attempt + 1, jitter) >= pause_s
