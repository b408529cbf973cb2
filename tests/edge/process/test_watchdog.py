"""A loop that turns is never stuck, one that stands still is, and a PC that stood still as a whole makes none so."""

from __future__ import annotations

import threading
import time

from hypothesis import given
from hypothesis import strategies as st

from edge.process.loop_watch import LoopWatch
from edge.process.watchdog import LOOK_NS, MOST_PER_LOOK_NS, Loop, S, Watchdog

looks = st.lists(st.tuples(st.integers(1, 3 * S), st.booleans()), min_size=1, max_size=200)


@given(looks)
def test_one_is_stuck_exactly_when_it_did_not_turn_for_longer_than_it_may(looks: list[tuple[int, bool]]) -> None:
    watchdog, now_ns, turns, still_ns = Watchdog(), 0, 0, 0
    watchdog.look([Loop("pipeline", 1, turns, 2 * S)], now_ns)
    for passed_ns, turned in looks:
        now_ns += passed_ns
        turns += turned
        still_ns = 0 if turned else still_ns + min(passed_ns, MOST_PER_LOOK_NS)
        stuck = watchdog.look([Loop("pipeline", 1, turns, 2 * S)], now_ns)
        assert bool(stuck) == (still_ns > 2 * S)


def test_the_next_owner_of_a_name_is_not_taken_for_the_one_before() -> None:
    watchdog = Watchdog()
    for now_ns in range(0, 3 * S, LOOK_NS):
        watchdog.look([Loop("pipeline", 1, 7, 2 * S)], now_ns)
    assert watchdog.look([Loop("pipeline", 2, 7, 2 * S)], 3 * S) == []


def test_a_pc_that_slept_for_an_hour_woke_with_no_thread_stuck() -> None:
    watchdog, loop = Watchdog(), Loop("pipeline", 1, 7, 2 * S)
    watchdog.look([loop], 0)
    assert watchdog.look([loop], 3600 * S) == []


def test_loops_are_told_apart() -> None:
    watchdog, stuck = Watchdog(), []
    for turns, now_ns in enumerate(range(0, 3 * S, LOOK_NS)):
        stuck = watchdog.look([Loop("pipeline", 1, turns, S), Loop("observer", 1, 5, S)], now_ns)
    assert [loop.name for loop in stuck] == ["observer"]


def test_a_watch_that_fails_ends_the_process() -> None:
    """Nobody watches the watch."""
    failed = threading.Event()

    def loops() -> list[Loop]:
        raise RuntimeError

    watch = LoopWatch(loops, lambda _loop: None, lambda _error: failed.set())
    watch.start()
    assert failed.wait(3)


def test_the_watch_says_which_loop_stands_still() -> None:
    stuck: list[str] = []
    turning = iter(range(10**9))

    def loops() -> list[Loop]:
        return [Loop("turning", 1, next(turning), S // 10), Loop("standing", 1, 1, S // 10)]

    watch = LoopWatch(loops, lambda loop: stuck.append(loop.name), lambda _error: None)
    watch.start()
    until_s = time.monotonic() + 5
    while not stuck and time.monotonic() < until_s:
        time.sleep(0.05)
    watch.stop()
    assert set(stuck) == {"standing"}
