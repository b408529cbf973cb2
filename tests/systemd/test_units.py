"""The units: one per process, hardened to a measured level, restarting for ever."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import tomllib
from pathlib import Path

import pytest

from config.loading import load_settings
from config.process import AgentSettings, LiveSettings, RecorderSettings
from edge.process.service_manager import ALIVE_EVERY_S
from edge.spool.intake import LIMIT_90K
from edge.timeline.video_clock import TICKS_PER_S

ROOT = Path(__file__).resolve().parents[2]
UNITS = sorted((ROOT / "systemd").glob("*.service"))
ROOM_UNITS = [unit for unit in UNITS if unit.stem != "shilu-center"]
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


def test_each_process_of_a_room_has_a_user_of_its_own_and_one_group_for_all() -> None:
    """One that is taken over can neither stop nor read another."""
    users = {unit.stem: set(re.findall(r"^(User|Group)=(\S+)$", unit.read_text(), re.M)) for unit in ROOM_UNITS}
    assert users == {unit.stem: {("User", unit.stem), ("Group", "shilu-room")} for unit in ROOM_UNITS}


@pytest.mark.parametrize("unit", ROOM_UNITS, ids=lambda unit: unit.stem)
def test_a_process_that_stands_still_is_started_anew(unit: Path) -> None:
    text = unit.read_text()
    assert "Type=notify" in text
    seconds = re.search(r"^WatchdogSec=(\d+)$", text, re.M)
    assert seconds is not None
    assert int(seconds[1]) >= ALIVE_EVERY_S * 3
    if unit.stem == "shilu-recorder":  # a slow disk alone ends nothing: what waits for it would be lost
        assert int(seconds[1]) >= 4 * LIMIT_90K / TICKS_PER_S


def test_sockets_lie_where_only_their_own_process_can_put_them() -> None:
    made = {unit.stem: re.findall(r"^RuntimeDirectory(?:Mode)?=(\S+)$", unit.read_text(), re.M) for unit in ROOM_UNITS}
    assert made == {"shilu-agent": [], "shilu-live": ["shilu-live", "0750"], "shilu-recorder": ["shilu", "0750"]}
    live = load_settings(ROOT / "config" / "examples" / "live.toml", LiveSettings)
    agent = load_settings(ROOT / "config" / "examples" / "agent.toml", AgentSettings)
    assert (live.run_directory, live.live_directory) == (Path("/run/shilu"), Path("/run/shilu-live"))
    assert (agent.run_directory, agent.live_directory) == (live.run_directory, live.live_directory)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give files to users")
def test_the_users_of_units_and_settings_are_made(tmp_path: Path) -> None:
    """By systemd itself, into an empty tree."""
    (tmp_path / "etc").mkdir()
    for name in ("passwd", "group"):
        (tmp_path / "etc" / name).touch()
    for command in (["systemd-sysusers"], ["systemd-tmpfiles", "--create"]):
        folder = ROOT / "systemd" / f"{command[0].removeprefix('systemd-')}.d"
        files = sorted(str(file) for file in folder.glob("*.conf"))
        subprocess.run([*command, f"--root={tmp_path}", *files], check=True, capture_output=True)
    users = {line.split(":")[0] for line in (tmp_path / "etc" / "passwd").read_text().splitlines()}
    assert users == {unit.stem for unit in UNITS}
    group = next(
        line for line in (tmp_path / "etc" / "group").read_text().splitlines() if line.startswith("shilu-room:")
    )
    assert set(group.split(":")[3].split(",")) == {unit.stem for unit in ROOM_UNITS}
    assert stat.S_IMODE((tmp_path / "var" / "lib" / "shilu").stat().st_mode) == 0o750
    recorder = load_settings(ROOT / "config" / "examples" / "recorder.toml", RecorderSettings)
    assert {recorder.agent_user, recorder.live_user} < users


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_exposure_is_at_most_2_0(unit: Path) -> None:
    command = [
        "systemd-analyze",
        "security",
        "--offline=true",
        f"--threshold={EXPOSURE_TENTHS}",
        "--no-pager",
        str(unit),
    ]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
