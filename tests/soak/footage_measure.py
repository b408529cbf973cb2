"""Measures what a long recording kept: from sealed, signed files, opened with the archive's key. Records nothing.

The film's every picture and every picture's worth of sound carry their number (av-drift-detector), so that a lost
picture is a number that is missing, and the offset of sound from picture is read in each segment by itself.
"""

from __future__ import annotations

import io
import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import av
import av_drift_detector as avd
import numpy as np

from edge.capture.planes import plane_of
from storage.manifest import GapManifest, SegmentManifest
from storage.sealing import IdentityOpener, open_bytes
from tests.edge.recorder.room import Room

PATTERN_RATE = "25"
SHORTEST = 48_000 // 2  # less sound tells no offset


@dataclass(frozen=True)
class MeasuredSegment:
    """`numbers` by picture; None: its stamp can't be read. `offset_ms`: positive when the sound is early."""

    run: str
    sequence: int
    start_mono_ns: int
    numbers: list[int | None]
    times_90k: list[int]
    sound_from: int
    sound_to: int
    offset_ms: float | None
    beeps_ns: list[int]


@dataclass(frozen=True)
class Continuity:
    """`lost_at_joins` and `lost_within`: pictures that no signed gap tells of. `refused`: those that one does."""

    joins: int
    lost_at_joins: int
    lost_within: int
    refused: int
    repeated: int
    unreadable: int
    sound_joins_broken: int


def measure_segments(room: Room, beep_channel: int | None = None) -> list[MeasuredSegment]:
    """One segment after the other, so that thirty minutes need no more memory than ten seconds."""
    opener = IdentityOpener(room.centre.identity)
    measured = []
    for entry in room.entries():
        if isinstance(entry, SegmentManifest):
            sealed = room.spool / "segments" / entry.run / f"{entry.sequence:06d}.mp4.age"
            opened = open_bytes(sealed.read_bytes(), opener)
            measured.append(_measure(entry, opened, beep_channel))
    return measured


def judge_continuity(segments: Sequence[MeasuredSegment], gaps: Sequence[GapManifest], film: int) -> Continuity:
    """`film`: pictures in the film, which is played again and again."""
    within = [_missing(segment, None, gaps, film) for segment in segments]
    pairs = [(a, b) for a, b in itertools.pairwise(segments) if a.run == b.run and b.sequence == a.sequence + 1]
    joins = [_missing(a, b, gaps, film) for a, b in pairs]
    return Continuity(
        joins=len(pairs),
        lost_at_joins=sum(lost for lost, _, _ in joins),
        lost_within=sum(lost for lost, _, _ in within),
        refused=sum(refused for _, refused, _ in [*within, *joins]),
        repeated=sum(repeated for _, _, repeated in [*within, *joins]),
        unreadable=sum(segment.numbers.count(None) for segment in segments),
        sound_joins_broken=sum(a.sound_to != b.sound_from for a, b in pairs if min(a.sound_from, b.sound_from) >= 0),
    )


def _missing(
    first: MeasuredSegment, then: MeasuredSegment | None, gaps: Sequence[GapManifest], film: int
) -> tuple[int, int, int]:
    """Lost without a word, refused with a signed gap, shown twice: within a segment, or from one to the next."""
    known = _read(first)
    if then is not None:
        known = [*known[-1:], *_read(then)[:1]]
    lost = refused = repeated = 0
    for (before, from_ns), (number, to_ns) in itertools.pairwise(known):
        missing = (number - before) % film - 1
        if missing < 0:
            repeated += 1
        elif any(gap.start.mono_ns < to_ns and gap.end.mono_ns > from_ns for gap in gaps):
            refused += missing
        else:
            lost += missing
    return lost, refused, repeated


def _read(segment: MeasuredSegment) -> list[tuple[int, int]]:
    """Numbers that could be read, with the monotonic time of their pictures."""
    pairs = zip(segment.numbers, segment.times_90k, strict=True)
    return [(number, segment.start_mono_ns + at * 100_000 // 9) for number, at in pairs if number is not None]


def _measure(entry: SegmentManifest, opened: bytes, beep_channel: int | None) -> MeasuredSegment:
    begins_90k = entry.start.pts_90k or 0
    reader, numbers, times = avd.StampReader(), [], []
    with av.open(io.BytesIO(opened)) as container:
        for picture in container.decode(video=0):
            luma = plane_of(picture, 0)
            seen = reader.read(luma.tobytes(), picture.width, picture.height, float(picture.time or 0), luma.shape[1])
            numbers.append(seen["stamp"]["frame_id"] if seen.get("stamp") else None)
            times.append(round(float(picture.time or 0) * 90_000) - begins_90k)
    sound, first, last = _sound(opened)
    audio = {"sample_rate": 48_000, "start_time": first / 48_000, "samples": sound[:, 0].copy()}
    seen = reader.finish()
    report = avd.analyze_frames(seen, audio, fps=PATTERN_RATE, capture="file") if len(sound) > SHORTEST else None
    late_ms = report["summary"]["median_ms"] if report else None
    channel = None if beep_channel is None else sound[:, beep_channel]
    anchor_ns = entry.start.mono_ns - begins_90k * 100_000 // 9
    return MeasuredSegment(
        entry.run, entry.sequence, entry.start.mono_ns, numbers, times, first, last,
        None if late_ms is None else -late_ms,
        [] if channel is None else [anchor_ns + place * 1_000_000 // 48 for place in _beeps(channel, first)],
    )  # fmt: skip


def _sound(opened: bytes) -> tuple[np.ndarray, int, int]:
    """Samples [n, channels], and where the track begins and ends in samples of its run."""
    with av.open(io.BytesIO(opened)) as container:
        frames = list(container.decode(audio=0))
    if not frames:  # a run's last pictures may stand alone in a segment that was cut just before
        return np.zeros((0, 2), np.float32), -1, -1
    samples = np.concatenate([frame.to_ndarray().T for frame in frames]).astype(np.float32)
    first = round(float(frames[0].time or 0) * 48_000)
    return samples, first, first + len(samples)


def _beeps(channel: np.ndarray, first: int) -> list[int]:
    """Where the level of 1 kHz rises, to a fraction of a millisecond."""
    turned = channel * np.exp(-2j * np.pi * 1000 / 48_000 * np.arange(len(channel)))
    sums = np.concatenate([[0], np.cumsum(turned)])
    level = np.abs(sums[96:] - sums[:-96])
    half = level.max(initial=0) / 2
    if half < 0.5:  # the beep at half of full scale, 96 samples long, sums up to 24
        return []
    rising = np.flatnonzero((level[1:] >= half) & (level[:-1] < half)) + 49
    return [first + int(place) for place in rising]
