"""A real centre on a free port with a local archive, people of every role, a room and its PC."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from control_api.center import Center
from tests.control_api.room_pc import RoomPc
from tests.control_api.running_centre import Person, RunningCentre


@pytest.fixture(scope="session")
def peopled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A centre's directory with one person of every role: hashing passwords takes its time, so it is done once."""
    directory = tmp_path_factory.mktemp("peopled")
    RunningCentre(directory).center.close()
    return directory


@pytest.fixture
def centre(tmp_path: Path, peopled: Path) -> Iterator[RunningCentre]:
    shutil.copytree(peopled, tmp_path, dirs_exist_ok=True)
    running = RunningCentre(tmp_path)
    running.start()
    yield running
    running.stop()


@pytest.fixture
def center(centre: RunningCentre) -> Center:
    return centre.center


@pytest.fixture
def sign_in(centre: RunningCentre) -> Callable[[str], Person]:
    """Sign in as somebody of a role."""
    return centre.person


@pytest.fixture
def room_id(centre: RunningCentre) -> str:
    return centre.make_room("1号接谈室")


@pytest.fixture
def pc(centre: RunningCentre, room_id: str) -> RoomPc:
    """An enrolled and confirmed room PC."""
    return centre.enrolled_pc(room_id)
