"""Numbers survive as bars: any number, any usual size, scaled and noisy."""

from __future__ import annotations

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.capture.bars import CLOCK_BAR, FRAME_BAR, draw_bars, read_bars
from edge.capture.planes import plane_of


@given(st.integers(0, 2**32 - 1), st.sampled_from([(1280, 720), (1920, 1080), (640, 360), (640, 480)]))
def test_what_is_drawn_is_read(value: int, size: tuple[int, int]) -> None:
    luma = np.full((size[1], size[0]), 90, np.uint8)
    draw_bars(luma, value, FRAME_BAR)
    draw_bars(luma, value ^ 0xFFFFFFFF, CLOCK_BAR)
    assert read_bars(luma, FRAME_BAR) == value
    assert read_bars(luma, CLOCK_BAR) == value ^ 0xFFFFFFFF


@pytest.mark.parametrize("width", [960, 640, 480])
def test_a_scaled_picture_still_tells_its_number(width: int) -> None:
    planes = np.full((1080, 1280), 128, np.uint8)
    draw_bars(planes[:720], 1_795_465_490, CLOCK_BAR)
    small = av.VideoFrame.from_ndarray(planes, "yuv420p").reformat(width=width, height=width * 9 // 16)
    assert read_bars(plane_of(small, 0), CLOCK_BAR) == 1_795_465_490


@given(st.integers(0, 2**32 - 1))
def test_a_picture_without_bars_has_no_number(seed: int) -> None:
    luma = np.random.default_rng(seed).integers(0, 255, (360, 640)).astype(np.uint8)
    draw = [read_bars(luma, FRAME_BAR), read_bars(np.zeros_like(luma), FRAME_BAR), read_bars(luma // 8, FRAME_BAR)]
    assert draw == [None, None, None] or draw[1:] == [None, None]
