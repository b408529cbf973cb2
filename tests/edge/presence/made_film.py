"""A made scene as a media file: figures, lamps and espeak-ng speech, for a FileSource."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from tests.edge.presence.made_scene import Figure, Scene, coloured_noise, speak

RATE = 10
WIDTH, HEIGHT = 320, 180


def make_film(
    path: Path, seconds: int, figures: tuple[Figure, ...] = (), spoken: tuple[tuple[float, str], ...] = (),
    scene: Scene | None = None,
) -> Path:  # fmt: skip
    """`spoken`: at which second what is said. A quiet room otherwise."""
    scene = scene or Scene(WIDTH, HEIGHT)
    sound = coloured_noise(seconds, 0.5, -62)
    for at, text in spoken:
        voice = speak(text)
        begin = int(at * 48_000)
        sound[begin : begin + voice.shape[0]] += voice[: sound.shape[0] - begin]
    samples = (np.clip(sound, -1, 1) * 32767).astype(np.int16)
    with av.open(str(path), "w") as film:
        video = film.add_stream("mpeg4", rate=RATE, width=WIDTH, height=HEIGHT, pix_fmt="yuv420p", bit_rate=3_000_000)
        audio = film.add_stream("pcm_s16le", rate=48_000, layout="mono")
        for second in range(seconds):
            for number in range(second * RATE, (second + 1) * RATE):
                picture = av.VideoFrame.from_ndarray(scene.picture(number / RATE, figures), "gray").reformat(
                    format="yuv420p"
                )
                picture.pts, picture.time_base = number, Fraction(1, RATE)
                film.mux(video.encode(picture))
            block = av.AudioFrame.from_ndarray(samples[None, second * 48_000 : (second + 1) * 48_000], "s16", "mono")
            block.rate, block.pts = 48_000, second * 48_000
            film.mux(audio.encode(block))
        film.mux(video.encode(None))
        film.mux(audio.encode(None))
    return path
