"""What the recorder is compared with: a bare PyAV script and the ffmpeg command, on the same frames, in real time.

python -m bench.peers WIDTHxHEIGHT SECONDS picture|both|composed     the bare script, as a process of its own
"""

from __future__ import annotations

import io
import os
import resource
import subprocess
import sys
import time
from fractions import Fraction
from pathlib import Path
from typing import Literal

import av
from av.video.frame import PictureType

from bench.parts import composed_pictures
from bench.process_meter import memory_mb
from config.room import PictureSettings
from edge.capture.frame import AudioBlock, VideoFrame
from edge.capture.stamp import StampPainter
from edge.capture.synthetic import SyntheticSource
from edge.encode.video_encoder import KEY_INTERVAL_90K, encoder_options

FONT = "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc"


def encode_barely(picture: PictureSettings, seconds: float, sound: bool, composed: list[av.VideoFrame]) -> None:
    """Read the same source, encode with the same settings, mux into memory. No text, no sealing, no disk.

    `composed`: pictures made beforehand of two cameras, which are encoded instead; both cameras are read all the same.
    """
    source = SyntheticSource(picture.width, picture.height, picture.rate)
    second = SyntheticSource(picture.width, picture.height, picture.rate, frozenset({"video"}))
    source.open()
    second.open()
    with av.open(io.BytesIO(), "w", format="mp4", options={"movflags": "frag_keyframe+empty_moov"}) as output:
        video = output.add_stream("libx264", rate=picture.rate, options=encoder_options(picture))
        video.width, video.height, video.pix_fmt = picture.width, picture.height, "yuv420p"
        video.bit_rate = picture.bitrate_kbps * 1000
        video.codec_context.max_b_frames = 0
        video.codec_context.thread_count = 1 if picture.height <= 720 else 2
        video.codec_context.gop_size = picture.rate * KEY_INTERVAL_90K // 90_000
        audio = output.add_stream("aac", rate=48_000)
        audio.layout = "mono"
        begun, number, samples = time.monotonic(), 0, 0
        while time.monotonic() - begun < seconds:
            item = source.read(0.25)
            if isinstance(item, VideoFrame):
                shown = item.picture
                if composed:
                    second.read(0.25)
                    shown = composed[number % len(composed)]
                shown.pts, shown.time_base, shown.pict_type = number, Fraction(1, picture.rate), PictureType.NONE
                output.mux(video.encode(shown))
                number += 1
            elif isinstance(item, AudioBlock) and sound:
                frame = av.AudioFrame.from_ndarray(item.samples.T.copy(), "s16", "mono")
                frame.sample_rate, frame.pts, frame.time_base = 48_000, samples, Fraction(1, 48_000)
                samples += len(item.samples)
                output.mux(audio.encode(frame))


def run_bare(
    picture: PictureSettings, seconds: float, what: Literal["picture", "both", "composed"]
) -> tuple[float, float]:
    """CPU seconds per media second and peak memory in MB of the bare script; its start is not counted."""
    size = f"{picture.width}x{picture.height}"
    command = [sys.executable, "-m", "bench.peers", size, str(seconds), what]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    used, memory = done.stdout.split()[-2:]
    return float(used) / seconds, float(memory)


def run_ffmpeg(picture: PictureSettings, seconds: int, frames: Path) -> float:
    """CPU seconds per media second of the ffmpeg command with a clock drawn into the picture."""
    size, rate = f"{picture.width}x{picture.height}", str(picture.rate)
    font = f":fontfile={FONT}" if Path(FONT).is_file() else ""
    clock = f"drawtext=text='%{{localtime}}':x=16:y=16:fontsize={picture.height // 32}:fontcolor=white:box=1{font}"
    options = [part for key, value in encoder_options(picture).items() for part in (f"-{key}", value)]
    command = [
        "ffmpeg", "-v", "error", "-nostdin", "-re", "-stream_loop", "-1", "-f", "rawvideo", "-pix_fmt", "yuv420p",
        "-s", size, "-r", rate, "-i", str(frames), "-re", "-f", "lavfi", "-i", "sine=r=48000", "-t", str(seconds),
        "-vf", clock, "-c:v", "libx264", *options, "-b:v", f"{picture.bitrate_kbps}k", "-g", str(picture.rate * 2),
        "-threads", "1" if picture.height <= 720 else "2", "-c:a", "aac", "-f", "mp4",
        "-movflags", "frag_keyframe+empty_moov", "-y", "/dev/null",
    ]  # fmt: skip
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) / seconds


def write_frames(picture: PictureSettings, path: Path, count: int) -> None:
    """The first `count` pictures of the synthetic source as raw yuv420p."""
    painter = StampPainter(picture.width, picture.height, picture.rate)
    with path.open("wb") as file:
        for number in range(count):
            file.write(painter.paint(number).to_ndarray().tobytes())


def main() -> None:
    width, height = map(int, sys.argv[1].split("x"))
    picture, what = PictureSettings(width=width, height=height), sys.argv[3]
    composed = composed_pictures(picture, picture.rate * 2) if what == "composed" else []
    before = time.process_time()
    encode_barely(picture, float(sys.argv[2]), what != "picture", composed)
    print(time.process_time() - before, memory_mb(os.getpid(), "VmHWM"))


if __name__ == "__main__":
    main()
