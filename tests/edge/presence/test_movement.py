"""People are seen, light is not: made scenes at four looks a second."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest

from edge.presence.movement import MovementDetector
from tests.edge.presence.made_scene import LOOK_NS, Figure, Luma, Scene, looks

SHARE = 0.004
VISIT = Figure(20, 90)
Alter = Callable[[float, Luma], Luma]


def seen(pictures: list[tuple[int, Luma]]) -> npt.NDArray[np.float64]:
    """When movement was seen, in seconds."""
    detector = MovementDetector()
    times = [at / 1e9 for at, picture in pictures if detector.look(at, picture, SHARE) is not None]
    return np.array(times)


def altered(scene: Scene, seconds: float, alter: Alter) -> list[tuple[int, Luma]]:
    return [(at, alter(at / 1e9, picture)) for at, picture in looks(scene, seconds)]


@pytest.mark.parametrize(
    "scene",
    [Scene(), Scene(noise=4), Scene(noise=3, light=lambda _t: 0.3)],
    ids=["lit", "noisy", "dim"],
)
def test_a_visit_is_seen_from_its_first_second_to_its_last(scene: Scene) -> None:
    times = seen(looks(scene, 120, (VISIT,)))
    assert 20 <= times[0] <= 21.5
    assert 94 <= times[-1] <= 96
    assert np.diff(times).max() < 10  # who sits still is never taken for gone


def test_a_copied_camera_that_shows_a_key_picture_every_two_seconds_is_enough() -> None:
    times = seen(looks(Scene(), 120, (VISIT,), every_ns=2_000_000_000))
    assert 20 <= times[0] <= 25
    assert np.diff(times).max() < 20


def test_it_says_when_the_movement_began() -> None:
    detector = MovementDetector()
    said = [(at, detector.look(at, picture, SHARE)) for at, picture in looks(Scene(), 30, (VISIT,))]
    at, began = next((at, began) for at, began in said if began is not None)
    assert 20_000_000_000 <= began < at


@pytest.mark.parametrize(
    "scene",
    [
        Scene(),
        Scene(noise=4),
        Scene(noise=12, light=lambda _t: 0.1),
        Scene(light=lambda t: 1.0 if int(t / 20) % 2 else 0.15),
        Scene(light=lambda t: 0.3 + 0.7 * min(1.0, (t % 40) / 3)),
        Scene(light=lambda t: 0.3 + 0.7 * float(np.sin(t / 60)) ** 2),
        Scene(light=lambda t: 1 + 0.05 * float(np.sin(2 * np.pi * 1.7 * t))),
    ],
    ids=["still", "noise", "noise in the dark", "lamps", "exposure settles", "daylight", "flicker"],
)
def test_an_empty_room_stays_empty(scene: Scene) -> None:
    assert seen(looks(scene, 100)).size == 0


def test_a_desk_lamp_is_nobody() -> None:
    down, across = np.mgrid[:90, :160]
    glow = 1 + 0.8 * np.exp(-((across - 100) ** 2 + (down - 50) ** 2) / 900)

    def lamp(t: float, picture: Luma) -> Luma:
        return np.clip(picture * (glow if int(t / 15) % 2 else 1), 16, 235).astype(np.uint8)

    assert seen(altered(Scene(), 120, lamp)).size == 0


def test_bands_of_a_flickering_lamp_are_nobody() -> None:
    def bands(t: float, picture: Luma) -> Luma:
        rows = 1 + 0.08 * np.sin(2 * np.pi * (np.arange(90) / 30 + t * 1.3))
        return np.clip(picture * rows[:, None], 16, 235).astype(np.uint8)

    assert seen(altered(Scene(), 120, bands)).size == 0


def test_a_fan_or_a_screen_is_learned_and_a_person_beside_it_still_seen() -> None:
    random = np.random.default_rng(3)

    def screen(_t: float, picture: Luma) -> Luma:
        changed = picture.copy()
        changed[20:40, 110:140] = random.integers(40, 220)
        return changed

    assert seen(altered(Scene(), 200, screen))[-1] < 75
    late = Figure(150, 190)
    pictures = [(at, screen(0, picture)) for at, picture in looks(Scene(), 200, (late,))]
    assert any(150 <= at <= 152 for at in seen(pictures))


def test_a_pause_of_the_camera_is_no_movement() -> None:
    pictures = looks(Scene(seed=1), 5)
    later = [(at + 60_000_000_000, picture) for at, picture in looks(Scene(seed=2, light=lambda _t: 0.8), 5)]
    assert seen([*pictures, *later]).size == 0
    assert LOOK_NS * 4 < 1_000_000_000
