"""Simulated clocks: a microphone's crystal, a thread that is held up, a camera with a will of its own. No real time.

What a simulation gives are the errors against the truth, in milliseconds, block by block or picture by picture.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pytest

from edge.timeline import sound_line
from edge.timeline.arrival_clock import ArrivalClock
from edge.timeline.card_clock import CardClock
from edge.timeline.sound_line import RATE, SoundLine
from edge.timeline.video_clock import VideoClock, nanoseconds_of

BLOCK = 960
_NOTHING = np.lib.stride_tricks.as_strided(np.zeros(1, np.int16), (10**6, 1), (0, 0))  # any length, no memory
_BEFORE, _AFTER = 11, 12


class CountingResampler:
    """Places as `FractionalResampler` does, with no sound in it: hours pass in seconds."""

    def __init__(self, channels: int) -> None:
        assert channels == 1
        self._have, self._place = _BEFORE, float(_BEFORE)

    @property
    def waiting(self) -> float:
        return self._have - self._place

    def push(self, samples: np.ndarray, correction: float) -> np.ndarray:
        self._have += len(samples)
        return self._read(self._have - _AFTER, 1.0 + correction)

    def flush(self) -> np.ndarray:
        until, self._have = self._have, self._have + _AFTER
        return self._read(until, 1.0)

    def _read(self, until: int, step: float) -> np.ndarray:
        count = max(0, math.ceil((until - self._place) / step))
        self._place += count * step
        passed = int(self._place) - _BEFORE
        self._have -= passed
        self._place -= passed
        return _NOTHING[:count]


@dataclass(frozen=True)
class MicrophoneModel:
    """`ppm` of its crystal, swinging by `swing_ppm` in `swing_s`; starts `delay_s` late; unplugged each `lost_every_s`.

    Its blocks arrive `latency_ms` late and later: most by a little, some by a lot, rarely all for a while. `in_camera`:
    it comes over the network, with the camera's media times.
    """

    ppm: float = 0.0
    swing_ppm: float = 0.0
    swing_s: float = 1800.0
    delay_s: float = 0.0
    latency_ms: float = 1.0
    lateness_ms: float = 2.0
    late_share: float = 1 / 500
    stall_share: float = 1 / 20_000
    lost_every_s: float = 0.0
    lost_s: float = 7.0
    in_camera: bool = False


@dataclass(frozen=True)
class Heard:
    """`worst_ms` of the whole line, with the second at which it was; the largest correction and its largest change."""

    worst_ms: float
    worst_at_s: float
    most_ppm: float
    most_change_ppm_per_s: float
    filled_s: float
    drift_ppm: float


def hear(model: MicrophoneModel, hours: float, seed: int, monkeypatch: pytest.MonkeyPatch) -> Heard:
    """The line against the truth after each block."""
    monkeypatch.setattr(sound_line, "FractionalResampler", CountingResampler)
    line, worst_ms, worst_at_s, filled, corrections = SoundLine(0, 1), 0.0, 0.0, 0, [0.0]
    samples = _NOTHING[:BLOCK]
    for mono_ns, end_s, patience_ns in _blocks(model, hours, random.Random(seed)):
        if patience_ns is not None:
            filled += sum(len(piece.samples) for piece in line.fill(patience_ns))
            continue
        filled += sum(len(piece.samples) for piece in line.add(mono_ns, samples) if piece.filled)
        resampler = line._resampler
        if resampler is not None:
            waiting = resampler.waiting + line._held_samples
            error_ms = (line.position / RATE - (end_s - waiting / RATE)) * 1000
            if abs(error_ms) > worst_ms:
                worst_ms, worst_at_s = abs(error_ms), end_s
            corrections.append(line._correction)
    steps = np.abs(np.diff(corrections))
    return Heard(
        round(worst_ms, 2), round(worst_at_s, 1), round(max(map(abs, corrections)) * 1e6, 1),
        round(float(steps.max()) * RATE / BLOCK * 1e6, 1), round(filled / RATE, 2), line.drift_ppm,
    )  # fmt: skip


def _blocks(model: MicrophoneModel, hours: float, noise: random.Random) -> Iterator[tuple[int, float, int | None]]:
    """Time stamp and true end of each block; or a moment up to which nothing came, to be filled."""
    make_clock = _NetworkClock if model.in_camera else CardClock
    clock, now_s, arrived_s, held_until_s, next_loss_s = make_clock(), model.delay_s, 0.0, 0.0, math.inf
    if model.lost_every_s:
        next_loss_s = model.lost_every_s
    while now_s < hours * 3600:
        if now_s >= next_loss_s:
            now_s, next_loss_s, clock = now_s + model.lost_s, now_s + model.lost_every_s, make_clock()
            yield 0, now_s, round((now_s - 0.7) * 1e9)
        rate = 1 + (model.ppm + model.swing_ppm * math.sin(2 * math.pi * now_s / model.swing_s)) * 1e-6
        now_s += BLOCK / RATE / rate
        late_ms = model.latency_ms + noise.expovariate(1 / model.lateness_ms)
        chance = noise.random()
        if chance < model.late_share:
            late_ms += 80 * noise.random()
        elif chance < model.late_share + model.stall_share:
            held_until_s = now_s + 0.35
        arrived_s = max(arrived_s, now_s + late_ms / 1000, held_until_s)
        place = clock.place if isinstance(clock, _NetworkClock) else clock.mono_ns
        mono_ns = place(BLOCK, round(arrived_s * 1e9))
        if clock.settled(round(arrived_s * 1e9)):
            yield mono_ns, now_s, None


class _NetworkClock(ArrivalClock):
    """Told of blocks as a sound card's clock is."""

    def __init__(self) -> None:
        super().__init__()
        self._media_ns = 0

    def place(self, count: int, arrived_mono_ns: int) -> int:
        media_ns, self._media_ns = self._media_ns, self._media_ns + count * 1_000_000_000 // RATE
        return self.mono_ns(media_ns, arrived_mono_ns - count * 1_000_000_000 // RATE)


@dataclass(frozen=True)
class CameraModel:
    """Its times jitter; a share of its pictures is lost; for `dark_s` of every hour it has half its rate."""

    ppm: float = 0.0
    rate: float = 25.0
    delay_s: float = 0.0
    jitter_ms: float = 4.0
    lost_share: float = 0.02
    dark_s: float = 900.0


def taken_times(model: CameraModel, hours: float, noise: random.Random) -> Iterator[float]:
    """True seconds at which pictures that are not lost were taken."""
    now_s = model.delay_s
    while now_s < hours * 3600:
        if noise.random() >= model.lost_share:
            yield now_s
        now_s += (2 if now_s % 3600 > 3600 - model.dark_s else 1) / model.rate


def see_by_stamps(model: CameraModel, hours: float, seed: int) -> float:
    """Worst error of a camera whose driver stamps each picture, jitter and all."""
    noise, clock, worst_ms = random.Random(seed), VideoClock(0), 0.0
    for taken_s in taken_times(model, hours, noise):
        stamp_s = taken_s + noise.uniform(-model.jitter_ms, model.jitter_ms) / 1000
        worst_ms = max(worst_ms, abs(_shown_s(clock, round(stamp_s * 1e9)) - max(taken_s, 0)) * 1000)
    return round(worst_ms, 2)


def see_by_arrival(model: CameraModel, hours: float, seed: int) -> float:
    """Worst error of a network camera: its own clock is off, and its pictures come when the line lets them."""
    noise, clock, arrival, worst_ms = random.Random(seed), VideoClock(0), ArrivalClock(), 0.0
    last_s = 0.0
    for taken_s in taken_times(model, hours, noise):
        last_s = max(last_s, taken_s + noise.expovariate(1000 / model.jitter_ms))
        mono_ns = arrival.mono_ns(round(taken_s * (1 + model.ppm * 1e-6) * 1e9), round(last_s * 1e9))
        if arrival.settled(round(last_s * 1e9)):
            worst_ms = max(worst_ms, abs(_shown_s(clock, mono_ns) - taken_s) * 1000)
    return round(worst_ms, 2)


def _shown_s(clock: VideoClock, mono_ns: int) -> float:
    pts = clock.place(max(0, mono_ns))
    assert pts is not None
    return nanoseconds_of(pts) / 1e9
