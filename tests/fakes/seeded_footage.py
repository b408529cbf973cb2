"""A short recording to seed a centre with: real fragmented MP4 whose picture shows the clock, for eyes and as bits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from zoneinfo import ZoneInfo

import av
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from storage.boxes import split_fragments

WIDTH, HEIGHT, RATE = 640, 360, 10
BITS = 17  # seconds of a day
CELL = 24
ZONE = ZoneInfo("Asia/Shanghai")
FONT = "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc"


@dataclass(frozen=True, slots=True)
class Recording:
    """`fragments` of one second each; the first begins at pts 0."""

    init: bytes
    fragments: tuple[bytes, ...]


def record(start_wall_ns: int, seconds: int, title: str, tones: tuple[int, ...] = (220,)) -> Recording:
    """`tones`: one for each channel, in hertz."""
    sink = BytesIO()
    options = {
        "movflags": "empty_moov+default_base_moof+frag_keyframe",
        "use_editlist": "0",
        "max_interleave_delta": "500000",
    }
    with av.open(sink, "w", format="mp4", options=options) as out:
        video = out.add_stream("libx264", rate=RATE, options={"preset": "ultrafast", "profile": "baseline"})
        video.width, video.height, video.pix_fmt, video.gop_size = WIDTH, HEIGHT, "yuv420p", RATE
        sound = out.add_stream("aac", rate=48000, layout="mono" if len(tones) == 1 else "stereo")
        for second in range(seconds):
            picture = _picture(start_wall_ns + second * 10**9, title)
            for index in range(RATE):
                frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
                frame.pts = second * RATE + index
                frame.pict_type = av.video.frame.PictureType.I if index == 0 else av.video.frame.PictureType.NONE
                out.mux(video.encode(frame))
            _encode_sound(out, sound, second, tones)
        out.mux(video.encode(None))
        out.mux(sound.encode(None))
    init, fragments = split_fragments(sink.getvalue())
    return Recording(init, tuple(fragment.data for fragment in fragments[:seconds]))


def read_clock(picture: Image.Image) -> int:
    """Seconds of the day that the picture's bits say, whatever the picture was scaled to."""
    grey = picture.convert("L")
    scale = grey.width / WIDTH
    bits = [
        grey.getpixel((int((CELL * bit + CELL / 2 + 8) * scale), int((HEIGHT - 20) * scale))) for bit in range(BITS)
    ]
    return sum(1 << bit for bit, level in enumerate(bits) if int(level) > 128)


def _picture(wall_ns: int, title: str) -> np.ndarray:
    at = datetime.fromtimestamp(wall_ns // 10**9, ZONE)
    image = Image.new("RGB", (WIDTH, HEIGHT), "#39434d")
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 210, WIDTH, HEIGHT), fill="#5a4a3c")
    for left, colour in ((130, "#7a8fa6"), (400, "#9aa58c")):
        draw.ellipse((left + 30, 90, left + 90, 150), fill="#d8b99a")
        draw.rounded_rectangle((left, 155, left + 120, 260), 26, fill=colour)
    draw.text((12, 8), f"{at:%Y-%m-%d %H:%M:%S}  {title}", fill="white", font=ImageFont.truetype(FONT, 22))
    seconds = at.hour * 3600 + at.minute * 60 + at.second
    draw.rectangle((0, HEIGHT - 40, WIDTH, HEIGHT), fill="black")
    for bit in range(BITS):
        if seconds >> bit & 1:
            draw.rectangle((8 + CELL * bit, HEIGHT - 32, 8 + CELL * bit + CELL - 2, HEIGHT - 8), fill="white")
    return np.asarray(image)


def _encode_sound(
    out: av.container.OutputContainer, stream: av.AudioStream, second: int, tones: tuple[int, ...]
) -> None:
    at = np.arange(48000)[:, None] * 2 * np.pi / 48000
    samples = (np.sin(at * np.array(tones)) * 2000).astype(np.int16).reshape(1, -1)
    frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono" if len(tones) == 1 else "stereo")
    frame.sample_rate = 48000
    frame.pts = second * 48000
    out.mux(stream.encode(frame))
