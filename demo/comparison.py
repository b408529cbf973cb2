"""Measures footage against the media file that was its source: how far sound is from picture, which frames are lost.

For files without our stamps. Each replayed picture is looked up in the file by its thumbnail, each stretch of sound
by correlation; both give "replay time minus file time", and their difference is the A/V offset. What can't be told
(a still picture, silence) is None, never a guess.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

from edge.timeline.video_clock import PictureRate

Floats = npt.NDArray[np.float32]
THUMB_WIDTH, THUMB_HEIGHT = 64, 36
TEXT_ROWS = 8  # the time is burnt in at the top: it is on the replay only
SOUND_HZ = 8000
STRETCH_S = 4
NEAR_S = 0.8
SURE_SHARE = 0.6
SURE_CORRELATION = 0.3


@dataclass(frozen=True, slots=True)
class Compared:
    """`av_offset_ms`: sound minus picture against the file, positive when the sound is late."""

    frames: int
    lost_frames: int | None
    av_offset_ms: float | None
    duration_s: float


@dataclass(frozen=True, slots=True)
class Media:
    """Thumbnails by time and sound by sample, as decoded."""

    times_s: npt.NDArray[np.float64]
    thumbs: Floats
    sound: Floats
    sound_start_s: float

    @property
    def end_s(self) -> float:
        step = float(np.median(np.diff(self.times_s))) if len(self.times_s) > 1 else 0.04
        pictures_end = float(self.times_s[-1]) + step if len(self.times_s) else 0.0
        return max(pictures_end, self.sound_start_s + len(self.sound) / SOUND_HZ)


def compare(footage: bytes, file: Path, rate: int) -> Compared:
    """`rate`: the configured pictures a second, to which a faster file is thinned."""
    replay = read_media(footage, None)
    source = read_media(file, _shape(footage))
    frames = len(replay.times_s)
    duration_s = round(float(replay.times_s[-1] - replay.times_s[0]), 3) if frames > 1 else 0.0
    picture_lag_s = find_picture_lag(replay, source)
    if picture_lag_s is None:
        return Compared(frames, None, None, duration_s)
    lost = expected_frames(replay, source, picture_lag_s, rate) - frames
    sound_lag_s = find_sound_lag(replay, source, picture_lag_s)
    offset_ms = None if sound_lag_s is None else round((sound_lag_s - picture_lag_s) * 1000, 1)
    return Compared(frames, int(max(0, lost)), offset_ms, duration_s)


def find_picture_lag(replay: Media, source: Media) -> float | None:
    """Replay time minus file time in seconds, modulo the file's length; None when the pictures don't tell."""
    if len(replay.times_s) < 10 or len(source.times_s) < 10:
        return None
    match = _distances(replay.thumbs, source.thumbs).argmin(axis=1)
    length_s = source.end_s
    lags = (replay.times_s - source.times_s[match]) % length_s
    step_s = float(np.median(np.diff(source.times_s)))
    bins = np.round(lags / step_s).astype(int)
    near = np.bincount(bins, minlength=bins.max() + 3)
    around = near + np.roll(near, 1) + np.roll(near, -1)
    best = int(around.argmax())
    agreeing = np.abs(bins - best) <= 1
    if agreeing.mean() < SURE_SHARE:
        return None
    return float(np.median(lags[agreeing]))


def expected_frames(replay: Media, source: Media, lag_s: float, rate: int) -> int:
    """How many pictures of the looped file lie between the replay's first and last, thinned as the recorder does."""
    first_s, last_s = float(replay.times_s[0]), float(replay.times_s[-1])
    step_s = float(np.median(np.diff(source.times_s)))
    rounds = range(int((first_s - lag_s) // source.end_s) - 1, int((last_s - lag_s) // source.end_s) + 2)
    times = np.concatenate([source.times_s + number * source.end_s + lag_s for number in rounds])
    thinned = PictureRate(rate)
    kept = [time for time in times if thinned.wanted(int(time * 1e9))]
    return sum(first_s - step_s / 2 <= time <= last_s + step_s / 2 for time in kept)


def find_sound_lag(replay: Media, source: Media, picture_lag_s: float) -> float | None:
    """Like `find_picture_lag` for the sound, looked for within 0.8 s of where the picture says it should be."""
    if len(source.sound) < SOUND_HZ or len(replay.sound) < SOUND_HZ * STRETCH_S:
        return None
    length = round(source.end_s * SOUND_HZ)
    line = np.zeros(length, np.float32)
    place = round(source.sound_start_s * SOUND_HZ)
    line[place : place + len(source.sound)] = source.sound[: length - place]
    near, size = round(NEAR_S * SOUND_HZ), STRETCH_S * SOUND_HZ
    lags: list[float] = []
    for start in range(0, len(replay.sound) - size, size // 2):
        stretch = replay.sound[start : start + size]
        begins_s = replay.sound_start_s + start / SOUND_HZ
        origin = round((begins_s - picture_lag_s) * SOUND_HZ) - near
        window = line[np.arange(origin, origin + size + 2 * near) % length]
        shift, sure = _best_shift(stretch, window)
        if sure >= SURE_CORRELATION:
            lags.append(begins_s - (origin + shift) / SOUND_HZ)
    return float(np.median(lags)) if lags else None


def read_media(media: Path | bytes, canvas: tuple[int, int] | None) -> Media:
    """`canvas`: the recorded picture's size, into which a file's pictures are fitted as the recorder does."""
    opened = io.BytesIO(media) if isinstance(media, bytes) else str(media)
    times: list[float] = []
    thumbs: list[Floats] = []
    blocks: list[tuple[float, Floats]] = []
    resampler = av.AudioResampler("fltp", "mono", SOUND_HZ)
    with av.open(opened, "r") as container:
        base_s = (container.start_time or 0) / 1e6 if canvas else 0.0
        wanted = [*container.streams.video[:1], *container.streams.audio[:1]]
        for frame in (frame for packet in container.demux(*wanted) for frame in packet.decode()):
            if isinstance(frame, av.VideoFrame) and frame.time is not None:
                times.append(frame.time - base_s)
                thumbs.append(_thumb(frame, canvas))
            elif isinstance(frame, av.AudioFrame) and frame.time is not None:
                start_s = frame.time - base_s
                for piece in resampler.resample(frame):
                    blocks.append((start_s, piece.to_ndarray()[0].astype(np.float32)))
    order = np.argsort(times) if times else np.zeros(0, int)
    stacked = np.stack([thumbs[index] for index in order]) if thumbs else np.zeros((0, 1), np.float32)
    sound, start_s = _line(blocks)
    return Media(np.array(times, np.float64)[order], stacked, sound, start_s)


def _line(blocks: list[tuple[float, Floats]]) -> tuple[Floats, float]:
    if not blocks:
        return np.zeros(0, np.float32), 0.0
    start_s = blocks[0][0]
    places = [round((time - start_s) * SOUND_HZ) for time, _ in blocks]
    line = np.zeros(max(place + len(block) for place, (_, block) in zip(places, blocks, strict=True)), np.float32)
    for place, (_, block) in zip(places, blocks, strict=True):
        if place >= 0:
            line[place : place + len(block)] = block
    return line, start_s


def _thumb(frame: av.VideoFrame, canvas: tuple[int, int] | None) -> Floats:
    """Grey, without the rows of the burnt-in text, free of brightness and contrast."""
    width, height = canvas or (frame.width, frame.height)
    scale = min(width / frame.width, height / frame.height)
    inner_width = max(1, round(THUMB_WIDTH * frame.width * scale / width))
    inner_height = max(1, round(THUMB_HEIGHT * frame.height * scale / height))
    small = frame.reformat(width=inner_width, height=inner_height, format="gray", interpolation="AREA").to_ndarray()
    whole = np.full((THUMB_HEIGHT, THUMB_WIDTH), 16, np.float32)
    top, left = (THUMB_HEIGHT - inner_height) // 2, (THUMB_WIDTH - inner_width) // 2
    whole[top : top + inner_height, left : left + inner_width] = small
    seen = whole[TEXT_ROWS:].reshape(-1)
    seen = seen - seen.mean()
    unit: Floats = (seen / (float(np.linalg.norm(seen)) or 1.0)).astype(np.float32)
    return unit


def _distances(left: Floats, right: Floats) -> Floats:
    """Thumbnails have length one: the greater the product, the nearer."""
    distances: Floats = 1 - left @ right.T
    return distances


def _best_shift(stretch: Floats, window: Floats) -> tuple[int, float]:
    """Where in `window` the stretch lies, and how sure that is (0 to 1)."""
    size = 1 << int(len(window) + len(stretch)).bit_length()
    spectrum = np.fft.rfft(window, size) * np.conj(np.fft.rfft(stretch, size))
    correlation = np.fft.irfft(spectrum, size)[: len(window) - len(stretch) + 1]
    energy = np.concatenate([[0.0], np.cumsum(window.astype(np.float64) ** 2)])
    local = energy[len(stretch) :] - energy[: -len(stretch)]
    norm = np.sqrt(local[: len(correlation)] * float((stretch.astype(np.float64) ** 2).sum()))
    if norm.max() < 1e-3:
        return 0, 0.0
    sure = np.where(norm > norm.max() * 0.05, correlation / np.maximum(norm, 1e-9), 0)
    best = int(sure.argmax())
    return best, float(sure[best])


def _shape(footage: bytes) -> tuple[int, int]:
    with av.open(io.BytesIO(footage), "r") as container:
        stream = container.streams.video[0]
        return stream.width, stream.height
