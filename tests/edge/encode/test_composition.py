"""Two cameras in one picture: each in its box, alike in all planes, scaled once, never outside, never distorted."""

from __future__ import annotations

import time

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.room import Box, SecondCamera, SyntheticSource
from edge.capture.planes import plane_of
from edge.encode import composition
from edge.encode.composition import Area, Composition, area_of


def plain(width: int, height: int, luma: int, chroma: int = 128) -> av.VideoFrame:
    planes = np.full((height * 3 // 2, width), chroma, np.uint8)
    planes[:height] = luma
    return av.VideoFrame.from_ndarray(planes, "yuv420p")


def second(box: Box | None = None, main_box: Box | None = None) -> SecondCamera:
    return SecondCamera(
        camera=SyntheticSource(), box=box or Box(x=70, y=2, width=28, height=28), main_box=main_box or Box()
    )


@st.composite
def boxes(draw: st.DrawFn) -> Box:
    x, y = draw(st.floats(0, 92)), draw(st.floats(0, 92))
    return Box(x=x, y=y, width=draw(st.floats(8, 100 - x)), height=draw(st.floats(8, 100 - y)))


@given(boxes(), st.integers(160, 1920), st.integers(90, 1080))
def test_every_box_is_even_and_inside(box: Box, half_width: int, half_height: int) -> None:
    width, height = half_width * 2, half_height * 2
    area = area_of(box, width, height)
    assert not any(side % 2 for side in (area.left, area.top, area.width, area.height))
    assert 0 <= area.left <= area.left + area.width <= width
    assert 0 <= area.top <= area.top + area.height <= height
    assert abs(area.width - width * box.width / 100) <= 16
    assert min(area.width, area.height) >= 16


def test_the_second_camera_lies_over_the_main_one_in_all_planes() -> None:
    made = Composition(640, 360, second(Box(x=50, y=50, width=50, height=50)))
    picture = made.compose(plain(640, 360, 60, 100), plain(1280, 720, 200, 150))
    luma, blue = plane_of(picture, 0), plane_of(picture, 1)
    assert (luma[:180] == 60).all()
    assert (luma[180:, :320] == 60).all()
    assert (luma[180:, 320:] == 200).all()
    assert (blue[:90] == 100).all()
    assert (blue[90:, 160:] == 150).all()


def test_a_smaller_main_camera_stands_on_black() -> None:
    made = Composition(640, 360, second(Box(x=60, y=60, width=40, height=40), Box(x=0, y=0, width=50, height=50)))
    picture = made.compose(plain(640, 360, 90), plain(640, 360, 200))
    luma = plane_of(picture, 0)
    assert (luma[:180, :320] == 90).all()
    assert (luma[216:, 384:] == 200).all()
    assert (luma[:180, 384:] == 16).all()
    assert (luma[216:, :320] == 16).all()


def test_another_shape_is_not_distorted_in_its_box() -> None:
    made = Composition(640, 360, second(Box(x=0, y=0, width=50, height=50)))
    luma = plane_of(made.compose(plain(640, 360, 90), plain(480, 480, 200)), 0)
    assert np.count_nonzero(luma[90, :320] == 200) == 180
    assert (luma[:180, :70] == 16).all()


def test_a_missing_camera_leaves_a_slate_in_its_place_alone() -> None:
    made = Composition(640, 360, second(Box(x=50, y=50, width=50, height=50)))
    without_second = plane_of(made.compose(plain(640, 360, 90), None), 0)
    assert (without_second[:180] == 90).all()
    assert without_second[180:, 320:].max() > 200  # "No picture"
    assert (without_second[180:185, 320:] == 40).all()
    without_main = plane_of(made.compose(None, plain(640, 360, 90)), 0)
    assert (without_main[180:, 320:] == 90).all()
    assert without_main[:180].max() > 200


def test_slates_are_not_spoiled_by_what_is_written_into_the_picture() -> None:
    made = Composition(640, 360, second())
    plane_of(made.compose(None, None), 0)[:] = 0
    assert plane_of(made.compose(None, None), 0)[5, 5] == 40


def test_a_second_picture_is_scaled_once_however_often_it_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    scaled: list[Area] = []
    fit = composition.fit_picture
    monkeypatch.setattr(composition, "fit_picture", lambda p, w, h: (scaled.append(Area(0, 0, w, h)), fit(p, w, h))[1])
    made, other = Composition(640, 360, second(Box(x=0, y=0, width=50, height=50))), plain(640, 360, 200)
    for _ in range(5):
        made.compose(plain(640, 360, 90), other)
    assert [area.width for area in scaled].count(320) == 1


def test_composing_costs_little() -> None:
    made, main, other = Composition(1280, 720, second()), plain(1280, 720, 60), plain(1280, 720, 200)
    made.compose(main, other)
    used = time.thread_time()
    for _ in range(100):
        made.compose(main, other)
    assert time.thread_time() - used < 0.06
