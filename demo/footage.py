"""Measures replayed footage whatever its source was. Chooses the method; the methods stand elsewhere."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import av
import numpy as np

from demo.comparison import compare
from edge.capture.stamp_reader import measure


@dataclass(frozen=True, slots=True)
class Footage:
    """`lost_frames` and `av_offset_ms` are None where the source gives nothing to measure them by."""

    duration_s: float
    frames: int
    lost_frames: int | None
    av_offset_ms: float | None
    method: str


def measure_footage(
    files: tuple[bytes, ...], camera: dict[str, Any], microphone: dict[str, Any] | None, rate: int
) -> Footage:
    """`files`: one whole file per run. Losses add up; the offset is the middle one of the runs'."""
    measured = [_measure_run(file, camera, microphone, rate) for file in files]
    losses = [one.lost_frames for one in measured]
    offsets = [one.av_offset_ms for one in measured if one.av_offset_ms is not None]
    return Footage(
        duration_s=round(sum(one.duration_s for one in measured), 3),
        frames=sum(one.frames for one in measured),
        lost_frames=None if None in losses else sum(loss or 0 for loss in losses),
        av_offset_ms=round(median(offsets), 1) if offsets else None,
        method=", ".join(sorted({one.method for one in measured})),
    )


def _measure_run(file: bytes, camera: dict[str, Any], microphone: dict[str, Any] | None, rate: int) -> Footage:
    stamped = measure(file)
    if stamped.frames and stamped.unreadable_frames * 10 <= stamped.frames:
        lost, offset = stamped.lost_frames, stamped.av_offset_ms
        return Footage(stamped.duration_s, stamped.frames, lost, offset, "stamps")
    if camera["kind"] == "file":
        found = compare(file, Path(camera["path"]), rate)
        offset = found.av_offset_ms if microphone == camera else None
        return Footage(stamped.duration_s, found.frames, found.lost_frames, offset, "comparison with the file")
    return Footage(stamped.duration_s, stamped.frames, _holes(file), None, "holes on the timeline")


def _holes(file: bytes) -> int:
    """Pictures that are missing by the timeline itself: steps of two and more usual ones."""
    with av.open(io.BytesIO(file), "r") as container:
        times = sorted(packet.pts for packet in container.demux(video=0) if packet.pts is not None)
    steps = np.diff(times)
    usual = float(np.median(steps)) if len(steps) else 1.0
    return int(sum(max(0, round(step / usual) - 1) for step in steps))
