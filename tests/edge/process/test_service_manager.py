"""Each process of a room under a service manager: it says when it is ready, that it lives, that it stops."""

from __future__ import annotations

import ctypes
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from edge.process.service_manager import ALIVE, READY, STOPPING, tell

PROCESSES = {
    "recorder": 'data_directory = "{0}/data"\nrun_directory = "{0}/run"\n',
    "live": 'run_directory = "{0}/run"\n',
    "agent": 'data_directory = "{0}/data"\nrun_directory = "{0}/run"\n'
    'centre_url = "http://127.0.0.1:9"\nconsole_port = 0\n',
}


def listening(address: str) -> socket.socket:
    manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    manager.bind(address)
    manager.settimeout(20)
    return manager


@pytest.mark.parametrize("name", PROCESSES)
def test_a_process_says_that_it_is_ready_lives_and_stops(name: str, tmp_path: Path) -> None:
    settings = tmp_path / f"{name}.toml"
    settings.write_text(PROCESSES[name].format(tmp_path), encoding="utf-8")
    with listening(str(tmp_path / "notify")) as manager:
        process = subprocess.Popen(
            [Path(sys.executable).with_name(f"shilu-{name}"), "--settings", settings],
            env={"NOTIFY_SOCKET": str(tmp_path / "notify")},
        )
        try:
            words = {manager.recv(100).decode() for _ in range(2)}
            limits = Path(f"/proc/{process.pid}/limits").read_text()
            status = Path(f"/proc/{process.pid}/status").read_text()
            process.send_signal(signal.SIGTERM)
            while (word := manager.recv(100).decode()) == ALIVE:
                pass
            assert process.wait(10) == 0
        finally:
            process.kill()
            process.wait(10)
    assert words == {READY, ALIVE}
    assert word == STOPPING
    assert next(line for line in limits.splitlines() if "core file" in line).split()[4:6] == ["0", "0"]
    assert "Umask:\t0077" in status


def test_a_closed_off_process_can_not_be_looked_into() -> None:
    asked = "import ctypes, edge.process.closing_off as c; c.close_off(); print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))"
    assert ctypes.CDLL(None).prctl(3, 0, 0, 0, 0) == 1
    assert subprocess.run([sys.executable, "-c", asked], capture_output=True, check=True, text=True).stdout == "0\n"


def test_an_abstract_address_is_understood(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with listening(f"\0{tmp_path}") as manager:
        monkeypatch.setenv("NOTIFY_SOCKET", f"@{tmp_path}")
        tell(ALIVE)
        assert manager.recv(100) == b"WATCHDOG=1"


@pytest.mark.parametrize("address", ["", "/nowhere/notify"])
def test_without_a_service_manager_nothing_happens(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", address)
    tell(READY)
