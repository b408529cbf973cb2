"""Text as a tile of grey values, with a CJK font where the machine has one. Draws; decides nothing about pictures."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

Tile = npt.NDArray[np.uint8]

_CJK_FONTS = (
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Medium.ttc",
    "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc",
    "/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc",
    "/usr/share/fonts/truetype/droid/DroidSansFallbackFull.ttf",
)


@lru_cache(maxsize=1)
def cjk_font_path() -> str | None:
    """A font with Chinese letters that is installed here, or None."""
    return next((path for path in _CJK_FONTS if Path(path).is_file()), None)


def letter_tile(lines: list[str], size: int) -> Tile:
    """`lines` as white on black, [height, width] with even sides, cut to what is written plus a margin.

    Without a CJK font only what the built-in font knows is drawn: a time can be read, a box says nothing.
    """
    font = _font(size)
    if cjk_font_path() is None:
        lines = [text for text in (_latin(line) for line in lines) if text]
    margin, pitch = size // 3, round(size * 1.35)
    width = _even(int(max((font.getlength(line) for line in lines), default=1)) + 2 * margin)
    image = Image.new("L", (width, _even(pitch * len(lines) + margin)), 0)
    draw = ImageDraw.Draw(image)
    for number, line in enumerate(lines):
        draw.text((margin, margin // 2 + number * pitch), line, fill=255, font=font)
    return np.asarray(image, dtype=np.uint8)


def wrap(parts: list[str], size: int, width: int) -> list[str]:
    """`parts` side by side, in as few lines as hold them within `width` pixels, in order. None is broken up."""
    font, room = _font(size), width - 2 * (size // 3)
    lines: list[str] = []
    for part in parts:
        longer = f"{lines[-1]}  {part}" if lines else part
        if lines and font.getlength(longer) <= room:
            lines[-1] = longer
        elif part:
            lines.append(part)
    return lines


@lru_cache(maxsize=8)
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    path = cjk_font_path()
    return ImageFont.truetype(path, size) if path else ImageFont.load_default(size)


def _latin(line: str) -> str:
    return " ".join("".join(letter if letter.isascii() else " " for letter in line).split()).strip("/ ")


def _even(length: int) -> int:
    return length + length % 2
