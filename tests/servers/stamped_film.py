"""A film of the stamped picture and sound: loss and A/V offset can be measured after any journey that it makes."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av

from edge.capture.stamp import StampPainter, StampSound

SOUND_RATE = 48_000


def make_stamped_film(path: Path, seconds: int, *, width: int = 640, height: int = 360, rate: int = 25) -> Path:
    """H.264 and PCM in a MOV: no encoder delay, so that picture and sound are exactly together."""
    painter, sound = StampPainter(width, height, rate), StampSound()
    with av.open(str(path), "w") as out:
        video = out.add_stream("libx264", rate=rate, options={"preset": "ultrafast", "tune": "zerolatency", "g": "50"})
        video.width, video.height, video.pix_fmt = width, height, "yuv420p"
        audio = out.add_stream("pcm_s16le", rate=SOUND_RATE, layout="mono")
        block = SOUND_RATE // rate
        for number in range(seconds * rate):
            picture = painter.paint(number)
            picture.pts, picture.time_base = number, Fraction(1, rate)
            out.mux(video.encode(picture))
            samples = sound.samples(number * block, block).reshape(1, -1)
            frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = SOUND_RATE, number * block, Fraction(1, SOUND_RATE)
            out.mux(audio.encode(frame))
        out.mux(video.encode(None))
        out.mux(audio.encode(None))
    return path
