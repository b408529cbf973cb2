"""Power cut: what was acknowledged is there, at most two seconds of footage are not, everything else opens."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "script" / "powercut"
ONLY_ROOT = pytest.mark.skipif(os.getuid() != 0, reason="a disk image can only be mounted by root")


def cut_power(images: int) -> None:
    """In a process and a mount namespace of its own: no mount outlives it."""
    ran = subprocess.run([SCRIPT, "--images", str(images)], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    outcome = json.loads(ran.stdout.splitlines()[-1])
    assert outcome["images"] == images
    assert (outcome["unreadable"], outcome["lost_rows"]) == (0, 0)
    assert outcome["max_lost_s"] <= 2.0


@ONLY_ROOT
def test_three_images() -> None:
    cut_power(3)


@pytest.mark.long
@pytest.mark.timeout(300)
@ONLY_ROOT
def test_thirty_images() -> None:
    cut_power(30)
