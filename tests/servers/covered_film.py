"""A film of a made room whose camera is covered by a hand after a while, with a room's sound throughout."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from tests.edge.health.made_scenes import HEIGHT, WIDTH, Luma, MadeRoom, hand

RATE = 10
SOUND_RATE = 48_000


def make_covered_film(path: Path, seen_s: int, covered_s: int, *, scale: int = 2) -> Path:
    """`seen_s` seconds of people in a room, then `covered_s` of a hand before the lens. H.264 and PCM in a MOV."""
    room, noise = MadeRoom(21, clock=True), np.random.default_rng(1)
    with av.open(str(path), "w") as out:
        video = out.add_stream("libx264", rate=RATE, options={"preset": "ultrafast", "tune": "zerolatency", "g": "20"})
        video.width, video.height, video.pix_fmt = WIDTH * scale, HEIGHT * scale, "yuv420p"
        audio = out.add_stream("pcm_s16le", rate=SOUND_RATE, layout="mono")
        block = SOUND_RATE // RATE
        for number in range((seen_s + covered_s) * RATE):
            seconds = number / RATE
            luma = room.look(seconds) if seconds < seen_s else hand(room, seconds)
            picture = _picture(luma, scale)
            picture.pts, picture.time_base = number, Fraction(1, RATE)
            out.mux(video.encode(picture))
            samples = noise.normal(0, 60, (1, block)).astype(np.int16)
            frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = SOUND_RATE, number * block, Fraction(1, SOUND_RATE)
            out.mux(audio.encode(frame))
        out.mux(video.encode(None))
        out.mux(audio.encode(None))
    return path


def _picture(luma: Luma, scale: int) -> av.VideoFrame:
    large = np.repeat(np.repeat(luma, scale, 0), scale, 1)
    chroma = np.full((large.shape[0] // 2, large.shape[1]), 128, np.uint8)
    return av.VideoFrame.from_ndarray(np.concatenate([large, chroma]), "yuv420p")
