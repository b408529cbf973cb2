"""Whether footage is wanted follows from state alone."""

from __future__ import annotations

from dataclasses import replace

import hypothesis.strategies as st
import pytest
from hypothesis import given

from edge.gate.rule import AFTER_SESSION_NS, BLIND_AFTER_NS, Circumstances, Mode, unwanted
from storage.manifest import GapCause, Moment

S = 1_000_000_000
NOW = Moment(wall_ns=1_795_000_000 * S, mono_ns=5_000 * S)
CLOSED = Circumstances(
    now=NOW,
    mode="hours",
    hours_open=False,
    clock_synchronized=True,
    present_mono_ns=None,
    sensed_mono_ns=NOW.mono_ns,
    post_roll_ns=60 * S,
    session_open=False,
)
EMPTY = replace(CLOSED, mode="presence")
MODES: list[Mode] = ["always", "hours", "presence"]


def at(seconds: float) -> Moment:
    return Moment(wall_ns=NOW.wall_ns + int(seconds * S), mono_ns=NOW.mono_ns + int(seconds * S))


def test_hours_keep_what_lies_in_them() -> None:
    assert unwanted(CLOSED) is GapCause.OUTSIDE_HOURS
    assert unwanted(replace(CLOSED, hours_open=True)) is None
    assert unwanted(replace(CLOSED, present_mono_ns=NOW.mono_ns)) is GapCause.OUTSIDE_HOURS


@pytest.mark.parametrize("synchronized", [False, None])
def test_by_a_clock_that_may_be_wrong_no_hour_is_left_out(synchronized: bool | None) -> None:
    assert unwanted(replace(CLOSED, clock_synchronized=synchronized)) is None


def test_presence_keeps_until_the_post_roll_is_over() -> None:
    assert unwanted(EMPTY) is GapCause.NOBODY_PRESENT
    assert unwanted(replace(EMPTY, present_mono_ns=at(-60).mono_ns)) is None
    assert unwanted(replace(EMPTY, present_mono_ns=at(-61).mono_ns)) is GapCause.NOBODY_PRESENT
    assert unwanted(replace(EMPTY, hours_open=True)) is GapCause.NOBODY_PRESENT


def test_without_a_sense_everything_is_kept() -> None:
    """Camera and microphone are both gone: nobody can say that nobody is there."""
    assert unwanted(replace(EMPTY, sensed_mono_ns=NOW.mono_ns - BLIND_AFTER_NS - 1)) is None


@pytest.mark.parametrize("mode", MODES)
def test_an_open_session_is_always_kept_and_half_a_minute_after_it(mode: Mode) -> None:
    """A session across midnight, or into the evening, is a session."""
    quiet = replace(CLOSED, mode=mode)
    assert unwanted(replace(quiet, session_open=True)) is None
    assert unwanted(replace(quiet, session_closed=at(-AFTER_SESSION_NS / S))) is None
    later = unwanted(replace(quiet, session_closed=at(-AFTER_SESSION_NS / S - 1)))
    assert (later is None) == (mode == "always")


@pytest.mark.parametrize("step_s", [-86_400, 86_400])
def test_a_step_of_the_clock_or_a_new_boot_cuts_no_session_short(step_s: int) -> None:
    stepped = Moment(wall_ns=NOW.wall_ns + step_s * S, mono_ns=NOW.mono_ns - 5 * S)
    rebooted = Moment(wall_ns=NOW.wall_ns - 5 * S, mono_ns=NOW.mono_ns + 9_000 * S)
    for closed in (stepped, rebooted):
        assert unwanted(replace(CLOSED, session_closed=closed)) is None


ANY = st.builds(
    Circumstances,
    now=st.just(NOW),
    mode=st.sampled_from(MODES),
    hours_open=st.booleans(),
    clock_synchronized=st.sampled_from([True, False, None]),
    present_mono_ns=st.none() | st.integers(0, NOW.mono_ns),
    sensed_mono_ns=st.integers(0, NOW.mono_ns),
    post_roll_ns=st.integers(30 * S, 900 * S),
    session_open=st.booleans(),
    session_closed=st.none() | st.integers(-4_000, 0).map(at),
)


@given(ANY)
def test_more_reason_to_keep_never_loses_footage(circumstances: Circumstances) -> None:
    if unwanted(circumstances) is None:
        for more in (
            replace(circumstances, mode="always"),
            replace(circumstances, session_open=True),
            replace(circumstances, session_closed=NOW),
            replace(circumstances, hours_open=True),
            replace(circumstances, present_mono_ns=NOW.mono_ns),
        ):
            assert unwanted(more) is None
    else:
        assert circumstances.mode != "always"
        assert not circumstances.session_open
