"""Lost pictures and an encoder that falls behind are told apart, and a picture now and then is neither."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from config.health import HealthSettings
from edge.health.frames import Counters, FramesWatch
from edge.health.hold import Hold

SECOND = 1_000_000_000
SETTINGS = HealthSettings()


def run(watch: FramesWatch, begin: int, end: int, lost: float, refused: float) -> list[tuple[int, str]]:
    """`lost` and `refused` a second of 25 pictures. When which code stands first."""
    found: list[tuple[int, str]] = []
    for second in range(begin, end):
        counters = Counters(1, second * 25, int(second * lost), int(second * refused))
        watch.count(counters, second * SECOND, SETTINGS)
        found += [(second, code) for code, _ in watch.faults() if code not in {one for _, one in found}]
    return found


def test_no_loss_is_healthy_and_so_is_a_picture_now_and_then() -> None:
    assert run(FramesWatch(), 0, 60, 0, 0) == []
    assert run(FramesWatch(), 0, 120, 0.3, 0) == []


def test_loss_is_seen_within_ten_seconds_by_its_kind() -> None:
    ((at_s, code),) = run(FramesWatch(), 0, 30, 5, 0)
    assert (code, at_s < 10) == ("frames-lost", True)
    ((at_s, code),) = run(FramesWatch(), 0, 30, 5, 5)
    assert (code, at_s < 10) == ("encoder-behind", True)


def test_it_clears_when_the_loss_ends() -> None:
    watch = FramesWatch()
    assert run(watch, 0, 20, 5, 5)
    for second in range(20, 45):
        watch.count(Counters(1, second * 25, 95, 95), second * SECOND, SETTINGS)
    assert watch.faults() == []


def test_a_new_pipeline_begins_anew() -> None:
    watch = FramesWatch()
    run(watch, 0, 20, 0, 0)
    watch.count(Counters(2, 0, 0, 0), 20 * SECOND, SETTINGS)
    watch.count(Counters(2, 25, 20, 20), 21 * SECOND, SETTINGS)
    assert watch.faults() == []


@given(st.lists(st.tuples(st.integers(1, 3000), st.sampled_from([None, "a", "b"])), max_size=200))
def test_a_hold_never_flaps_faster_than_its_two_times(steps: list[tuple[int, str | None]]) -> None:
    hold, now, changes, stood = Hold(4000, 3000), 0, list[int](), False
    for wait, code in steps:
        now += wait
        hold.tell(code, now)
        if (hold.code is not None) != stood:
            stood = not stood
            changes.append(now)
    raised = changes[::2]
    assert all(after - before >= 7000 for before, after in itertools.pairwise(raised))
