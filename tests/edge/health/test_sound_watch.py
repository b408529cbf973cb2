"""A microphone that is dead, clipped or stuck is found within ten seconds; a quiet room is not."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from config.health import HealthSettings
from edge.capture.stamp import StampSound
from edge.health.sound import SoundWatch
from tests.edge.health.made_scenes import BLOCK, MadeSound, Samples, speech

SETTINGS = HealthSettings()
BLOCK_NS = 20_000_000


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> MadeSound:
    return MadeSound(speech(tmp_path_factory.mktemp("speech")), 1)


def run(watch: SoundWatch, block: Callable[[int], Samples], begin_s: int, end_s: int) -> list[tuple[float, str]]:
    found: list[tuple[float, str]] = []
    known: set[str] = set()
    for number in range(begin_s * 50, end_s * 50):
        watch.hear(block(number), number * BLOCK_NS, SETTINGS)
        codes = {code for code, _ in watch.faults()}
        found += [(number / 50, code) for code in codes - known]
        known = codes
    return found


def _faults(room: MadeSound) -> dict[str, tuple[str, Callable[[int], Samples]]]:
    noise = np.random.default_rng(3)
    buffer = np.concatenate([room.block(number) for number in range(4)])  # 80 ms that a driver gives again and again
    hiss = MadeSound(room.voice, 2, tone_dbfs=-85).block
    quiet = noise.normal(0, 2, BLOCK * 50).astype(np.int16).reshape(-1, 1)
    return {
        "nothing at all": ("sound-silent", lambda _: np.zeros((BLOCK, 1), np.int16)),
        "far below its tone": ("sound-silent", lambda n: quiet[(n % 50) * BLOCK : (n % 50 + 1) * BLOCK]),
        "unplugged, hissing": ("sound-silent", lambda n: hiss(15_000 + n % 500)),
        "one value": ("sound-stuck", lambda _: np.full((BLOCK, 1), -1234, np.int16)),
        "one block": ("sound-stuck", lambda n: buffer[(n % 4) * BLOCK : (n % 4 + 1) * BLOCK]),
        "far too loud": (
            "sound-clipped",
            lambda n: np.clip(room.block(n).astype(np.int32) * 4000, -32768, 32767).astype(np.int16),
        ),
    }


@pytest.mark.parametrize(
    "name", ["nothing at all", "far below its tone", "unplugged, hissing", "one value", "one block", "far too loud"]
)
def test_a_bad_microphone_is_found_and_clears(room: MadeSound, name: str) -> None:
    code, block = _faults(room)[name]
    watch = SoundWatch()
    assert run(watch, room.block, 0, 10) == []
    ((at_s, found),) = run(watch, block, 10, 40)
    assert (found, at_s - 10 < 7) == (code, True), at_s
    run(watch, room.block, 40, 45)
    assert watch.faults() == []


def test_one_dead_channel_of_two_is_found(room: MadeSound) -> None:
    def two(number: int) -> Samples:
        return np.concatenate([room.block(number), np.zeros((BLOCK, 1), np.int16)], axis=1)

    assert [code for _, code in run(SoundWatch(), two, 0, 10)] == ["sound-silent"]


def test_the_synthetic_sound_and_a_tone_are_healthy() -> None:
    made = StampSound()
    assert run(SoundWatch(), lambda n: made.samples(n * BLOCK, BLOCK), 0, 30) == []
    tone = np.rint(9000 * np.sin(2 * np.pi * 1000 * np.arange(BLOCK) / 48_000)).astype(np.int16).reshape(-1, 1)
    assert run(SoundWatch(), lambda _: tone, 0, 10) == []


def test_a_short_pause_of_the_driver_or_a_shout_says_nothing(room: MadeSound) -> None:
    shout = np.full((BLOCK, 1), 32767, np.int16)
    shout[::7] = -32768
    zeros = np.zeros((BLOCK, 1), np.int16)

    def sometimes(number: int) -> Samples:
        if number % 500 < 40:
            return shout
        return zeros if number % 500 < 140 else room.block(number)

    assert run(SoundWatch(), sometimes, 0, 60) == []


def test_blocks_of_any_size_and_another_channel_count_are_taken(room: MadeSound) -> None:
    watch = SoundWatch()
    for number in range(400):
        block = room.block(number)[: 17 + number]
        watch.hear(np.repeat(block, 1 + number // 200, 1), number * BLOCK_NS, SETTINGS)
    assert watch.faults() == []
