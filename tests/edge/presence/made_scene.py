"""A made room: a still background with camera noise, lamps, and figures that walk and sit like people."""

from __future__ import annotations

import io
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field

import av
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

Luma = npt.NDArray[np.uint8]
LOOK_NS = 240_000_000


@dataclass
class Scene:
    """`light(t)`: how bright it is, 1 is a lit room. `noise`: of the camera, in steps of brightness."""

    width: int = 160
    height: int = 90
    noise: float = 1.2
    light: Callable[[float], float] = lambda _t: 1.0
    seed: int = 1
    _random: np.random.Generator = field(init=False)

    def __post_init__(self) -> None:
        self._random = np.random.default_rng(self.seed)
        self._room = self._draw_room()

    def _draw_room(self) -> Image.Image:
        """A wall, a door, a table, a window and a shelf."""
        image = Image.new("L", (self.width, self.height), 120)
        draw = ImageDraw.Draw(image)
        w, h = self.width, self.height
        draw.rectangle((0, h * 0.75, w, h), fill=80)
        draw.rectangle((w * 0.05, h * 0.2, w * 0.18, h * 0.78), fill=60)
        draw.rectangle((w * 0.65, h * 0.1, w * 0.9, h * 0.4), fill=200)
        draw.rectangle((w * 0.3, h * 0.62, w * 0.7, h * 0.68), fill=150)
        for shelf in range(4):
            draw.line((w * 0.4, h * (0.12 + shelf * 0.08), w * 0.55, h * (0.12 + shelf * 0.08)), fill=50)
        return image

    def picture(self, t: float, figures: tuple[Figure, ...] = ()) -> Luma:
        image = self._room.copy()
        for figure in figures:
            figure.draw(image, t)
        lit = 16 + np.asarray(image, np.float32) * self.light(t)
        noisy = lit + self._random.normal(0, self.noise, lit.shape).astype(np.float32)
        return np.clip(noisy, 16, 235).astype(np.uint8)


@dataclass(frozen=True)
class Figure:
    """Walks in until `seated`, then sits, nods and moves a hand now and then; walks out from `leaves`."""

    enters: float
    leaves: float
    shade: int = 40
    walk_s: float = 5.0
    seat: float = 0.5

    def draw(self, image: Image.Image, t: float) -> None:
        if not self.enters <= t <= self.leaves + self.walk_s:
            return
        inside = min(1.0, (t - self.enters) / self.walk_s, (self.leaves + self.walk_s - t) / self.walk_s)
        x = image.width * (-0.05 + inside * (self.seat + 0.05))
        sway = np.sin(t * 1.9) * image.width * 0.008 + np.sin(t * 0.37) * image.width * 0.012
        head, tall = image.height * 0.07, image.height
        draw = ImageDraw.Draw(image)
        x += float(sway)
        top = tall * (0.35 if inside >= 1 else 0.28)
        draw.ellipse((x - head, top, x + head, top + 2.3 * head), fill=self.shade + 60)
        draw.ellipse((x - 2.2 * head, top + 2 * head, x + 2.2 * head, tall * 0.98), fill=self.shade)
        hand = x + head * 2.6 + float(np.sin(t * 2.7)) * head * (1.5 if int(t / 4) % 2 else 0.1)
        draw.ellipse((hand, tall * 0.6, hand + head, tall * 0.6 + head), fill=self.shade + 60)


def looks(
    scene: Scene, seconds: float, figures: tuple[Figure, ...] = (), every_ns: int = LOOK_NS
) -> list[tuple[int, Luma]]:
    """What the tap would show of it: time and small picture."""
    count = int(seconds * 1_000_000_000 / every_ns)
    return [(number * every_ns, scene.picture(number * every_ns / 1e9, figures)) for number in range(count)]


def speak(text: str, voice: str = "cmn", level_dbfs: float = -25.0) -> npt.NDArray[np.float64]:
    """Mandarin by espeak-ng, one channel at 48 kHz, full scale is 1."""
    command = ["espeak-ng", "-v", voice, "-s", "170", "--stdout", text]
    wav = subprocess.run(command, check=True, capture_output=True).stdout
    pieces: list[npt.NDArray[np.int16]] = []
    with av.open(io.BytesIO(wav)) as container:
        resampler = av.AudioResampler(format="s16", layout="mono", rate=48_000)
        for frame in container.decode(audio=0):
            pieces += [out.to_ndarray().reshape(-1) for out in resampler.resample(frame)]
        pieces += [out.to_ndarray().reshape(-1) for out in resampler.resample(None)]
    return at_level(np.concatenate(pieces).astype(np.float64) / 32768, level_dbfs)


def at_level(sound: npt.NDArray[np.float64], level_dbfs: float) -> npt.NDArray[np.float64]:
    rms = float(np.sqrt(np.mean(sound**2)))
    return sound / rms * 10 ** (level_dbfs / 20)


def coloured_noise(seconds: float, power: float, level_dbfs: float, seed: int = 1) -> npt.NDArray[np.float64]:
    """1/f noise of a `power`: 0 white, 0.5 pink, 1 brown."""
    count = int(seconds * 48_000)
    spectrum = np.fft.rfft(np.random.default_rng(seed).standard_normal(count))
    spectrum[1:] /= np.arange(1, spectrum.shape[0]) ** power
    spectrum[0] = 0
    return at_level(np.fft.irfft(spectrum, count), level_dbfs)
