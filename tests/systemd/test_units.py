"""The units: one per process, hardened to a measured level, restarting for ever."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import tomllib
from functools import cache
from pathlib import Path

import pytest

from config.loading import load_settings
from config.process import AgentSettings, LiveSettings, RecorderSettings
from edge.process.service_manager import ALIVE_EVERY_S
from edge.process.watchdog import LOOK_NS, WAITS_FOR_DISK_NS
from edge.spool.intake import LIMIT_90K
from edge.timeline.video_clock import TICKS_PER_S

ROOT = Path(__file__).resolve().parents[2]
UNITS = sorted((ROOT / "systemd").glob("*.service"))
ROOM_UNITS = [unit for unit in UNITS if unit.stem != "shilu-center"]
EXPOSURE_TENTHS = 20
NS = 1_000_000_000


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


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_a_process_that_stands_still_is_started_anew(unit: Path) -> None:
    keys = service(unit)
    assert keys["Type"] == ["notify"]
    assert keys["WatchdogSignal"] == ["SIGKILL"]  # nothing is to be saved, and an abort may hang as well
    seconds = int(keys["WatchdogSec"][-1])
    if unit.stem == "shilu-recorder":  # fed by a thread that waits for no disk, so a slow one ends nothing
        assert 20 * LOOK_NS <= seconds * NS <= 15 * NS
        assert WAITS_FOR_DISK_NS >= 4 * LIMIT_90K / TICKS_PER_S * NS
    else:
        assert seconds >= ALIVE_EVERY_S * 3


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_the_pause_before_a_restart_grows_where_systemd_knows_how_and_stays_short_for_the_recorder(unit: Path) -> None:
    keys = service(unit)
    first_s, most_s = seconds_of(keys["RestartSec"][-1]), seconds_of(keys["RestartMaxDelaySec"][-1])
    assert first_s < most_s
    assert int(keys["RestartSteps"][-1]) > 1
    if unit.stem == "shilu-recorder":  # what it takes to see a hung encoder, this pause and a start: five seconds
        assert first_s <= 0.5
        assert most_s <= 2


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_no_picture_of_the_memory_reaches_a_disk(unit: Path) -> None:
    keys = service(unit)
    assert (keys["LimitCORE"], keys["MemorySwapMax"]) == (["0"], ["0"])


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_only_its_own_state_can_be_written(unit: Path) -> None:
    keys = service(unit)
    assert (keys["ProtectSystem"], keys["ProtectHome"]) == (["strict"], ["yes"])
    assert "ReadWritePaths" not in keys
    assert len(keys.get("StateDirectory", [])) == (unit.stem != "shilu-live")


def test_the_recorder_comes_first_and_the_rest_behind_it() -> None:
    keys = {unit.stem: service(unit) for unit in ROOM_UNITS}
    recorder = keys.pop("shilu-recorder")
    for other in keys.values():
        for weight in ("CPUWeight", "IOWeight"):
            assert int(recorder[weight][-1]) >= 10 * int(other[weight][-1])
        assert int(recorder["Nice"][-1]) < 0 < int(other["Nice"][-1])
        assert int(recorder["OOMScoreAdjust"][-1]) < 0 < int(other["OOMScoreAdjust"][-1])
        assert megabytes(other["MemoryHigh"][-1]) < megabytes(other["MemoryMax"][-1]) <= 1024
    assert "MemoryHigh" not in recorder  # it would slow the recorder down, which is worse than starting it anew
    assert 0 < megabytes(recorder["MemoryLow"][-1]) < megabytes(recorder["MemoryMax"][-1])


def test_devices_are_the_recorders_alone_and_no_others_than_it_needs() -> None:
    keys = {unit.stem: service(unit) for unit in UNITS}
    assert all(one["DevicePolicy"] == ["closed"] for one in keys.values())
    allowed = {name: one.get("DeviceAllow", []) for name, one in keys.items()}
    assert allowed.pop("shilu-recorder") == ["char-video4linux rw", "char-alsa rw", "char-drm rw"]
    assert set(map(tuple, allowed.values())) == {()}
    assert all(one["PrivateDevices"] == ["yes"] for name, one in keys.items() if name != "shilu-recorder")


def test_the_groups_of_the_devices_are_made_where_they_are_missing() -> None:
    made = re.findall(r"^g (\S+)", (ROOT / "systemd" / "sysusers.d" / "shilu-room.conf").read_text(), re.M)
    groups = service(ROOT / "systemd" / "shilu-recorder.service")["SupplementaryGroups"][-1].split()
    assert set(groups) <= set(made)


def test_the_recorder_may_read_the_clock_and_nobody_may_set_it() -> None:
    """A call that a filter refuses is an error and not the process's end."""
    for unit in UNITS:
        calls = allowed_calls(unit)
        assert not {"clock_settime", "settimeofday", "mount", "reboot", "ptrace", "init_module", "chroot"} & calls
        assert service(unit)["SystemCallErrorNumber"] == ["EPERM"]
        assert service(unit)["CapabilityBoundingSet"] == [""]
        if unit.stem == "shilu-recorder":
            assert {"adjtimex", "clock_adjtime"} <= calls
        else:
            assert service(unit)["ProtectClock"] == ["yes"]


def test_a_second_disk_is_let_in_by_a_file_beside_the_unit() -> None:
    """And a disk that is not there keeps nothing from recording."""
    example = service(ROOT / "systemd" / "examples" / "second-copy.conf")
    assert [path[0] for path in example["ReadWritePaths"]] == ["-"]


def service(unit: Path) -> dict[str, list[str]]:
    """The keys of its section [Service], each with all its values in order."""
    section = unit.read_text(encoding="utf-8").partition("[Service]")[2].partition("\n[")[0]
    keys: dict[str, list[str]] = {}
    for key, value in re.findall(r"^([A-Za-z]+)=(.*)$", section, re.M):
        keys.setdefault(key, []).append(value)
    return keys


def seconds_of(span: str) -> float:
    return int(span.removesuffix("ms")) / 1000 if span.endswith("ms") else float(span)


def megabytes(size: str) -> int:
    return int(size[:-1]) * {"M": 1, "G": 1024}[size[-1]]


def allowed_calls(unit: Path) -> set[str]:
    """What its filter lets through: a first list that allows, then each line taken off or put on in order."""
    calls = set(calls_of("@default"))
    for line in service(unit)["SystemCallFilter"]:
        named = {call for word in line.removeprefix("~").split() for call in calls_of(word)}
        calls = calls - named if line.startswith("~") else calls | named
    return calls


@cache
def calls_of(word: str) -> frozenset[str]:
    """A call, or a group as this systemd knows it."""
    if not word.startswith("@"):
        return frozenset({word})
    command = ["systemd-analyze", "--no-pager", "syscall-filter", word]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()[1:]
    words = [line.strip() for line in lines if line.strip() and not line.strip().startswith("#")]
    return frozenset(call for one in words for call in calls_of(one))


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
