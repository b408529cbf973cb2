"""Time, room and session in the picture itself. Drawn once a second, blended into the planes of every picture.

In the bottom left corner the same second stands once more as a row of cells (`capture/bars.py`, CLOCK_BAR), so that
a machine can compare the burnt-in time with any other without reading letters.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import av
import numpy as np
import numpy.typing as npt

from edge.capture.bars import CLOCK_BAR, draw_bars
from edge.capture.planes import Plane, plane_of
from edge.encode.lettering import letter_tile, wrap

Weights = npt.NDArray[np.uint16]
CLOCK_NOT_SET = "时间未校准 / clock not set"
_SHADE = 0.45  # how dark the ground behind the letters is
_LETTERS_ACROSS = 26  # at least so many times the letters' height fits beside each other


@dataclass(frozen=True, slots=True)
class _Patch:
    """What is blended into one plane: plane = (plane * keep + add) / 256."""

    keep: Weights
    add: Weights


class Overlay:
    """Writes into pictures of one size. `clock_is_set` and `climate` are asked once a second and answer at once."""

    def __init__(
        self,
        height: int,
        timezone: str,
        room_name: str,
        unit_name: str,
        clock_is_set: Callable[[], bool] = lambda: True,
        climate: Callable[[], str] = lambda: "",
    ) -> None:
        self._zone = ZoneInfo(timezone)
        self._place = f"{unit_name} {room_name}"
        self._clock_is_set, self._climate = clock_is_set, climate
        self._height = height
        self._inset = max(2, height // 90) // 2 * 2
        self._drawn: tuple[int, str] | None = None
        self._patches: tuple[_Patch, ...] = ()

    def blend(self, picture: av.VideoFrame, wall_ns: int, session: str) -> None:
        """Write time and place into `picture`, which must be yuv420p and free to change."""
        second = wall_ns // 1_000_000_000
        if self._drawn != (second, session):
            self._patches = self._draw(self._words(second), session, picture.width, picture.height)
            self._drawn = (second, session)
        for index, patch in enumerate(self._patches):
            inset = self._inset if index == 0 else self._inset // 2
            _blend(plane_of(picture, index), patch, inset)
        draw_bars(plane_of(picture, 0), second & 0xFFFFFFFF, CLOCK_BAR)

    def _words(self, second: int) -> list[str]:
        """The time, whether it can be relied on, and what the sensor says."""
        when = datetime.fromtimestamp(second, UTC).astimezone(self._zone)
        time = when.strftime("%Y-%m-%d %H:%M:%S")
        return [time, *([] if self._clock_is_set() else [CLOCK_NOT_SET]), *filter(None, [self._climate()])]

    def _draw(self, words: list[str], session: str, width: int, height: int) -> tuple[_Patch, ...]:
        size, room = max(12, min(self._height // 32, width // _LETTERS_ACROSS)), width - 2 * self._inset
        tile = letter_tile([*wrap(words, size, room), *wrap([self._place, session], size, room)], size)
        tile = tile[: height - 2 * self._inset, : width - 2 * self._inset]
        bright = tile.astype(np.float32) / 255
        keep = (1 - bright) * (1 - _SHADE)
        luma = _patch(keep, bright * 235 + (1 - bright) * _SHADE * 16)
        small = keep.reshape(keep.shape[0] // 2, 2, keep.shape[1] // 2, 2).mean(axis=(1, 3))
        chroma = _patch(small, (1 - small) * 128)
        return (luma, chroma, chroma)


def _patch(keep: npt.NDArray[np.floating[Any]], add: npt.NDArray[np.floating[Any]]) -> _Patch:
    return _Patch((keep * 256).astype(np.uint16), (add * 256).astype(np.uint16))


def _blend(plane: Plane, patch: _Patch, inset: int) -> None:
    height, width = patch.keep.shape
    area = plane[inset : inset + height, inset : inset + width]
    mixed = area * patch.keep[: area.shape[0], : area.shape[1]]
    mixed += patch.add[: area.shape[0], : area.shape[1]]
    mixed >>= 8
    area[:] = mixed
