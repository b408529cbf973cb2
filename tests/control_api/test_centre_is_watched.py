"""The centre under a service manager: it says that it is ready, that it lives, that it stops."""

from __future__ import annotations

import asyncio
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from control_api.service_manager import ALIVE, READY, STOPPING, tell_alive
from demo.processes import free_ports


def listening(address: Path) -> socket.socket:
    manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    manager.bind(str(address))
    manager.settimeout(20)
    return manager


def test_the_centre_says_that_it_is_ready_lives_and_stops(tmp_path: Path) -> None:
    settings, (port,) = tmp_path / "center.toml", free_ports(1)
    settings.write_text(
        f'data_directory = "{tmp_path}/data"\nport = {port}\npublic_url = "http://127.0.0.1:{port}"\n'
        f'[archive]\nkind = "local"\ndirectory = "{tmp_path}/archive"\n'
    )
    with listening(tmp_path / "notify") as manager:
        process = subprocess.Popen(
            [Path(sys.executable).with_name("shilu-center"), "serve", "--settings", settings],
            env={"NOTIFY_SOCKET": str(tmp_path / "notify")},
        )
        try:
            words = [manager.recv(100).decode() for _ in range(2)]
            process.send_signal(signal.SIGTERM)
            while (word := manager.recv(100).decode()) == ALIVE:
                pass
            process.wait(10)
        finally:
            process.kill()
            process.wait(10)
    assert (words, word) == ([READY, ALIVE], STOPPING)


def test_it_says_no_more_that_it_lives_when_what_runs_beside_the_requests_has_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scene() -> None:
        ended = asyncio.create_task(asyncio.sleep(0))
        await ended
        await asyncio.wait_for(tell_alive([ended]), 1)

    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    with listening(tmp_path / "notify") as manager:
        asyncio.run(scene())
        manager.setblocking(False)
        with pytest.raises(BlockingIOError):
            manager.recv(100)
