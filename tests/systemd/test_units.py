"""The units: one per process, hardened to a measured level, restarting for ever."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
UNITS = sorted((ROOT / "systemd").glob("*.service"))
EXPOSURE_TENTHS = 20


def test_there_is_one_unit_for_each_process() -> None:
    commands = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["scripts"]
    assert {unit.stem for unit in UNITS} == set(commands) - {"shilu-verify"}


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_unit_starts_its_command_with_the_settings_that_have_an_example(unit: Path) -> None:
    started = re.search(
        r"^ExecStart=/opt/shilu/\.venv/bin/(\S+)(?: serve)? --settings /etc/shilu/(\S+)$", unit.read_text(), re.M
    )
    assert started is not None
    assert started[1] == unit.stem
    assert (ROOT / "config" / "examples" / started[2]).exists()


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_a_dead_process_is_always_started_again(unit: Path) -> None:
    text = unit.read_text()
    assert "Restart=always" in text
    assert "StartLimitIntervalSec=0" in text


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_exposure_is_at_most_2_0(unit: Path) -> None:
    command = ["systemd-analyze", "security", "--offline=true", f"--threshold={EXPOSURE_TENTHS}", "--no-pager", unit]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
