"""Two cameras in one picture: where each stands, scaled and pasted into planes. Knows no time and no encoder.

The second camera is drawn over the main one. Its picture is scaled when a new one is drawn for the first time, not
for every picture that it is drawn into.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import av

from config.room import Box, SecondCamera
from edge.capture.planes import plane_of
from edge.encode.fit import black_picture, fit_picture
from edge.encode.slate import copy_of, draw_slate

_LEAST = 16  # pixels of an area's side


@dataclass(frozen=True, slots=True)
class Area:
    """A rectangle of the picture in pixels, all even, so that it lies alike in all three planes."""

    left: int
    top: int
    width: int
    height: int


def area_of(box: Box, width: int, height: int) -> Area:
    """Where a box of per cents lies in a picture of `width` by `height`, both even. Never outside it."""
    left, wide = _span(box.x, box.width, width)
    top, high = _span(box.y, box.height, height)
    return Area(left, top, wide, high)


class Composition:
    """Draws pictures of one size. What `compose` gives belongs to the caller, who may write into it."""

    def __init__(self, width: int, height: int, settings: SecondCamera) -> None:
        self._whole = Area(0, 0, width, height)
        self._main = area_of(settings.main_box, width, height)
        self._second = area_of(settings.box, width, height)
        self._shown: tuple[av.VideoFrame, av.VideoFrame] | None = None

    def compose(self, main: av.VideoFrame | None, second: av.VideoFrame | None) -> av.VideoFrame:
        """Either may be None: a slate stands in its place."""
        canvas = self._ground(main)
        paste(canvas, self._scaled_second(second), self._second)
        return canvas

    def _ground(self, main: av.VideoFrame | None) -> av.VideoFrame:
        area = self._main
        if area == self._whole:
            return copy_of(_slate(area.width, area.height)) if main is None else _fitted(main, area)
        canvas = black_picture(self._whole.width, self._whole.height)
        paste(canvas, _slate(area.width, area.height) if main is None else _fitted(main, area), area)
        return canvas

    def _scaled_second(self, second: av.VideoFrame | None) -> av.VideoFrame:
        area = self._second
        if second is None:
            return _slate(area.width, area.height)
        if self._shown is None or self._shown[0] is not second:
            self._shown = (second, _fitted(second, area))
        return self._shown[1]


def paste(canvas: av.VideoFrame, picture: av.VideoFrame, area: Area) -> None:
    """Copy `picture`, which is of the area's size, into `canvas`; both yuv420p."""
    for index in range(3):
        share = 1 if index == 0 else 2
        source = plane_of(picture, index)
        target = plane_of(canvas, index)[area.top // share :, area.left // share :]
        target[: source.shape[0], : source.shape[1]] = source


def _fitted(picture: av.VideoFrame, area: Area) -> av.VideoFrame:
    return fit_picture(picture, area.width, area.height)


def _span(start_pct: float, length_pct: float, whole: int) -> tuple[int, int]:
    """First pixel and length of a stretch, both even, inside `whole`."""
    length = max(_LEAST, min(whole, round(whole * length_pct / 200) * 2))
    return min(round(whole * start_pct / 200) * 2, whole - length), length


@lru_cache(maxsize=4)
def _slate(width: int, height: int) -> av.VideoFrame:
    """Only ever copied from."""
    return draw_slate(width, height)
