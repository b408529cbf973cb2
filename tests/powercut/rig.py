"""Cuts the power of a recording room many times over: one recording, many copies of its disk. Run by script/powercut.

A copy is taken at a random moment, in the instant in which the room acknowledged something, or while a segment's end
is being written. Each copy is mounted, a real recorder is started on it and must be writing again; then all that the
copy holds is checked. The last line printed is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from storage.coverage import uncovered
from storage.manifest import GapManifest, SegmentManifest
from tests.crash.rig import JOIN_NS, Kill, check, lost_ns, spread, wait_until_writing
from tests.edge.recorder.room import Room
from tests.powercut.acknowledged import Acknowledged, Officer, lost_rows
from tests.powercut.disk import Disk, cuttable_disk, mounted

MOST_LOST_S = 2.0
AT_A_TIME = 2  # copies that are started and checked beside the recording: as many as there are cores
LONGEST_WAIT_S = 8.0  # for an answer or a segment's end


@dataclass(frozen=True)
class Image:
    """What one copy came to. `problem`: the first sentence of what is wrong with it."""

    lost_s: float
    unreadable: int
    lost_rows: int
    writing_after_s: float
    problem: str | None


@dataclass(frozen=True)
class Cut:
    copy: Path
    cut_wall_ns: int
    moment: str
    before: Acknowledged


def rehearse(place: Path, images: int, chance: random.Random) -> list[Image]:
    with cuttable_disk(place) as disk, ThreadPoolExecutor(AT_A_TIME) as pool:
        room = Room(disk.room)
        room.start()
        try:
            room.enrol()
            wait_until_writing(room)
            return [done.result() for done in cut_often(disk, room, images, chance, pool)]
        finally:
            room.stop()


def cut_often(
    disk: Disk, room: Room, images: int, chance: random.Random, pool: ThreadPoolExecutor
) -> list[Future[Image]]:
    officer = Officer(room, chance)
    officer.start()
    checks: list[Future[Image]] = []
    for number in range(images):
        if number >= 2 * AT_A_TIME:
            checks[number - 2 * AT_A_TIME].result()  # so that the recording is not starved, nor the shelf filled
        moment = wait_for_a_moment(number, officer, room, chance)
        before = officer.known()
        copy, cut_wall_ns = disk.cut(f"cut{number}.img")
        checks.append(pool.submit(examine, Cut(copy, cut_wall_ns, moment, before), room))
        if officer.error is not None:
            raise officer.error
    officer.stop()
    return checks


def wait_for_a_moment(number: int, officer: Officer, room: Room, chance: random.Random) -> str:
    """Every third cut each: at any time; as an answer came; while a segment is finished or the one after it begun."""
    time.sleep(chance.uniform(0.1, 1.5))
    if number % 3 == 1:
        officer.wait_for_an_answer(LONGEST_WAIT_S)
        return "answer"
    if number % 3 == 2:
        wait_for_segment_end(room, LONGEST_WAIT_S)
        time.sleep(chance.uniform(0, 0.03))
        return "segment end"
    return "any"


def wait_for_segment_end(room: Room, timeout_s: float) -> None:
    until_s = time.monotonic() + timeout_s
    had = open_segments(room)
    while open_segments(room) == had and time.monotonic() < until_s:
        time.sleep(0.001)


def open_segments(room: Room) -> set[str]:
    return {file.name for file in (room.spool / "segments").glob("*/*.open")}


def examine(cut: Cut, recorded: Room) -> Image:
    """Start a recorder on the copy as a room PC would after a power cut, then look at everything."""
    at = cut.copy.with_suffix("")
    with mounted(cut.copy, at):
        room = Room(at, recorded.centre)
        started_wall_ns = time.time_ns()
        room.start()
        try:
            writing_after_s = wait_until_writing(room)
            time.sleep(0.6)
        finally:
            room.stop()
        image = judge(room, cut, started_wall_ns, writing_after_s)
    cut.copy.unlink()
    return image


def judge(room: Room, cut: Cut, started_wall_ns: int, writing_after_s: float) -> Image:
    entries = room.entries()
    gaps = [entry for entry in entries if isinstance(entry, GapManifest) and entry.track == "all"]
    segments = [entry for entry in entries if isinstance(entry, SegmentManifest)]
    lost = lost_ns(Kill(0, cut.cut_wall_ns, recording=True), gaps)
    holes = uncovered([(one.start.wall_ns, one.end.wall_ns) for one in [*gaps, *segments]], JOIN_NS)
    report = check(room)
    problem = report.problem.message_en if report.problem else None
    if lost is None or holes:
        problem = problem or f"cut at {cut.moment}: no gap tells of it, or the timeline has holes: {holes}"
    return Image(
        lost_s=round((lost or 0) / 1e9, 3),
        unreadable=0 if report.ok else max(1, len(segments) - report.opened_checked),
        lost_rows=lost_rows(room, cut.before),
        writing_after_s=round(writing_after_s, 2),
        problem=problem,
    )


def main() -> int:
    parser = argparse.ArgumentParser(prog="script/powercut", description=__doc__)
    parser.add_argument("--images", type=int, default=20)
    parser.add_argument("--seed", type=int, default=None)
    options = parser.parse_args()
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(10**6)
    print(f"seed {seed}", file=sys.stderr)
    with tempfile.TemporaryDirectory(prefix="shilu-cut-") as place:
        images = rehearse(Path(place), options.images, random.Random(seed))
    for problem in {image.problem for image in images if image.problem}:
        print(problem, file=sys.stderr)
    print(f"lost (s): {spread([image.lost_s for image in images])}", file=sys.stderr)
    print(f"writing again after (s): {spread([image.writing_after_s for image in images])}", file=sys.stderr)
    outcome = {
        "images": len(images),
        "max_lost_s": max(image.lost_s for image in images),
        "unreadable": sum(image.unreadable for image in images),
        "lost_rows": sum(image.lost_rows for image in images),
    }
    print(json.dumps(outcome))
    sound = not any(image.problem for image in images)
    passed = sound and outcome["max_lost_s"] <= MOST_LOST_S and not outcome["unreadable"] and not outcome["lost_rows"]
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
