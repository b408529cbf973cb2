"""Recorder and agent under a wall clock that is set by hours and days: one run, no gap, dated and archived."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.wallclock.rig import STEPS, Outcome, rehearse


def expect_undisturbed(outcome: Outcome) -> None:
    assert outcome.passed, outcome
    assert outcome.noted_steps == outcome.steps == 2 * len(STEPS) + 1
    assert outcome.corrections >= len(STEPS)


def test_1970_hours_and_days_in_the_middle_of_a_run(tmp_path: Path) -> None:
    expect_undisturbed(asyncio.run(rehearse(tmp_path, 1.5)))


@pytest.mark.long
@pytest.mark.timeout(400)
def test_each_wrong_clock_over_several_segments(tmp_path: Path) -> None:
    expect_undisturbed(asyncio.run(rehearse(tmp_path, 12.0)))
