"""Kills a real recorder at random moments and measures what that cost. Run by script/crash and the tests beside it.

Every fourth kill hits the start, where recovery runs. Several rooms may be recorded at a time, each with a recorder,
a disk place and a chain of its own: they only take the machine from one another, so the figures can but get worse.
The last line printed is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import av
import numpy as np

from config.room import FileSource, PictureSettings, V4l2Source
from storage.coverage import uncovered
from storage.manifest import GapManifest, SegmentManifest
from storage.sealing import IdentityOpener
from storage.signing import SigningKey
from storage.verification import Report, verify
from tests.edge.recorder.room import Room

JOIN_NS = 50_000_000  # one frame and some rounding: what may lie between two entries of a timeline without holes
WRITING = ("recording", "degraded")


@dataclass(frozen=True)
class Kill:
    """`recording`: footage was known to be on the disk in that life."""

    started_wall_ns: int
    killed_wall_ns: int
    recording: bool


@dataclass
class Outcome:
    kills: int
    max_lost_s: float
    unreadable: int
    unrecorded_gaps: int
    lost_s: list[float] = field(default_factory=list)
    writing_after_s: list[float] = field(default_factory=list)
    problem: str | None = None

    def line(self) -> str:
        parts = asdict(self)
        return json.dumps({name: parts[name] for name in ("kills", "max_lost_s", "unreadable", "unrecorded_gaps")})

    @property
    def passed(self) -> bool:
        return self.max_lost_s <= 1.0 and not self.unreadable and not self.unrecorded_gaps


def rehearse_rooms(directory: Path, kills: int, rooms: int, seed: int, **changes: Any) -> Outcome:
    """`kills` in all, over `rooms` that are recorded at the same time. Raises what goes wrong in any of them."""
    shares = [kills // rooms + (number < kills % rooms) for number in range(rooms)]
    with ThreadPoolExecutor(rooms) as pool:
        rehearsals = []
        for number, share in enumerate(shares):
            (place := directory / f"room{number}").mkdir()
            rehearsals.append(pool.submit(rehearse, place, share, random.Random(seed + number), **changes))
        return together([one.result() for one in rehearsals])


def together(outcomes: Sequence[Outcome]) -> Outcome:
    return Outcome(
        kills=sum(one.kills for one in outcomes),
        max_lost_s=max(one.max_lost_s for one in outcomes),
        unreadable=sum(one.unreadable for one in outcomes),
        unrecorded_gaps=sum(one.unrecorded_gaps for one in outcomes),
        lost_s=[part for one in outcomes for part in one.lost_s],
        writing_after_s=[part for one in outcomes for part in one.writing_after_s],
        problem=next((one.problem for one in outcomes if one.problem), None),
    )


def rehearse(directory: Path, kills: int, chance: random.Random, *, alive_s: float = 4.0, **changes: Any) -> Outcome:
    """Enrol a room, kill it `kills` times, start it once more, stop it in order, then look at what is there."""
    room = Room(directory)
    try:
        done, writing_after_s = kill_often(room, kills, chance, alive_s, changes)
        room.start()
        writing_after_s.append(wait_until_writing(room))
        time.sleep(1.0)
        room.stop()
    finally:
        if room.process is not None:
            room.kill()
    return judge(room, done, writing_after_s)


def kill_often(
    room: Room, kills: int, chance: random.Random, alive_s: float, changes: dict[str, Any]
) -> tuple[list[Kill], list[float]]:
    room.start()
    room.enrol(**changes)
    wait_until_writing(room)
    done: list[Kill] = [kill_while_recording(room, time.time_ns(), chance, alive_s)]
    writing_after_s: list[float] = []
    for number in range(1, kills):
        started_wall_ns = time.time_ns()
        room.start()
        if number % 4 == 0:
            time.sleep(chance.uniform(0.05, 1.2))
            done.append(Kill(started_wall_ns, room.kill(), recording=False))
        else:
            writing_after_s.append(wait_until_writing(room))
            done.append(kill_while_recording(room, started_wall_ns, chance, alive_s))
    return done, writing_after_s


def wait_until_writing(room: Room) -> float:
    """Seconds until footage is on the disk."""
    began_s = time.monotonic()
    while time.monotonic() - began_s < 15:
        try:
            if room.ask("status")["state"] in WRITING:
                return time.monotonic() - began_s
        except (OSError, ValueError):
            pass  # not listening yet
        time.sleep(0.02)
    raise TimeoutError(f"nothing written in 15 s: {room.log.read_text()[-2000:]}")


def kill_while_recording(room: Room, started_wall_ns: int, chance: random.Random, alive_s: float) -> Kill:
    time.sleep(chance.uniform(0.2, alive_s))
    return Kill(started_wall_ns, room.kill(), recording=True)


def judge(room: Room, kills: list[Kill], writing_after_s: list[float]) -> Outcome:
    """Loss per kill from the signed gaps, every segment opened, the whole timeline accounted for."""
    entries = room.entries()
    gaps = [entry for entry in entries if isinstance(entry, GapManifest) and entry.track == "all"]
    segments = [entry for entry in entries if isinstance(entry, SegmentManifest)]
    spans = [(entry.start.wall_ns, entry.end.wall_ns) for entry in [*gaps, *segments]]
    lost = [lost_ns(kill, gaps) for kill in kills]
    report = check(room)
    return Outcome(
        kills=len(kills),
        max_lost_s=round(max((part for part in lost if part is not None), default=0) / 1e9, 3),
        unreadable=0 if report.ok else max(1, len(segments) - report.opened_checked),
        unrecorded_gaps=len(uncovered(spans, JOIN_NS)) + sum(part is None for part in lost),
        lost_s=[round((part or 0) / 1e9, 3) for part in lost],
        writing_after_s=[round(part, 2) for part in writing_after_s],
        problem=report.problem.message_en if report.problem else None,
    )


def lost_ns(kill: Kill, gaps: list[GapManifest]) -> int | None:
    """From the end of what was kept to the kill; None when no gap tells of it. A kill before footage costs none."""
    telling = [gap for gap in gaps if gap.start.wall_ns <= kill.killed_wall_ns <= gap.end.wall_ns]
    if not telling:
        return None
    since = max(gap.start.wall_ns for gap in telling)
    if since >= kill.started_wall_ns:
        return kill.killed_wall_ns - since
    return kill.killed_wall_ns - kill.started_wall_ns if kill.recording else 0


def check(room: Room) -> Report:
    key = SigningKey.load(room.data / "recorder" / "keys" / "chain.key")
    opener = IdentityOpener(room.centre.identity)
    return verify(room.spool, [key.public], [room.centre.key.public], opener, thorough=True)


def spread(figures: Sequence[float]) -> str:
    """The middle and the worst of them, and all in order of size."""
    ordered = sorted(figures)
    return f"median {ordered[len(ordered) // 2]}, worst {ordered[-1]} of {len(ordered)}: {ordered}"


def still_picture(path: Path) -> Path:
    """A film in which nothing moves: next to no bytes for seconds."""
    with av.open(str(path), "w") as film:
        stream = film.add_stream("libx264", rate=10, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
        grey = np.full((180, 320, 3), 128, dtype=np.uint8)
        for _ in range(50):
            film.mux(stream.encode(av.VideoFrame.from_ndarray(grey, format="rgb24")))
        film.mux(stream.encode(None))
    return path


def main() -> int:
    parser = argparse.ArgumentParser(prog="script/crash", description=__doc__)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--rooms", type=int, default=4, help="how many are recorded, and killed, at the same time")
    parser.add_argument("--sound-alone", action="store_true", help="no camera: a slate and the microphone's sound")
    parser.add_argument("--still", action="store_true", help="a picture in which nothing moves")
    parser.add_argument("--full-picture", action="store_true", help="1280x720 at 2 Mbit/s, as rooms record by default")
    parser.add_argument("--seed", type=int, default=None)
    options = parser.parse_args()
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(10**6)
    print(f"seed {seed}", file=sys.stderr)
    with tempfile.TemporaryDirectory(prefix="shilu-crash-") as place:
        directory = Path(place)
        changes: dict[str, Any] = {}
        if options.sound_alone:
            changes["camera"] = V4l2Source(kind="v4l2", device="/dev/video-absent")
        if options.full_picture:
            changes["picture"] = PictureSettings()
        if options.still:
            changes["camera"] = FileSource(kind="file", path=str(still_picture(directory / "still.mp4")))
        rooms = max(1, min(options.rooms, options.kills))
        outcome = rehearse_rooms(directory, options.kills, rooms, seed, **changes)
    print(f"lost (s): {spread(outcome.lost_s)}", file=sys.stderr)
    print(f"writing again after (s): {spread(outcome.writing_after_s)}", file=sys.stderr)
    if outcome.problem:
        print(outcome.problem, file=sys.stderr)
    print(outcome.line())
    return 0 if outcome.passed else 1


if __name__ == "__main__":
    sys.exit(main())
