"""Records for a long time with a real recorder and measures what was kept. Run by script/soak and the tests beside it.

A film whose pictures and sound are numbered is camera and officer's microphone; the visitor's microphone is a real
sound server that plays a beep a second. Sessions open and close meanwhile, so that segments are cut at odd places too.
Pictures that a busy machine refused stand in signed gaps and are told of, but are not lost at joins. The last line
printed is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import sys
import tempfile
import time
import wave
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

import av_drift_detector as avd
import numpy as np

from config.room import FileSource, MicrophoneSource, PictureSettings, SecondMicrophone, SpoolSettings
from edge.capture.stamp import StampSound
from storage.manifest import AudioTrack, GapManifest, SegmentManifest
from tests.crash.rig import check
from tests.edge.recorder.room import Room, recording_room
from tests.servers.room_microphone import start_room_microphone
from tests.soak.footage_measure import PATTERN_RATE, Continuity, MeasuredSegment, judge_continuity, measure_segments
from tests.soak.vitals import Vitals, watched

EARLY_MS, LATE_MS = 15, 45  # how much sound may be before and behind its picture
GROWTH_PCT = 5.0
PICTURE = PictureSettings(width=640, height=360, rate=25, bitrate_kbps=1000, preset="ultrafast")
SPOOL = SpoolSettings(segment_s=10, reserve_mb=50)
SESSION_S = 37.0  # opens and closes in turn: two cuts that no segment's own length asks for


@dataclass
class Outcome:
    """`av_offset_ms` is the worst of all segments, positive when the sound is early; `offsets_ms` start, middle, end.

    `visitor_wander_ms`: how far the beeps of the real microphone moved against the clock over the whole recording; on
    a busy machine the player itself stumbles, so it is told and not judged. `sound_gaps_ms`: stretches of silence that
    the chain states, by source.
    """

    minutes: float
    continuity: Continuity
    av_offset_ms: float | None
    offsets_ms: list[float]
    memory_growth_pct: float
    descriptors_growth: int
    visitor_wander_ms: float | None
    drifts_ppm: list[float | None]
    sound_gaps_ms: list[tuple[str | None, int]]
    segments: int
    runs: int
    problem: str | None

    @property
    def lost_frames(self) -> int:
        return self.continuity.lost_at_joins + self.continuity.lost_within

    def line(self) -> str:
        figures = {"minutes": self.minutes, "lost_frames": self.lost_frames, "av_offset_ms": self.av_offset_ms}
        figures |= {"memory_growth_pct": self.memory_growth_pct, "descriptors_growth": self.descriptors_growth}
        return json.dumps(figures)

    @property
    def in_sync(self) -> bool:
        return self.av_offset_ms is not None and -LATE_MS <= self.av_offset_ms <= EARLY_MS

    @property
    def whole(self) -> bool:
        return self.problem is None and not self.lost_frames and not self.continuity.sound_joins_broken

    @property
    def passed(self) -> bool:
        return self.whole and self.in_sync and self.memory_growth_pct < GROWTH_PCT and self.descriptors_growth <= 2


def soak(directory: Path, seconds: float, film_s: int = 120, *, real_microphone: bool = True) -> Outcome:
    film = make_film(directory / "film.mov", film_s)
    server = start_room_microphone(directory) if real_microphone else None
    played = FileSource(path=str(film))
    changes = {"camera": played, "microphone": played, "picture": PICTURE, "spool": SPOOL}
    try:
        with patch.dict(os.environ, server.environment if server else {}):
            if server is not None:
                changes["second_microphone"] = SecondMicrophone(microphone=MicrophoneSource(device=server.device))
                player = server.play(make_beeps(directory / "beeps.wav", seconds + 60))
            with recording_room(directory, **changes) as room:
                vitals = live_through(room, seconds)
    finally:
        if server is not None:
            player.kill()
            player.wait(5)
            server.stop()
    return judge(room, seconds, film_s, vitals, real_microphone)


def make_film(path: Path, seconds: int) -> Path:
    avd.generate(
        path, fps=PATTERN_RATE, duration=seconds, width=PICTURE.width, height=PICTURE.height, audio_codec="pcm",
        music=False,
    )  # fmt: skip
    return path


def make_beeps(path: Path, seconds: float) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(48_000)
        second = StampSound().samples(0, 48_000)
        for _ in range(int(seconds)):
            file.writeframes(second.tobytes())
    return path


def live_through(room: Room, seconds: float) -> Vitals:
    """Wait, and let people come and go."""
    if room.process is None:
        raise RuntimeError("the recorder does not run")
    until, session = time.monotonic() + seconds, None
    person = {"officer": secrets.token_hex(16), "signed_in": "online"}
    with watched(room.process.pid, every_s=max(0.5, seconds / 400)) as vitals:
        while (left_s := until - time.monotonic()) > 0:
            time.sleep(min(left_s, SESSION_S, seconds / 4))
            if session is None:
                session = secrets.token_hex(16)
                room.ask("open_session", session=session, **person)
            else:
                room.ask("close_session", session=session, **person)
                session = None
    return vitals


def judge(room: Room, seconds: float, film_s: int, vitals: Vitals, real_microphone: bool) -> Outcome:
    report = check(room)
    segments = measure_segments(room, beep_channel=1 if real_microphone else None)
    entries = room.entries()
    gaps = [entry for entry in entries if isinstance(entry, GapManifest)]
    pictures_missing = [gap for gap in gaps if gap.track in ("video", "all")]
    offsets = [segment.offset_ms for segment in segments if segment.offset_ms is not None]
    memory, descriptors = vitals.growth(warm_s=min(120.0, seconds / 4))
    return Outcome(
        minutes=round(seconds / 60, 2),
        continuity=judge_continuity(segments, pictures_missing, film_s * int(PATTERN_RATE)),
        av_offset_ms=round(max(offsets, key=abs), 2) if offsets else None,
        offsets_ms=[round(offsets[place], 2) for place in (0, len(offsets) // 2, -1)] if offsets else [],
        memory_growth_pct=memory,
        descriptors_growth=descriptors,
        visitor_wander_ms=wander_ms(segments) if real_microphone else None,
        drifts_ppm=drifts(entries),
        sound_gaps_ms=[
            (gap.source, (gap.end.mono_ns - gap.start.mono_ns) // 1_000_000) for gap in gaps if gap.track == "audio"
        ],
        segments=len(segments),
        runs=len({segment.run for segment in segments}),
        problem=report.problem.message_en if report.problem else None,
    )


def wander_ms(segments: list[MeasuredSegment]) -> float | None:
    """A beep each second of the sound server's clock, which is the machine's own: its place may not move."""
    beeps = [at_ns for segment in segments for at_ns in segment.beeps_ns]
    if len(beeps) < 3:
        return None
    turns = np.exp(2j * np.pi * np.array([at_ns % 1_000_000_000 for at_ns in beeps]) / 1e9)
    around = np.angle(turns / np.exp(1j * np.angle(turns.mean()))) / (2 * np.pi) * 1000
    return round(float(np.ptp(around)), 2)


def drifts(entries: list) -> list[float | None]:
    """Largest correction of each microphone in any segment, in ppm."""
    tracks = [t for e in entries if isinstance(e, SegmentManifest) for t in e.tracks if isinstance(t, AudioTrack)]
    by_channel: dict[int, list[float]] = {}
    for track in tracks:
        alone = [track.drift_ppm] if track.microphones is None else [one.drift_ppm for one in track.microphones]
        for channel, ppm in enumerate(alone):
            by_channel.setdefault(channel, []).append(ppm or 0.0)
    return [max(values, key=abs) for _, values in sorted(by_channel.items())]


def main() -> int:
    parser = argparse.ArgumentParser(prog="script/soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--film-seconds", type=int, default=120, help="length of the numbered film, played in turns")
    parser.add_argument("--one-microphone", action="store_true", help="the film's sound alone, no sound server")
    parser.add_argument("--keep", type=Path, default=None, help="record here and leave everything there")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="shilu-soak-") as place:
        directory = options.keep or Path(place)
        directory.mkdir(parents=True, exist_ok=True)
        outcome = soak(
            directory, options.minutes * 60, options.film_seconds, real_microphone=not options.one_microphone
        )
    print(f"{outcome}", file=sys.stderr)
    print(outcome.line())
    return 0 if outcome.passed else 1


if __name__ == "__main__":
    sys.exit(main())
