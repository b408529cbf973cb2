"""A full disk: said at once, what may go goes in order, nothing of a session is lost, recording goes on by itself."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "script" / "diskfull"
ONLY_ROOT = pytest.mark.skipif(os.getuid() != 0, reason="a small file system can only be mounted by root")


def fill(*options: str) -> None:
    ran = subprocess.run([SCRIPT, *options], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    outcome = json.loads(ran.stdout.splitlines()[-1])
    assert outcome["alarm_s"] <= 10
    assert outcome["resumed_s"] <= 5
    assert (outcome["session_segments_lost"], outcome["unverified"], outcome["unrecorded_gaps"]) == (0, 0, 0)


@ONLY_ROOT
def test_a_disk_in_memory() -> None:
    fill()


@pytest.mark.long
@pytest.mark.timeout(180)
@ONLY_ROOT
def test_a_disk_as_rooms_have() -> None:
    fill("--ext4")
