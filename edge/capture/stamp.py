"""The synthetic picture and sound: what is drawn and played so that loss and A/V offset can be measured later.

Pure: a frame number or a sample number in, a picture or samples out. Every whole second since the start has a white
flash and, at the same instant, a beep of 1 kHz; between them quieter bursts that are shaped like speech.
`stamp_reader.py` measures from any footage that still shows this.
"""

from __future__ import annotations

import av
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from edge.capture.bars import FRAME_BAR, Luma, draw_bars
from edge.capture.frame import SOUND_RATE, Samples

FLASH_FRAMES = 2
FLASH_AREA = (0.64, 0.30, 0.94, 0.60)  # left, top, right, bottom as parts of the picture
BEEP_HZ = 1000
BEEP_S = 0.06


class StampPainter:
    """Draws frame `number` of a picture of `rate` frames a second, touching only what changes."""

    def __init__(self, width: int, height: int, rate: int) -> None:
        self._width, self._height, self._rate = width, height, rate
        self._base = _background(width, height)
        self._glyphs = _glyphs(max(12, height // 10))
        self._square = max(8, height // 8)

    def paint(self, number: int) -> av.VideoFrame:
        planes = self._base.copy()
        luma = planes[: self._height]
        self._draw_square(luma, number)
        self._draw_time(luma, number)
        draw_bars(luma, number & 0xFFFFFFFF, FRAME_BAR)
        left, top, right, bottom = flash_area(self._width, self._height)
        luma[top:bottom, left:right] = 235 if number % self._rate < FLASH_FRAMES else 24
        return av.VideoFrame.from_numpy_buffer(planes, "yuv420p")

    def _draw_square(self, luma: Luma, number: int) -> None:
        span = int(self._width * 0.5) - self._square
        place = number * max(2, self._width // 160) % (2 * span)
        left = int(self._width * 0.05) + (place if place < span else 2 * span - place)
        top = int(self._height * 0.50)
        luma[top : top + self._square, left : left + self._square] = 60 + number % 120

    def _draw_time(self, luma: Luma, number: int) -> None:
        seconds, rest = divmod(number, self._rate)
        text = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{rest * 1000 // self._rate:03}"
        left, top = int(self._width * 0.05), int(self._height * 0.30)
        for letter in text:
            glyph = self._glyphs[letter]
            luma[top : top + glyph.shape[0], left : left + glyph.shape[1]] = glyph
            left += glyph.shape[1]


class StampSound:
    """Samples of the synthetic sound by number since the start: int16 [n, 1] at 48 kHz."""

    def __init__(self) -> None:
        self._seconds = np.concatenate([_second(seed) for seed in range(4)])

    def samples(self, start: int, count: int) -> Samples:
        places = (start + np.arange(count)) % len(self._seconds)
        return self._seconds[places].reshape(-1, 1)


def flash_area(width: int, height: int) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of the flash in pixels."""
    left, top, right, bottom = FLASH_AREA
    return int(left * width), int(top * height), int(right * width), int(bottom * height)


def _background(width: int, height: int) -> npt.NDArray[np.uint8]:
    """A calm room-like picture with some texture: all three planes of yuv420p in one array [height*3/2, width]."""
    noise = np.random.default_rng(7)
    luma = 70 + 60 * np.linspace(0, 1, width)[None, :] + 25 * np.linspace(0, 1, height)[:, None]
    luma = luma + noise.normal(0, 2, (height, width))
    luma[int(height * 0.8) :] -= 25
    chroma = np.full(width * height // 2, 128, np.uint8)
    chroma[: width * height // 4] = 132
    planes = np.concatenate([np.clip(luma, 16, 235).astype(np.uint8).reshape(-1), chroma])
    return planes.reshape(height * 3 // 2, width)


def _glyphs(size: int) -> dict[str, Luma]:
    """Digits as luma tiles of one width, so that a time is a row of copies."""
    font = ImageFont.load_default(size)
    wide = int(max(font.getlength(letter) for letter in "0123456789")) + 2
    tiles: dict[str, Luma] = {}
    for letter in "0123456789:.":
        image = Image.new("L", (wide, int(size * 1.3)), 32)
        ImageDraw.Draw(image).text((1, 0), letter, fill=230, font=font)
        tiles[letter] = np.asarray(image, dtype=np.uint8)
    return tiles


def _second(seed: int) -> npt.NDArray[np.int16]:
    """One second: the beep at its start, then bursts like syllables, quieter than the beep."""
    noise = np.random.default_rng(seed)
    time = np.arange(SOUND_RATE) / SOUND_RATE
    beep = np.where(time < BEEP_S, 0.5 * np.sin(2 * np.pi * BEEP_HZ * time), 0)
    syllables = np.clip(np.sin(2 * np.pi * (3 + seed) * time), 0, None) ** 2 * ((time > 0.2) & (time < 0.9))
    hiss = np.convolve(noise.normal(0, 1, SOUND_RATE + 31), np.hanning(32) / 16, "valid")
    voice = 0.06 * syllables * (0.5 * np.sin(2 * np.pi * (140 + 20 * seed) * time) + 0.5 * hiss)
    return np.rint((beep + voice) * 32767).astype(np.int16)
