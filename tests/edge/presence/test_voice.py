"""Mandarin by espeak-ng is heard as voice; what rooms sound like without people is not."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from edge.presence.voice import VoiceDetector
from tests.edge.presence.made_scene import at_level, coloured_noise, speak

Sound = npt.NDArray[np.float64]
SAID = "您好，请坐。您今天来反映什么问题？我家的宅基地去年被征收了，补偿款一直没有发下来。"
LEVEL_DBFS = -60.0


def heard(sound: Sound, channels: int = 1, block: int = 480) -> list[tuple[float, float]]:
    """(told at, began at) in seconds for every block with a voice."""
    samples = (np.clip(sound, -1, 1) * 32767).astype(np.int16)[:, None].repeat(channels, axis=1)
    detector = VoiceDetector()
    told: list[tuple[float, float]] = []
    for start in range(0, samples.shape[0] - block + 1, block):
        at_ns = start * 1_000_000_000 // 48_000
        began = detector.hear(at_ns, samples[start : start + block], LEVEL_DBFS)
        if began is not None:
            told.append((at_ns / 1e9, began / 1e9))
    return told


def clicks(seconds: float) -> Sound:
    """Keys of a keyboard."""
    random = np.random.default_rng(5)
    sound = coloured_noise(seconds, 0.5, -62)
    at = 0.2
    while at < seconds - 0.1:
        begin = int(at * 48_000)
        sound[begin : begin + 1500] += random.standard_normal(1500) * np.exp(-np.arange(1500) / 200) * 0.3
        at += random.uniform(0.08, 0.35)
    return sound


def tone(hertz: float, level_dbfs: float, on: float = 1.0) -> Sound:
    t = np.arange(8 * 48_000) / 48_000
    return at_level(np.sin(2 * np.pi * hertz * t) * (t % 1 < on), level_dbfs)


SPEECH = speak(SAID)


@pytest.mark.parametrize("level", [-25.0, -45.0])
@pytest.mark.parametrize("noise", [-75.0, -45.0])
def test_speech_is_heard_within_a_second(level: float, noise: float) -> None:
    if level <= noise:
        level = noise + 8
    silence = 2.0
    sound = coloured_noise(silence + SPEECH.shape[0] / 48_000 + 0.1, 0.5, noise)
    begin = int(silence * 48_000)
    sound[begin : begin + SPEECH.shape[0]] += at_level(SPEECH, level)
    told = heard(sound)
    assert silence < told[0][0] < silence + 1.0
    assert abs(told[0][1] - silence) < 1.2
    assert len(told) > 300


def test_another_voice_on_two_channels_in_blocks_of_any_length() -> None:
    sound = speak("请把您的身份证给我看一下，我们会在十五天以内给您书面答复。", "cmn+f3", -35)
    assert heard(sound, channels=2, block=1024)
    assert heard(sound, channels=1, block=37)


@pytest.mark.parametrize(
    "sound",
    [
        coloured_noise(8, 0, -50),
        coloured_noise(8, 0.5, -30),
        coloured_noise(8, 1, -35),
        tone(1000, -30),
        tone(50, -40),
        tone(880, -20, on=0.1),
        clicks(10),
    ],
    ids=["hiss", "room", "fan", "tone", "hum", "beeps", "keys"],
)
def test_a_room_without_people_is_silent(sound: Sound) -> None:
    assert heard(sound) == []


def test_what_is_quieter_than_the_level_is_not_looked_at() -> None:
    assert heard(at_level(SPEECH, -75)) == []
