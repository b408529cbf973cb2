"""Eight simulated hours: sound and picture each stay where they were taken, within ten milliseconds at any point."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge.timeline.resample import FractionalResampler
from tests.edge.timeline.simulated_room import (
    CameraModel,
    CountingResampler,
    Heard,
    MicrophoneModel,
    hear,
    see_by_arrival,
    see_by_stamps,
)

MOST_MS = 10.0
MICROPHONES = {
    "steady": MicrophoneModel(),
    "fast": MicrophoneModel(ppm=200),
    "slow, starts late": MicrophoneModel(ppm=-200, delay_s=4.3),
    "warms up and cools down": MicrophoneModel(ppm=100, swing_ppm=100, swing_s=900),
    "unplugged again and again": MicrophoneModel(ppm=-150, swing_ppm=50, lost_every_s=500),
    "in a network camera, fast": MicrophoneModel(ppm=200, in_camera=True, lateness_ms=8),
    "in a network camera, slow": MicrophoneModel(ppm=-200, in_camera=True, lateness_ms=8),
    "on a busy machine": MicrophoneModel(ppm=200, lateness_ms=8, late_share=1 / 50, stall_share=1 / 2000),
}
CAMERAS = {
    "steady": CameraModel(),
    "fast, starts late": CameraModel(ppm=200, delay_s=3),
    "slow, over a bad line": CameraModel(ppm=-200, jitter_ms=8),
    "half the rate": CameraModel(ppm=200, rate=12.5, jitter_ms=8),
    "loses a fifth": CameraModel(ppm=-200, lost_share=0.2),
}


def expect_in_place(heard: Heard, model: MicrophoneModel) -> None:
    assert heard.worst_ms < MOST_MS, heard
    assert heard.most_ppm <= 500
    assert heard.most_change_ppm_per_s <= 75, "50, and the rounding to half a millionth"
    if not model.lost_every_s and not model.stall_share:
        settling_s = 0.5 if model.in_camera else 1.0
        assert heard.filled_s == pytest.approx(model.delay_s + settling_s, abs=0.1), "nothing but the start is silent"


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    ppm=st.floats(-150, 150), swing_ppm=st.floats(0, 50), swing_s=st.floats(600, 7200), delay_s=st.floats(0, 5),
    lateness_ms=st.floats(0.1, 8), seed=st.integers(0, 999),
)  # fmt: skip
def test_any_microphone_for_ten_minutes(
    monkeypatch: pytest.MonkeyPatch, ppm: float, swing_ppm: float, swing_s: float, delay_s: float, lateness_ms: float,
    seed: int,
) -> None:  # fmt: skip
    model = MicrophoneModel(ppm, swing_ppm, swing_s, delay_s, lateness_ms=lateness_ms)
    expect_in_place(hear(model, 1 / 6, seed, monkeypatch), model)


@settings(max_examples=15, deadline=None)
@given(
    ppm=st.floats(-200, 200), rate=st.sampled_from([5.0, 12.5, 25.0, 30.0]), delay_s=st.floats(0, 5),
    jitter_ms=st.floats(0.1, 8), lost_share=st.floats(0, 0.4), seed=st.integers(0, 999),
)  # fmt: skip
def test_any_camera_for_a_while(
    ppm: float, rate: float, delay_s: float, jitter_ms: float, lost_share: float, seed: int
) -> None:
    model = CameraModel(ppm, rate, delay_s, jitter_ms, lost_share)
    assert see_by_stamps(model, 0.1, seed) < MOST_MS
    assert see_by_arrival(model, 0.1, seed) < MOST_MS


@pytest.mark.parametrize(
    "name", ["fast", "in a network camera, slow", "unplugged again and again", "on a busy machine"]
)
def test_half_an_hour_of_sound(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    expect_in_place(hear(MICROPHONES[name], 0.5, 1, monkeypatch), MICROPHONES[name])


@pytest.mark.long
@pytest.mark.parametrize("name", MICROPHONES)
def test_eight_hours_of_sound(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    heard = hear(MICROPHONES[name], 8, 1, monkeypatch)
    print(name, heard)
    expect_in_place(heard, MICROPHONES[name])


@pytest.mark.long
@pytest.mark.parametrize("name", CAMERAS)
def test_eight_hours_of_pictures(name: str) -> None:
    stamped, arrived = see_by_stamps(CAMERAS[name], 8, 1), see_by_arrival(CAMERAS[name], 8, 1)
    print(name, stamped, arrived)
    assert stamped < MOST_MS
    assert arrived < MOST_MS


@given(st.lists(st.tuples(st.integers(0, 3000), st.floats(-5e-4, 5e-4)), max_size=30))
@settings(max_examples=30, deadline=None)
def test_the_counting_resampler_places_as_the_real_one(blocks: list[tuple[int, float]]) -> None:
    real, counting = FractionalResampler(1), CountingResampler(1)
    for count, correction in blocks:
        samples = np.zeros((count, 1), np.int16)
        assert len(real.push(samples, correction)) == len(counting.push(samples, correction))
        assert real.waiting == pytest.approx(counting.waiting, abs=1e-6)
    assert len(real.flush()) == len(counting.flush())
