"""kill -9 at random moments: at most a second lost, everything opens, every break in the chain."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from config.room import FileSource, V4l2Source
from tests.crash.rig import Outcome, rehearse, rehearse_rooms, still_picture


def expect_little_lost(outcome: Outcome) -> None:
    assert outcome.problem is None
    assert outcome.unreadable == 0
    assert outcome.unrecorded_gaps == 0
    assert outcome.max_lost_s <= 1.0, outcome.lost_s
    assert max(outcome.writing_after_s) <= 5.0


def test_three_kills(tmp_path: Path) -> None:
    expect_little_lost(rehearse(tmp_path, 3, random.Random(20261123), alive_s=1.5))


@pytest.mark.long
@pytest.mark.timeout(300)
@pytest.mark.parametrize("source", ["moving", "sound alone", "still"])
def test_a_hundred_kills_in_all(tmp_path: Path, source: str) -> None:
    changes: dict[str, Any] = {}
    if source == "sound alone":
        changes["camera"] = V4l2Source(kind="v4l2", device="/dev/video-absent")
    if source == "still":
        changes["camera"] = FileSource(kind="file", path=str(still_picture(tmp_path / "still.mp4")))
    kills = 40 if source == "moving" else 30
    expect_little_lost(rehearse_rooms(tmp_path, kills, 4, random.randrange(10**6), **changes))
