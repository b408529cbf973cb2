"""How often ordinary footage raises an alarm: an hour of made rooms, faster than it would pass."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from config.health import HealthSettings
from edge.health.picture import PictureWatch
from edge.health.sound import SoundWatch
from tests.edge.health.made_scenes import LOOK_NS, MadeRoom, MadeSound, speech

SETTINGS = HealthSettings()
ROOMS = {
    "webcam": MadeRoom(11),
    "network camera with a clock, noise taken out": MadeRoom(12, noise=0.05, clock=True),
    "noisy, dim": MadeRoom(13, noise=0.8, lamp_every_s=400),
    "plain walls": MadeRoom(14, plain=True, people=1),
    "empty": MadeRoom(15, people=0),
}


def false_alarms(seconds: int, directory: Path, *, report: bool = False) -> dict[str, list[tuple[float, str]]]:
    alarms = {name: picture_alarms(room, seconds) for name, room in ROOMS.items()}
    voice = speech(directory)
    for tone_dbfs in (-70.0, -62.0, -50.0):
        alarms[f"sound, tone {tone_dbfs:g} dBFS"] = sound_alarms(MadeSound(voice, 5, tone_dbfs), seconds)
    if report:
        hours = seconds / 3600
        raised = {name: len(found) / hours for name, found in alarms.items()}
        print(json.dumps({"hours_each": hours, "alarms_per_hour": raised}))
    return alarms


def picture_alarms(room: MadeRoom, seconds: int) -> list[tuple[float, str]]:
    watch, known, found = PictureWatch(), set[str](), list[tuple[float, str]]()
    for number in range(seconds * 1_000_000_000 // LOOK_NS):
        watch.see(room.look(number * LOOK_NS / 1e9), number * LOOK_NS, SETTINGS)
        codes = {code for code, _ in watch.faults()}
        found += [(number * LOOK_NS / 1e9, code) for code in codes - known]
        known = codes
    return found


def sound_alarms(sound: MadeSound, seconds: int) -> list[tuple[float, str]]:
    watch, known, found = SoundWatch(), set[str](), list[tuple[float, str]]()
    for number in range(seconds * 50):
        watch.hear(sound.block(number), number * 20_000_000, SETTINGS)
        codes = {code for code, _ in watch.faults()}
        found += [(number / 50, code) for code in codes - known]
        known = codes
    return found


def test_five_ordinary_minutes_raise_nothing(tmp_path: Path) -> None:
    assert not any(false_alarms(300, tmp_path).values())


@pytest.mark.long
@pytest.mark.timeout(600)
def test_an_ordinary_hour_raises_nothing(tmp_path: Path) -> None:
    begun = time.monotonic()
    assert not any(false_alarms(3600, tmp_path, report=True).values())
    print(f"took {time.monotonic() - begun:.0f} s")
