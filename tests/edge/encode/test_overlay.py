"""The burnt-in time: drawn once a second, readable by machine, and it leaves the rest of the picture alone."""

from __future__ import annotations

import time

import av
import numpy as np
import pytest

from config.room import PictureSettings
from edge.capture.bars import CLOCK_BAR, read_bars
from edge.capture.planes import plane_of
from edge.capture.stamp import StampPainter
from edge.encode import lettering
from edge.encode.fit import fit_picture
from edge.encode.overlay import CLOCK_NOT_SET, Overlay
from edge.encode.slate import copy_of, draw_slate
from edge.encode.video_encoder import VideoEncoder

WALL = 1_795_465_490_000_000_000


def overlay(height: int = 720) -> Overlay:
    return Overlay(height, "Asia/Shanghai", "第一接谈室", "青石镇")


def grey(width: int = 1280, height: int = 720) -> av.VideoFrame:
    return av.VideoFrame.from_ndarray(np.full((height * 3 // 2, width), 128, np.uint8), "yuv420p")


def test_letters_stand_in_the_corner_and_nowhere_else() -> None:
    picture = grey()
    overlay().blend(picture, WALL, "AB12CD34")
    luma = plane_of(picture, 0)
    corner = luma[: 720 // 6, : 1280 // 2]
    assert corner.max() > 200
    assert corner.min() < 100
    assert (luma[720 // 6 : 700] == 128).all()
    assert (luma[: 720 // 6, 1280 // 2 :] == 128).all()
    assert read_bars(luma, CLOCK_BAR) == WALL // 1_000_000_000


def test_the_same_second_is_drawn_once_and_a_new_label_at_once() -> None:
    made, first, same, other = overlay(), grey(), grey(), grey()
    made.blend(first, WALL, "")
    made.blend(same, WALL + 900_000_000, "")
    made.blend(other, WALL + 900_000_000, "AB12CD34")
    assert np.array_equal(plane_of(first, 0), plane_of(same, 0))
    assert not np.array_equal(plane_of(first, 0), plane_of(other, 0))


def test_it_costs_next_to_nothing() -> None:
    made, picture = overlay(1080), grey(1920, 1080)
    made.blend(picture, WALL, "")
    used = time.thread_time()
    for number in range(25):
        made.blend(picture, WALL + number * 40_000_000, "")
    assert time.thread_time() - used < 0.05


@pytest.mark.parametrize("size", [(640, 360), (320, 180), (1920, 1080)])
def test_every_size_has_room_for_it(size: tuple[int, int]) -> None:
    picture = grey(*size)
    overlay(size[1]).blend(picture, WALL, "AB12CD34")
    assert read_bars(plane_of(picture, 0), CLOCK_BAR) == WALL // 1_000_000_000


def test_the_bars_survive_two_megabits() -> None:
    settings, made, painter = PictureSettings(), overlay(), StampPainter(1280, 720, 25)
    encoder, decoder = VideoEncoder(settings), av.CodecContext.create("h264", "r")
    read = []
    for number in range(30):
        picture = painter.paint(number)
        made.blend(picture, WALL + number * 40_000_000, "")
        for unit in encoder.encode(picture, number * 3600, key=number == 0):
            read += [read_bars(plane_of(p, 0), CLOCK_BAR) for p in decoder.decode(av.Packet(unit.data))]
    assert read
    assert set(read) == {WALL // 10**9, WALL // 10**9 + 1}


def test_without_a_chinese_font_the_time_still_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lettering, "_CJK_FONTS", ())
    lettering.cjk_font_path.cache_clear()
    lettering._font.cache_clear()
    try:
        tile = lettering.letter_tile(["2026-11-23 20:24:50", "青石镇"], 22)
        assert tile.max() > 200
        assert tile.shape[0] < 50  # one line: what the font can't draw is left out
    finally:
        lettering.cjk_font_path.cache_clear()
        lettering._font.cache_clear()


def test_a_slate_says_something_and_can_be_written_on_again_and_again() -> None:
    slate = draw_slate(640, 360)
    first, second = copy_of(slate), copy_of(slate)
    overlay(360).blend(first, WALL, "")
    assert plane_of(slate, 0).max() > 200
    assert np.array_equal(plane_of(slate, 0), plane_of(second, 0))


def test_another_shape_is_fitted_without_distortion() -> None:
    square = grey(480, 480)
    plane_of(square, 0)[:] = 200
    fitted = fit_picture(square, 1280, 720)
    luma = plane_of(fitted, 0)
    assert (fitted.width, fitted.height) == (1280, 720)
    bright = np.flatnonzero(luma[360] > 150)
    assert len(bright) == 720
    assert (luma[:, :200] == 16).all()
    assert fit_picture(fitted, 1280, 720) is fitted


def lines_of(made: Overlay, width: int, height: int) -> int:
    """How high the ground behind the letters is, in lines of text."""
    picture = grey(width, height)
    made.blend(picture, WALL, "AB12CD34")
    left = plane_of(picture, 0)[: height // 2, max(2, height // 90) // 2 * 2]
    size = max(12, min(height // 32, width // 26))
    return round(np.count_nonzero(left != 128) / (size * 1.35))


def test_an_unset_clock_is_said_beside_the_time() -> None:
    is_set = [True]
    made = Overlay(720, "Asia/Shanghai", "第一接谈室", "青石镇", lambda: is_set[0])
    before, same, after = grey(), grey(), grey()
    made.blend(before, WALL, "")
    is_set[0] = False
    made.blend(same, WALL, "")
    made.blend(after, WALL + 10**9, "")
    assert np.array_equal(plane_of(before, 0), plane_of(same, 0))  # asked once a second
    written = np.flatnonzero((plane_of(after, 0)[:40] != 128).any(axis=0)).max()
    assert written > np.flatnonzero((plane_of(before, 0)[:40] != 128).any(axis=0)).max() + 100
    assert lines_of(made, 1280, 720) == 2


def test_a_sensor_stands_in_the_first_line() -> None:
    shown = [""]
    made = Overlay(720, "Asia/Shanghai", "第一接谈室", "青石镇", climate=lambda: shown[0])
    without, with_it = grey(), grey()
    made.blend(without, WALL, "")
    shown[0] = "21.5°C 40%RH"
    made.blend(with_it, WALL + 10**9, "")
    assert np.count_nonzero(plane_of(with_it, 0) != 128) > np.count_nonzero(plane_of(without, 0) != 128)
    assert lines_of(made, 1280, 720) == 2


@pytest.mark.parametrize("size", [(320, 180), (360, 640), (320, 2160), (480, 270)])
def test_on_a_narrow_picture_all_of_it_is_there_in_more_lines(size: tuple[int, int]) -> None:
    width, height = size
    made = Overlay(height, "Asia/Shanghai", "第一接谈室", "青石镇", lambda: False, lambda: "21.5°C 40%RH")
    assert lines_of(made, width, height) >= (2 if width == 480 else 3)
    text = max(12, min(height // 32, width // 26))
    for parts in (["2026-11-23 20:24:50", CLOCK_NOT_SET, "21.5°C 40%RH"], ["青石镇 第一接谈室", "AB12CD34"]):
        wrapped = lettering.wrap(parts, text, width - 8)
        assert "".join(wrapped).replace(" ", "") == "".join(parts).replace(" ", "")
        assert all(lettering.letter_tile([line], text).shape[1] <= width for line in wrapped)
