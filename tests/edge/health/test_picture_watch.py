"""Pictures that show nothing are found within ten seconds, and ordinary rooms are not."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from config.health import HealthSettings
from edge.capture.frame import VideoFrame
from edge.capture.stamp import StampPainter
from edge.health.picture import PictureWatch
from edge.pipeline.observation import small_luma
from tests.edge.health.made_scenes import LOOK_NS, PICTURE_FAULTS, Luma, MadeRoom, cloth, hand

SETTINGS = HealthSettings()
SECOND = 1_000_000_000
ROOMS = [MadeRoom(seed, noise=noise) for seed, noise in ((1, 0.1), (2, 0.3), (3, 0.8))]
ROOMS += [MadeRoom(4, plain=True), MadeRoom(5, clock=True)]
NAMES = ["fine", "webcam", "noisy", "plain", "clock"]


def run(watch: PictureWatch, view: Callable[[float], Luma], begin_s: float, end_s: float) -> list[tuple[float, str]]:
    """Show `view` from `begin_s` to `end_s`; what stands newly, and when."""
    found: list[tuple[float, str]] = []
    known: set[str] = set()
    for now_ns in range(int(begin_s * SECOND), int(end_s * SECOND), LOOK_NS):
        watch.see(view(now_ns / SECOND), now_ns, SETTINGS)
        codes = {code for code, _ in watch.faults()}
        found += [(now_ns / SECOND, code) for code in codes - known]
        known = codes
    return found


@pytest.mark.parametrize("room", ROOMS, ids=NAMES)
@pytest.mark.parametrize("code", PICTURE_FAULTS)
def test_a_bad_picture_is_found_and_clears(room: MadeRoom, code: str) -> None:
    watch = PictureWatch()
    assert run(watch, room.look, 0, 30) == []
    ((at_s, found),) = run(watch, lambda seconds: PICTURE_FAULTS[code](room, seconds), 30, 60)
    assert found == code
    assert at_s - 30 < 6
    run(watch, room.look, 60, 66)
    assert watch.faults() == []


@pytest.mark.parametrize("room", ROOMS, ids=NAMES)
@pytest.mark.parametrize("cover", [hand, cloth])
def test_a_covered_camera_is_found_and_clears(room: MadeRoom, cover: Callable[[MadeRoom, float], Luma]) -> None:
    watch = PictureWatch()
    assert run(watch, room.look, 0, 60) == []
    found = run(watch, lambda seconds: cover(room, seconds), 60, 240)
    assert [code for _, code in found] == ["picture-covered"], "and it stays so for minutes"
    assert found[0][0] - 60 < 6
    run(watch, room.look, 240, 246)
    assert watch.faults() == []


def test_covered_from_the_beginning() -> None:
    assert [code for _, code in run(PictureWatch(), lambda s: hand(ROOMS[1], s), 0, 10)] == ["picture-covered"]


@pytest.mark.parametrize("clock", [False, True])
def test_a_room_in_which_nobody_moves_is_alive_by_its_noise_or_its_clock(clock: bool) -> None:
    room = MadeRoom(5, noise=0.0 if clock else 0.1, people=0, clock=clock)
    assert run(PictureWatch(), room.look, 0, 120) == []


def test_the_same_picture_again_and_again_is_frozen_and_clears_when_it_moves() -> None:
    room, watch = MadeRoom(6), PictureWatch()
    still = room.look(3)
    assert run(watch, room.look, 0, 20) == []
    ((at_s, code),) = run(watch, lambda _: still, 20, 40)
    assert (code, at_s - 20 < 6) == ("picture-frozen", True)
    run(watch, room.look, 40, 43)
    assert watch.faults() == []


def test_a_frozen_picture_that_jumps_once_in_ten_seconds_stays_frozen() -> None:
    """A film of a still picture in a loop, or a camera that encodes its last picture anew at every key frame."""
    stills = [MadeRoom(7).look(1), MadeRoom(7).look(2)]
    assert len(run(PictureWatch(), lambda seconds: stills[int(seconds / 10) % 2], 0, 120)) == 1


def test_a_copied_camera_is_judged_by_its_key_pictures() -> None:
    room, watch = MadeRoom(8), PictureWatch()
    for second in range(0, 60, 2):
        watch.see(hand(room, second) if second >= 30 else room.look(second), second * SECOND, SETTINGS)
        assert bool(watch.faults()) == (second >= 34)


def test_the_synthetic_picture_is_healthy() -> None:
    painter, watch = StampPainter(640, 360, 25), PictureWatch()
    for number in range(0, 25 * 60, 6):
        luma = small_luma(VideoFrame(0, painter.paint(number)))
        assert luma is not None
        watch.see(luma, number * 40_000_000, SETTINGS)
        assert watch.faults() == []


def test_a_clock_that_jumps_does_not_freeze_a_picture() -> None:
    room, watch = MadeRoom(9), PictureWatch()
    still = room.look(0)
    for now_ns in (0, LOOK_NS, 2 * LOOK_NS, 500 * SECOND, -SECOND, 3 * LOOK_NS):
        watch.see(still, now_ns, SETTINGS)
    assert watch.faults() == []
    watch.see(np.zeros((45, 80), np.uint8) + 100, 4 * LOOK_NS, SETTINGS)
