"""A thin line with a great backlog: today's session and live stay usable, and the forecast holds."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.thinline.rig import Outcome, rehearse


def expect_usable(outcome: Outcome) -> None:
    assert outcome.passed, outcome
    assert outcome.tag_s <= 5
    assert outcome.status_gap_s <= 6  # the status goes every two seconds
    assert outcome.old_before_today <= 5


def test_a_session_and_live_beside_a_backlog(tmp_path: Path) -> None:
    expect_usable(asyncio.run(rehearse(tmp_path, 4000, 4.0, sessions=1, rows=200, last=2)))


@pytest.mark.long
@pytest.mark.timeout(300)
def test_three_sessions_and_live_beside_ten_gigabytes(tmp_path: Path) -> None:
    expect_usable(asyncio.run(rehearse(tmp_path, 4000, 30.0, sessions=3, rows=8000, last=6)))
