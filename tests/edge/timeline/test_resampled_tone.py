"""What a correction does to a tone: nothing that an ear could tell."""

from __future__ import annotations

import numpy as np
import pytest

from edge.timeline.drift import MOST, MOST_CHANGE_PER_S
from edge.timeline.resample import FractionalResampler

RATE, BLOCK = 48_000, 960
LOUD = 20_000


def swept_tone(hz: float, seconds: int) -> np.ndarray:
    """A tone through corrections that go up to the bound and down to it again, as fast as they may."""
    resampler, pieces, change = FractionalResampler(1), [], MOST_CHANGE_PER_S * BLOCK / RATE
    correction, way = 0.0, 1.0
    for number in range(seconds * RATE // BLOCK):
        places = (number * BLOCK + np.arange(BLOCK)) / RATE
        samples = np.rint(LOUD * np.sin(2 * np.pi * hz * places)).astype(np.int16).reshape(-1, 1)
        if abs(correction + way * change) > MOST:
            way = -way
        correction += way * change
        pieces.append(resampler.push(samples, correction))
    return np.concatenate(pieces)[:, 0].astype(float)


def analytic(sound: np.ndarray) -> np.ndarray:
    """The tone as a turning pointer."""
    spectrum = np.fft.fft(sound)
    spectrum[len(sound) // 2 :] = 0
    spectrum[1 : len(sound) // 2] *= 2
    return np.fft.ifft(spectrum)


@pytest.mark.parametrize("hz", [220, 1000, 4000])
def test_a_tone_stays_pure_and_keeps_its_pitch(hz: int) -> None:
    sound = swept_tone(hz, 22)
    pointer = analytic(sound)[RATE:-RATE]
    pitch = np.diff(np.unwrap(np.angle(pointer))) * RATE / (2 * np.pi)
    smooth = np.convolve(pitch, np.ones(4800) / 4800, "valid")
    cents = 1200 * np.log2(smooth / hz)
    assert np.abs(cents).max() < 0.9  # 500 ppm are 0.87 cents; a trained ear hears five
    level = np.abs(pointer)
    assert level.max() / level.min() < 10 ** (0.1 / 20)  # not a tenth of a decibel up or down: no click, no hole


@pytest.mark.parametrize("hz", [220, 1000, 4000])
def test_distortion_and_noise_are_far_below_hearing(hz: int) -> None:
    sound = swept_tone(hz, 22)
    pointer = analytic(sound)[RATE:-RATE]
    phase = np.unwrap(np.angle(pointer))
    places = np.arange(len(phase)) / RATE
    worst_db = -200.0
    for start in range(0, len(phase) - RATE, RATE):  # a second each, in which the pitch moves in a straight line
        part = slice(start, start + RATE)
        curve = np.polynomial.Polynomial.fit(places[part], phase[part], 3)(places[part])
        tone = np.abs(pointer[part]).mean() * np.cos(curve)
        rest = sound[RATE:-RATE][part] - tone
        worst_db = max(worst_db, 10 * np.log10(np.mean(rest**2) / np.mean(tone**2)))
    assert worst_db < -60
