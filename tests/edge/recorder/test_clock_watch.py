"""What the two clocks do to each other, and what is noted of it. Durations are never touched by the wall clock."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.recorder.clock import describe
from edge.recorder.clock_watch import SURE_IN_A_ROW, ClockWatch, Doubt, Stepped, read_doubt
from storage.manifest import ClockCorrection, ClockState, Moment

SECOND = 1_000_000_000
TRUE_OFFSET = 1_790_000_000 * SECOND
UNSURE, SURE = ClockState(synchronized=False), ClockState(synchronized=True, uncertainty_ns=7)
BOOT = "ab" * 16


class Room:
    """Looks once a second; a segment is sealed every ten looks."""

    def __init__(self, doubt: Doubt | None = None) -> None:
        self.watch = ClockWatch(BOOT, doubt or Doubt())
        self.mono_ns, self.number = 40 * SECOND, 1
        self.found: list[Stepped | ClockCorrection] = []

    def live(self, seconds: int, offset_ns: int, state: ClockState) -> None:
        for _ in range(seconds):
            self.mono_ns += SECOND
            self.number += self.mono_ns // SECOND % 10 == 0
            now = Moment(wall_ns=self.mono_ns + offset_ns, mono_ns=self.mono_ns)
            self.found += self.watch.look(now, state, self.number)

    @property
    def corrections(self) -> list[ClockCorrection]:
        return [one for one in self.found if isinstance(one, ClockCorrection)]

    @property
    def steps(self) -> list[int]:
        return [one.step_ns for one in self.found if isinstance(one, Stepped)]


def test_a_boot_in_1970_is_dated_by_the_first_sync_and_once() -> None:
    room = Room()
    room.live(100, 0, UNSURE)
    room.live(100, TRUE_OFFSET, SURE)
    assert room.steps == [TRUE_OFFSET]
    assert room.corrections == [
        ClockCorrection(boot=BOOT, first_number=1, last_number=11, wall_minus_mono_ns=TRUE_OFFSET, uncertainty_ns=7)
    ]


@pytest.mark.parametrize("hours", [1, -1, 24, -24])
def test_a_clock_set_by_hand_and_back_by_the_time_service(hours: int) -> None:
    room = Room(Doubt(corrected=True))
    wrong = TRUE_OFFSET + hours * 3600 * SECOND
    room.live(50, TRUE_OFFSET, SURE)
    room.live(50, wrong, UNSURE)  # setting the clock makes the kernel say that it is not known
    room.live(50, TRUE_OFFSET, SURE)
    assert room.steps == [wrong - TRUE_OFFSET, TRUE_OFFSET - wrong]
    (correction,) = room.corrections
    assert (correction.first_number, correction.last_number) == (7, 11)
    assert correction.wall_minus_mono_ns == TRUE_OFFSET


def test_a_time_service_that_comes_and_goes_writes_no_notes_while_the_clock_is_right() -> None:
    room = Room()
    room.live(20, TRUE_OFFSET, UNSURE)
    for _ in range(20):
        room.live(20, TRUE_OFFSET + 1_000_000, SURE)
        room.live(20, TRUE_OFFSET + 2_000_000, UNSURE)
    assert room.steps == []
    assert len(room.corrections) == 1  # the first time that this boot's clock was known


def test_slewing_is_no_step() -> None:
    room = Room()
    for second in range(3600):
        room.live(1, TRUE_OFFSET + second * 500_000, SURE)
    assert room.found == []


@given(st.lists(st.tuples(st.integers(1, 40), st.sampled_from([0, 3600, -3600, 86400, -86400]), st.booleans())))
def test_whatever_the_clock_does_every_doubtful_entry_is_dated_when_it_is_known(
    stretches: list[tuple[int, int, bool]],
) -> None:
    room = Room()
    wrong: set[int] = set()
    for seconds, off_s, sure in [*stretches, (1, 0, True)]:
        for _ in range(seconds):
            before = room.number
            room.live(1, TRUE_OFFSET + (0 if sure else off_s * SECOND), SURE if sure else UNSURE)
            if not sure and off_s and room.number > before:
                wrong.add(room.number)
    dated = {n for one in room.corrections for n in range(one.first_number, one.last_number + 1)}
    assert all(one.wall_minus_mono_ns == TRUE_OFFSET for one in room.corrections)
    assert wrong <= dated


def entry(*, sure: bool = True, **more: Any) -> dict[str, Any]:
    return {"clock": {"synchronized": sure}, **more}


def started(boot: str, *, sure: bool = True) -> dict[str, Any]:
    return entry(sure=sure, note="recorder-started", detail=f"1.0 boot={boot}")


def test_a_restart_within_the_boot_goes_on_where_the_life_before_ended() -> None:
    other, correction = "cd" * 16, entry(note="clock-corrected", correction={"boot": BOOT})
    chain = [started(other), entry(), entry(sure=False), started(BOOT, sure=False), entry(sure=False)]
    restarted = [*chain, entry(sure=False), started(BOOT, sure=False)]
    assert read_doubt(newest_first(restarted), BOOT) == Doubt(4)  # what was recovered at the start stays out
    assert read_doubt(newest_first([*chain, correction, entry(), started(BOOT)]), BOOT) == Doubt(None, corrected=True)
    assert read_doubt(newest_first([*chain, correction, entry(sure=False)]), BOOT) == Doubt(7, corrected=True)
    assert read_doubt(newest_first([started(BOOT), entry(), entry()]), BOOT) == Doubt(None)
    assert read_doubt(newest_first([started(BOOT)] + [entry()] * 9_000), BOOT) == Doubt(None)


def test_looking_back_ends_soon_where_all_is_known() -> None:
    asked = []
    chain = newest_first([entry(sure=False)] * 50 + [entry()] * 5_000)
    assert read_doubt((asked.append(one) or one for one in chain), BOOT) == Doubt(None)  # type: ignore[func-returns-value]
    assert len(asked) == SURE_IN_A_ROW


def newest_first(chain: list[dict[str, Any]]) -> list[tuple[int, dict[str, Any]]]:
    return list(enumerate(chain, start=1))[::-1]


def test_a_doubt_of_an_earlier_life_is_settled_by_this_one() -> None:
    room = Room(Doubt(3))
    room.number = 9
    room.live(5, TRUE_OFFSET, SURE)
    (correction,) = room.corrections
    assert (correction.first_number, correction.last_number) == (3, 9)


@pytest.mark.parametrize(
    ("answer", "status", "maxerror_us", "source", "synced_file", "expected"),
    [
        (0, 0x2001, 20_000, "kernel", True, True),
        (5, 0x0040, 16_000_000, "kernel", True, False),
        (5, 0x0040, 12_000, "chrony", False, True),  # chrony without rtcsync leaves the kernel's flag
        (5, 0x0040, 16_000_000, "chrony", False, False),
        (0, 0x2001, 100, "systemd-timesyncd", True, True),
        (0, 0x2001, 100, "systemd-timesyncd", False, False),
        (5, 0x0041, 100, "systemd-timesyncd", True, False),
    ],
)
def test_what_each_time_service_leaves_in_the_kernel(
    answer: int, status: int, maxerror_us: int, source: Any, synced_file: bool, expected: bool
) -> None:
    state = describe(answer, status, -4_000, maxerror_us, source, timesyncd_synced=synced_file)
    assert (state.source, state.synchronized) == (source, expected)
    assert state.uncertainty_ns is not None
    assert state.uncertainty_ns >= maxerror_us * 1000
    assert (state.offset_ns is None) == (source == "chrony")
