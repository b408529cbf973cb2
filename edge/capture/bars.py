"""A number as a row of black and white cells that survives scaling and H.264. Pure numpy on a luma plane.

42 cells: white, black, 32 bits (highest first), 8 bits of CRC-8 (polynomial 0x07) over the four bytes. A place is
given in units of 1/160 of the picture's width and 1/90 of its height, so a reader needs only the picture's size.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Luma = npt.NDArray[np.uint8]

CELLS = 42
BLACK, WHITE = 16, 235


@dataclass(frozen=True, slots=True)
class BarPlace:
    """Top left corner and cell size, in units of 1/160 of the width and 1/90 of the height."""

    left: int
    top: int
    cell: int


FRAME_BAR = BarPlace(left=8, top=70, cell=2)  # the synthetic picture's frame number
CLOCK_BAR = BarPlace(left=1, top=88, cell=1)  # the overlay's wall-clock seconds since 1970


def cells_of(value: int) -> npt.NDArray[np.bool_]:
    """The 42 cells of `value` (0 … 2**32-1); True is white."""
    data = value.to_bytes(4, "big")
    bits = int.from_bytes(data + bytes([_crc8(data)]), "big")
    return np.array([True, False] + [bool(bits >> place & 1) for place in range(39, -1, -1)])


def draw_bars(luma: Luma, value: int, place: BarPlace) -> None:
    """Draw `value` into `luma` [height, width] in place."""
    height, width = luma.shape
    edges = np.rint((place.left + place.cell * np.arange(CELLS + 1)) * (width / 160)).astype(int)
    row = np.repeat(np.where(cells_of(value), WHITE, BLACK).astype(np.uint8), np.diff(edges))
    top = round(place.top * height / 90)
    bottom = max(top + 1, round((place.top + place.cell) * height / 90))
    luma[top:bottom, edges[0] : edges[-1]] = row


def read_bars(luma: Luma, place: BarPlace) -> int | None:
    """The number at `place`, or None when there is none that its check bits prove."""
    height, width = luma.shape
    unit_x, unit_y = width / 160, height / 90
    rows = slice(int((place.top + 0.3 * place.cell) * unit_y), max(int((place.top + 0.7 * place.cell) * unit_y), 1) + 1)
    centres = (place.left + place.cell * (np.arange(CELLS) + 0.5)) * unit_x
    half = place.cell * unit_x * 0.2
    band = luma[rows].mean(axis=0)
    levels = np.array([band[int(c - half) : int(c + half) + 1].mean() for c in centres])
    if levels[0] - levels[1] < 60:
        return None
    bits = levels > (levels[0] + levels[1]) / 2
    number = int("".join("1" if bit else "0" for bit in bits[2:]), 2).to_bytes(5, "big")
    return int.from_bytes(number[:4], "big") if _crc8(number[:4]) == number[4] else None


def _crc8(data: bytes) -> int:
    crc = 0xFF  # not zero, so that a black bar is no number
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc << 1 ^ 0x07) & 0xFF if crc & 0x80 else crc << 1
    return crc
