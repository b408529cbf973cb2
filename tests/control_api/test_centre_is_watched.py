"""The centre under a service manager: it says that it is ready, that it lives, that it stops."""

from __future__ import annotations

import asyncio
import shutil
import socket
from pathlib import Path

import pytest

from control_api.service_manager import ALIVE, READY, STOPPING, tell_alive
from tests.control_api.running_centre import RunningCentre


def listening(address: Path) -> socket.socket:
    manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    manager.bind(str(address))
    manager.settimeout(20)
    return manager


def test_the_centre_says_that_it_is_ready_lives_and_stops(
    tmp_path: Path, peopled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(peopled, tmp_path, dirs_exist_ok=True)
    with listening(tmp_path / "notify") as manager:
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        centre = RunningCentre(tmp_path)
        centre.start()
        words = [manager.recv(100).decode() for _ in range(2)]
        centre.stop()
        while (word := manager.recv(100).decode()) == ALIVE:
            pass
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
