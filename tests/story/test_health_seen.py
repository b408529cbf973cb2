"""A covered camera and an unplugged microphone in a whole house: seen in the room and at the centre in ten seconds.

A house of its own: its camera is a film that a hand covers after a while, its microphone a sound server that is killed.
"""

from __future__ import annotations

import time
import wave
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from config.room import FileSource, MicrophoneSource
from demo.viewer import Viewer
from storage.manifest import NoteKind, NoteManifest
from tests.servers.covered_film import make_covered_film
from tests.servers.room_microphone import RoomMicrophone, start_room_microphone
from tests.story.standing_house import Desk, StandingHouse

SEEN_S, COVERED_S = 40, 60
WITHIN_S = 10.0

pytestmark = [pytest.mark.long, pytest.mark.timeout(240)]


@pytest.fixture
def microphone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RoomMicrophone]:
    """Hears a room's tone; every process that is started here finds it."""
    server = start_room_microphone(tmp_path)
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    player = server.play(_tone(tmp_path / "tone.wav"))
    yield server
    player.kill()
    player.wait()
    server.stop()


def _tone(path: Path) -> Path:
    samples = np.random.default_rng(1).normal(0, 80, 48_000 * 180).astype(np.int16)
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(48_000)
        out.writeframes(samples.tobytes())
    return path


@pytest.fixture
def house(tmp_path: Path, microphone: RoomMicrophone) -> Iterator[StandingHouse]:
    film = FileSource(path=str(make_covered_film(tmp_path / "film.mov", SEEN_S, COVERED_S)))
    standing = StandingHouse(tmp_path / "house")
    try:
        sound = MicrophoneSource(device=microphone.device)
        standing.house.start(film.model_dump(), sound.model_dump())
        yield standing
    finally:
        standing.stop()


def test_a_covered_camera_and_an_unplugged_microphone_are_seen_in_the_room_and_at_the_centre(
    house: StandingHouse, microphone: RoomMicrophone
) -> None:
    administrator = house.house.accounts["supervisor"]
    with house.at_the_desk() as desk, Viewer(house.house.centre_url) as viewer:
        viewer.sign_in(administrator.name, administrator.password)
        covered_wall_s = _camera_began_s(desk) + SEEN_S
        assert time.time() < covered_wall_s - 3, "the house stands before the hand comes"
        desk.open_session("")
        house.wait(covered_wall_s - time.time())
        assert _room_says(desk, "picture-covered") is False
        covered = _seen_after(house, desk, viewer, "picture-covered", "遮挡", covered_wall_s)
        assert house.wait(5, lambda: (desk.status()["fault"] or {}).get("code") == "picture-covered")
        unplugged_s = time.time()
        microphone.child.process.kill()
        lost = _seen_after(house, desk, viewer, "microphone", "麦克风", unplugged_s)
        print(f"covered camera: room {covered[0]:.1f} s, centre {covered[1]:.1f} s")
        print(f"unplugged microphone: room {lost[0]:.1f} s, centre {lost[1]:.1f} s")
        assert max(*covered, *lost) <= WITHIN_S
    notes = [one for one in house.chain() if isinstance(one, NoteManifest) and one.note is NoteKind.HEALTH]
    words = [str(note.detail) for note in notes]
    assert "raised picture-covered camera" in words
    assert any(word.startswith("raised microphone-") and word.endswith(" microphone") for word in words)


def _camera_began_s(desk: Desk) -> float:
    (camera,) = [one for one in desk.status()["sources"] if one["kind"] == "video"]
    return float(camera["since_wall_ns"]) / 1e9


def _room_says(desk: Desk, code: str) -> bool:
    return any(problem["code"].startswith(code) for problem in desk.status()["problems"])


def _seen_after(
    house: StandingHouse, desk: Desk, viewer: Viewer, code: str, word: str, since_wall_s: float
) -> tuple[float, float]:
    """Seconds until the room's page and the centre's page of rooms say it."""
    room_s = _until(house, lambda: _room_says(desk, code)) - since_wall_s
    centre_s = _until(house, lambda: word in viewer._get("/rooms").text) - since_wall_s
    return room_s, centre_s


def _until(house: StandingHouse, seen: Callable[[], bool]) -> float:
    assert house.wait(30, seen)
    return time.time()
