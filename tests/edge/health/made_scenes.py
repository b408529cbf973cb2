"""Made rooms and made faults for the detectors: small grey pictures as the tap gives them, sound as captured.

A room has walls, furniture, a window, a camera's noise and, where wanted, a burnt-in clock; people come, sit, talk
and go; daylight drifts and lamps are switched. Nothing here is recorded from anybody.
"""

from __future__ import annotations

import subprocess
import wave
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

Luma = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Samples = npt.NDArray[np.int16]

WIDTH, HEIGHT = 160, 90
LOOK_NS = 240_000_000
BLOCK = 960
TEXT = "Good morning, please sit down. I have come about the road in front of our house, it floods every summer."


@dataclass
class MadeRoom:
    """`look(seconds)` is the picture at that time. `noise`: of the small picture, a webcam's is about 0.3."""

    seed: int
    noise: float = 0.3
    clock: bool = False
    plain: bool = False  # bare walls and a table
    people: int = 2
    lamp_every_s: float = 900.0
    base: Floats = field(init=False)

    def __post_init__(self) -> None:
        self._random = np.random.default_rng(self.seed)
        self.base = self._furnish()
        self._bank = self._random.normal(0, self.noise, (32, HEIGHT, WIDTH)).astype(np.float32)

    def _furnish(self) -> Floats:
        down, across = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
        room = 120 + 25 * across / WIDTH - 12 * down / HEIGHT
        room[64:] -= 35
        pieces = 4 if self.plain else 14
        for _ in range(pieces):
            left, top = self._random.integers(0, WIDTH - 20), self._random.integers(10, HEIGHT - 15)
            wide, high = self._random.integers(8, 45), self._random.integers(6, 30)
            room[top : top + high, left : left + wide] += self._random.integers(-60, 60)
        room[8:40, 110:140] = 205
        room[8:40, 124:126] = 90
        soft = Image.fromarray(np.clip(room, 16, 235).astype(np.uint8)).filter(ImageFilter.GaussianBlur(0.6))
        return np.asarray(soft, dtype=np.float32)

    def light(self, seconds: float) -> float:
        daylight = 0.85 + 0.2 * np.sin(2 * np.pi * seconds / 3600 + self.seed)
        lamp = 1.0 if int(seconds / self.lamp_every_s) % 2 == 0 else 0.6
        return float(daylight * lamp)

    def scene(self, seconds: float) -> Floats:
        picture = self.base.copy()
        for person in range(self.people):
            self._draw_person(picture, person, seconds)
        return 16 + (picture - 16) * self.light(seconds)

    def look(self, seconds: float) -> Luma:
        return self.shown(self.scene(seconds), seconds)

    def shown(self, scene: Floats, seconds: float) -> Luma:
        """`scene` as this camera gives it: its noise, its clock."""
        noise = np.roll(self._bank[self._random.integers(32)], tuple(self._random.integers(0, 90, 2)), (0, 1))
        picture = np.clip(np.rint(scene + noise), 16, 235).astype(np.uint8)
        if self.clock:
            digits = np.random.default_rng(int(seconds)).integers(0, 2, (4, 3)) * 150 + 40
            picture[3:7, 40:43] = digits
            picture[3:7, 4:39] = (np.arange(35) % 3 == 0) * 150 + 40
        return picture

    def _draw_person(self, picture: Floats, person: int, seconds: float) -> None:
        """There for some minutes, then away; sways a little while there."""
        stay = 420 + 130 * person
        if int(seconds / stay) % 2 == (person + self.seed) % 2:
            return
        into = seconds % stay
        walk = min(1.0, into / 6, (stay - into) / 6)
        left = int(-20 + walk * (40 + 55 * person) + 2 * np.sin(seconds * 1.7 + person))
        top = int(34 - 3 * np.sin(seconds * 0.9 + person))
        head = slice(max(0, top), top + 12), slice(max(0, left + 6), max(0, left + 15))
        trunk = slice(top + 12, HEIGHT), slice(max(0, left), max(0, left + 22))
        picture[head] = 150
        picture[trunk] = 60 + 40 * person


def black(room: MadeRoom, seconds: float) -> Luma:
    return room.shown(np.full((HEIGHT, WIDTH), 16.5, np.float32), seconds)


def hand(room: MadeRoom, seconds: float) -> Luma:
    """Flesh before the lens: dark, reddish, without edges; light comes in at one side."""
    across = np.linspace(0, 1, WIDTH, dtype=np.float32)[None, :] ** 2
    trembling = 2 * np.sin(seconds * 5)
    return room.shown(np.repeat(38 + 30 * across + np.float32(trembling), HEIGHT, 0), seconds)


def cloth(room: MadeRoom, seconds: float) -> Luma:
    """The scene through cloth: what was there, blurred to nothing and dimmer."""
    scene = np.clip(room.scene(seconds), 16, 235).astype(np.uint8)
    soft = np.asarray(Image.fromarray(scene).filter(ImageFilter.GaussianBlur(14)), dtype=np.float32)
    return room.shown(16 + (soft - 16) * np.float32(0.5), seconds)


def glare(room: MadeRoom, seconds: float) -> Luma:
    return room.shown(room.scene(seconds) * np.float32(3) + 30, seconds)


def dark(room: MadeRoom, seconds: float) -> Luma:
    """Lamps out in the evening: the screen of a PC is left."""
    scene = 16 + (room.scene(seconds) - 16) * np.float32(0.05)
    scene[40:48, 20:34] = 120
    return room.shown(scene, seconds)


PICTURE_FAULTS = {
    "picture-black": black,
    "picture-too-bright": glare,
    "picture-too-dark": dark,
}


def speech(directory: Path) -> Samples:
    """espeak-ng's voice at 48 kHz."""
    file = directory / "speech.wav"
    subprocess.run(["espeak-ng", "-w", str(file), TEXT], check=True, capture_output=True)
    with wave.open(str(file)) as read:
        rate, samples = read.getframerate(), np.frombuffer(read.readframes(read.getnframes()), np.int16)
    places = np.arange(0, len(samples) - 1, rate / 48_000)
    return np.interp(places, np.arange(len(samples)), samples).astype(np.int16)


@dataclass
class MadeSound:
    """A room's tone at `tone_dbfs` with mains hum; `voice` at `gain` from time to time."""

    voice: Samples
    seed: int
    tone_dbfs: float = -62.0

    def __post_init__(self) -> None:
        random = np.random.default_rng(self.seed)
        count = 48_000 * 7
        hum = np.sin(2 * np.pi * 50 * np.arange(count) / 48_000) * 0.5
        self._tone = ((random.normal(0, 1, count) + hum) * 32768 * 10 ** (self.tone_dbfs / 20)).astype(np.float32)
        self._random = random

    def block(self, number: int) -> Samples:
        """Block `number` of 20 ms, one channel. A sentence every forty seconds, but for some quiet minutes."""
        start = int(self._random.integers(0, len(self._tone) - BLOCK))
        sound = self._tone[start : start + BLOCK].copy()
        seconds = number / 50
        place = int(seconds % 40 * 48_000)
        if int(seconds / 300) % 3 != 2 and place + BLOCK < len(self.voice):
            gain = 0.25 + 0.75 * (int(seconds / 40) % 4) / 4
            sound += self.voice[place : place + BLOCK] * np.float32(gain)
        return np.clip(np.rint(sound), -32768, 32767).astype(np.int16).reshape(-1, 1)
