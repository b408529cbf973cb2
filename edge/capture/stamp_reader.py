"""Measures footage of the synthetic source: which frames are there, and how far sound is from picture.

Reads any container PyAV opens. Knows nothing of runs or manifests: the demo and the tests give it replayed footage.
"""

from __future__ import annotations

import io
import itertools
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

from edge.capture.bars import FRAME_BAR, read_bars
from edge.capture.planes import plane_of
from edge.capture.stamp import BEEP_HZ, flash_area

Floats = npt.NDArray[np.float64]
_WINDOW_S = 0.002


@dataclass(frozen=True, slots=True)
class Measured:
    """`av_offset_ms`: sound minus picture, positive when the sound is late; None when no flash met a beep."""

    frames: int
    lost_frames: int
    repeated_frames: int
    unreadable_frames: int
    av_offset_ms: float | None
    av_offset_spread_ms: float
    duration_s: float
    pts_steps_90k: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Picture:
    time_s: float
    number: int | None
    brightness: float


def measure(footage: Path | bytes) -> Measured:
    """Decode `footage` (a path or a whole file's bytes) and measure it. Raises av.FFmpegError when it can't be read."""
    pictures = _read_pictures(footage)
    beeps = _beep_onsets(*_read_sound(footage))
    offsets = _offsets_ms(_flash_onsets(pictures), beeps)
    numbers = [picture.number for picture in pictures if picture.number is not None]
    steps = np.diff(numbers) if len(numbers) > 1 else np.zeros(0, int)
    times = np.array([picture.time_s for picture in pictures])
    spacing = np.diff(times)
    return Measured(
        frames=len(pictures),
        lost_frames=int(sum(step - 1 for step in steps if step > 1)),
        repeated_frames=int((steps == 0).sum()),
        unreadable_frames=len(pictures) - len(numbers),
        av_offset_ms=round(float(np.median(offsets)), 2) if len(offsets) else None,
        av_offset_spread_ms=round(float(np.ptp(offsets)), 2) if len(offsets) else 0.0,
        duration_s=round(float(times[-1] - times[0] + np.median(spacing)), 3) if len(spacing) else 0.0,
        pts_steps_90k=tuple(sorted({int(step) for step in np.rint(spacing * 90_000)})),
    )


def _open(footage: Path | bytes) -> av.container.InputContainer:
    return av.open(io.BytesIO(footage) if isinstance(footage, bytes) else str(footage), "r")


def _read_pictures(footage: Path | bytes) -> list[_Picture]:
    pictures: list[_Picture] = []
    with _open(footage) as container:
        if not container.streams.video:
            return pictures
        for frame in container.decode(video=0):
            luma = plane_of(frame, 0)
            left, top, right, bottom = flash_area(frame.width, frame.height)
            brightness = float(luma[top:bottom:4, left:right:4].mean())
            pictures.append(_Picture(float(frame.time or 0), read_bars(luma, FRAME_BAR), brightness))
    return sorted(pictures, key=lambda picture: picture.time_s)


def _flash_onsets(pictures: list[_Picture]) -> list[float]:
    return [
        after.time_s for before, after in itertools.pairwise(pictures) if before.brightness < 120 <= after.brightness
    ]


def _read_sound(footage: Path | bytes) -> tuple[Floats, float, int]:
    """The first sound track as one mono line with silence in its holes, its start in seconds, its rate."""
    blocks: list[tuple[float, Floats]] = []
    rate = 48_000
    with _open(footage) as container:
        if not container.streams.audio:
            return np.zeros(0), 0.0, rate
        for frame in container.decode(audio=0):
            rate = frame.sample_rate
            samples = frame.to_ndarray().astype(np.float64)
            if not frame.format.is_planar:
                samples = samples.reshape(-1, frame.layout.nb_channels).T
            blocks.append((float(frame.time or 0), samples.mean(axis=0)))
    if not blocks:
        return np.zeros(0), 0.0, rate
    start = min(time for time, _ in blocks)
    end = max(round((time - start) * rate) + len(samples) for time, samples in blocks)
    line = np.zeros(end)
    for time, samples in blocks:
        place = round((time - start) * rate)
        line[place : place + len(samples)] = samples
    return line, start, rate


def _beep_onsets(line: Floats, start_s: float, rate: int) -> list[float]:
    """Where the 1 kHz level crosses half of its peak; the window's half width is taken out."""
    window = max(1, int(rate * _WINDOW_S))
    if len(line) < window * 4:
        return []
    turned = line * np.exp(-2j * np.pi * BEEP_HZ / rate * np.arange(len(line)))
    sums = np.concatenate([[0], np.cumsum(turned)])
    level = np.abs(sums[window:] - sums[:-window])
    threshold = level.max() / 2
    if threshold <= 0:
        return []
    rising = np.flatnonzero((level[1:] >= threshold) & (level[:-1] < threshold)) + 1
    onsets: list[float] = []
    for place in rising:
        time = start_s + (place + window / 2) / rate
        if not onsets or time - onsets[-1] > 0.3:
            onsets.append(time)
    return onsets


def _offsets_ms(flashes: list[float], beeps: list[float]) -> list[float]:
    offsets: list[float] = []
    for flash in flashes:
        near = min((beep - flash for beep in beeps), key=abs, default=None)
        if near is not None and abs(near) < 0.45:
            offsets.append(near * 1000)
    return offsets
