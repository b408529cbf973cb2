"""The real servers that tests talk to, started once per suite and stopped at its end.

A test whose server needs a Debian package that is not there fails with the package's name: nothing is skipped unseen.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from demo.seaweed import Seaweed
from tests.servers.room_microphone import RoomMicrophone, start_room_microphone
from tests.servers.rtsp_camera import RtspCamera, start_rtsp_camera


@pytest.fixture(autouse=True)
def log_as_found() -> Iterator[None]:
    """A command tried in this process sets up a log on a captured stream that is closed after the test."""
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def seaweed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seaweed]:
    """A running SeaweedFS; `seaweed.access` holds endpoint and keys. Each test makes a bucket of its own."""
    server = Seaweed(tmp_path_factory.mktemp("seaweed"))
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def rtsp_camera(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RtspCamera]:
    """A camera of 640x360 at 25 pictures a second with G.711 sound and a password."""
    camera = start_rtsp_camera(tmp_path_factory.mktemp("rtsp"))
    yield camera
    camera.stop()


@pytest.fixture(scope="session")
def room_microphone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RoomMicrophone]:
    """A sound server with one microphone. Run what records from it in a process with its `environment`."""
    microphone = start_room_microphone(tmp_path_factory.mktemp("sound"))
    yield microphone
    microphone.stop()


@pytest.fixture(scope="session")
def chromium() -> str:
    """Debian's Chromium, for playwright's `executable_path`."""
    path = Path("/usr/bin/chromium")
    assert path.exists(), "needs Debian's package chromium: run script/setup"
    return str(path)
