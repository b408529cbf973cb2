"""A disk that hangs: half a minute costs nothing, more is a signed gap, and the room always answers."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "script" / "slowdisk"
ONLY_ROOT = pytest.mark.skipif(os.getuid() != 0, reason="a disk can only be mounted and frozen by root")


def hang(*seconds: str) -> dict[str, float]:
    ran = subprocess.run([SCRIPT, "--stalls", *seconds], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    outcome: dict[str, float] = json.loads(ran.stdout.splitlines()[-1])
    return outcome


@ONLY_ROOT
def test_six_seconds_cost_nothing() -> None:
    assert hang("6")["max_lost_s_within_buffer"] == 0


@pytest.mark.long
@pytest.mark.timeout(300)
@ONLY_ROOT
def test_five_fifteen_and_forty_five_seconds() -> None:
    outcome = hang("5", "15", "45")
    assert outcome["stalls"] == 3
    assert 10 <= outcome["overflow_gap_s"] <= 23
