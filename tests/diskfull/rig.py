"""Fills the disk under a real recorder step by step and looks what goes, in which order, and what never does.

The room has forty days behind it (`tests/diskfull/backlog.py`). Run by script/diskfull; the last line printed is one
JSON object. Needs root.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from config.room import SpoolSettings
from edge.spool.disk_room import free_bytes
from storage.coverage import uncovered
from storage.manifest import GapCause, GapManifest, SegmentManifest
from tests.crash.rig import JOIN_NS, WRITING, check
from tests.diskfull.backlog import KEPT_DAYS, Backlog, make_backlog, path_of
from tests.edge.recorder.room import Room
from tests.servers.ext4_disk import ext4_disk
from tests.servers.small_disk import small_disk

MEGABYTES = 110
RESERVE = 50_000_000
SPOOL = SpoolSettings(segment_s=4, reserve_mb=50, keep_unarchived_days=KEPT_DAYS, keep_receipted_hours=2160)
SEEN_S, RESUMED_S = 10.0, 5.0


@dataclass
class Outcome:
    alarm_s: float = 0.0
    resumed_s: float = 0.0
    session_segments_lost: int = 0
    unverified: int = 0
    unrecorded_gaps: int = 0
    problems: list[str] = field(default_factory=list)

    def line(self) -> str:
        names = ("alarm_s", "resumed_s", "session_segments_lost", "unverified", "unrecorded_gaps")
        return json.dumps({name: getattr(self, name) for name in names})


class SynchronizedRoom(Room):
    """Its recorder believes the sandbox's clock."""

    module = "tests.diskfull.recorder"


class Filling:
    """Somebody else's file on the same disk."""

    def __init__(self, disk: Path) -> None:
        self._disk, self._file = disk, disk / "filler"
        self._file.touch()

    def leave(self, missing: int) -> None:
        """Grow until `missing` bytes of the reserve are gone."""
        more = free_bytes(self._disk) - (RESERVE - missing)
        with self._file.open("ab") as file:
            while more > 0:
                more -= file.write(bytes(min(more, 1 << 20)))

    def leave_nothing(self) -> None:
        """To the last block."""
        with self._file.open("ab", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(4096))
            except OSError:
                return

    def go(self) -> None:
        self._file.unlink()
        self._file.touch()


class Rehearsal:
    def __init__(self, room: Room, disk: Path, made: Backlog) -> None:
        self._room, self._made, self._filling = room, made, Filling(disk)
        self.outcome = Outcome()

    def run(self) -> Outcome:
        room, made, outcome = self._room, self._made, self.outcome
        self._expect("the alarm that less than a day is left", self._warned)
        self._filling.leave(4_000_000)
        self._expect("receipted footage goes first", lambda: len(self._standing(made.receipted)) < len(made.receipted))
        time.sleep(5)
        self._demand("nothing without a receipt goes while something receipted is left", made.old)
        self._demand("the oldest goes first", made.receipted[-1:])
        self._filling.leave(2_000_000 + self._size(made.receipted))
        self._expect("then old footage without a session goes", lambda: len(self._standing(made.old)) < len(made.old))
        self._demand("recording goes on", [] if room.ask("status")["state"] in WRITING else [""])
        if self._standing(made.receipted):
            self._say("old footage went although receipted footage was left")
        self._filling.leave_nothing()
        outcome.alarm_s = self._expect("the alarm that the disk is full", lambda: "disk-full" in self._codes())
        self._demand("what must never go", made.never)
        time.sleep(2)
        self._filling.go()
        outcome.resumed_s = self._expect("recording goes on by itself", lambda: self._status()["state"] in WRITING)
        time.sleep(1)
        room.stop()
        self._judge()
        return outcome

    def _warned(self) -> bool:
        hours = self._status().get("disk_hours_left")
        return "disk-low" in self._codes() and hours is not None and hours < 24

    def _status(self) -> dict[str, Any]:
        return self._room.ask("status")

    def _codes(self) -> set[str]:
        return {problem["code"] for problem in self._status().get("problems", ())}

    def _standing(self, paths: list[str]) -> list[str]:
        return [path for path in paths if (self._room.spool / path).is_file()]

    def _size(self, paths: list[str]) -> int:
        return sum((self._room.spool / path).stat().st_size for path in self._standing(paths))

    def _expect(self, what: str, condition: Callable[[], bool]) -> float:
        """Seconds until it is so; a problem when that takes too long."""
        began_s = time.monotonic()
        while time.monotonic() - began_s < 2 * SEEN_S:
            if condition():
                return round(time.monotonic() - began_s, 2)
            time.sleep(0.1)
        self._say(f"not within {2 * SEEN_S:.0f} s: {what}; {self._codes()}")
        return 2 * SEEN_S

    def _demand(self, what: str, paths: list[str]) -> None:
        if gone := [path for path in paths if path not in self._standing(paths)]:
            self._say(f"does not hold: {what} ({len(gone)} of {len(paths)})")

    def _say(self, problem: str) -> None:
        self.outcome.problems.append(problem)

    def _judge(self) -> None:
        outcome, room, made = self.outcome, self._room, self._made
        entries = room.entries()
        gaps = [entry for entry in entries if isinstance(entry, GapManifest) and entry.track == "all"]
        segments = [entry for entry in entries if isinstance(entry, SegmentManifest)]
        timeline = [gap for gap in gaps if gap.cause is not GapCause.EXPIRED_UNARCHIVED]
        spans = [(entry.start.wall_ns, entry.end.wall_ns) for entry in [*timeline, *segments]]
        outcome.session_segments_lost = len(made.never) - len(self._standing(made.never))
        outcome.unrecorded_gaps = len(uncovered(spans, JOIN_NS)) + len(self._unsigned(gaps, segments))
        report = check(room)
        outcome.unverified = 0 if report.ok else max(1, len(segments) - report.opened_checked)
        if report.problem:
            self._say(report.problem.message_en)
        if GapCause.DISK_FULL not in {gap.cause for gap in gaps}:
            self._say("no gap says disk-full")
        self.outcome.problems += misses(outcome)

    def _unsigned(self, gaps: list[GapManifest], segments: list[SegmentManifest]) -> list[SegmentManifest]:
        """Footage that is gone although neither a receipt nor a gap says so."""
        told = {number for gap in gaps if gap.expired for number in range(gap.expired.first, gap.expired.last + 1)}
        gone = [one for one in segments if not (self._room.spool / path_of(one)).is_file()]
        return [one for one in gone if one.number not in told and path_of(one) not in self._made.receipted]


def misses(outcome: Outcome) -> Iterator[str]:
    if outcome.alarm_s > SEEN_S:
        yield f"the alarm came after {outcome.alarm_s} s"
    if outcome.resumed_s > RESUMED_S:
        yield f"recording went on only after {outcome.resumed_s} s"
    if outcome.session_segments_lost:
        yield f"{outcome.session_segments_lost} segments are gone that must never go"
    if outcome.unrecorded_gaps:
        yield f"{outcome.unrecorded_gaps} breaks stand in no gap"


def rehearse(directory: Path, disk: Path) -> Outcome:
    """Sockets and the log lie in `directory`, everything else on `disk`."""
    (disk / "data").mkdir(mode=0o700)
    (directory / "data").symlink_to(disk / "data")
    room = SynchronizedRoom(directory)
    made = make_backlog(disk / "data" / "recorder", room.centre)
    room.start()
    try:
        room.wait_until("unconfigured")
        configuration = room.centre.configuration(spool=SPOOL)
        answer = room.ask("configure", configuration=configuration, sealing=room.centre.sealing())
        if not answer["ok"]:
            raise RuntimeError(str(answer))
        room.wait_until("recording")
        return Rehearsal(room, disk, made).run()
    except (TimeoutError, OSError, subprocess.SubprocessError):
        print(room.log.read_text()[-4000:], file=sys.stderr)
        raise
    finally:
        if room.process is not None:
            room.kill()


def main() -> int:
    parser = argparse.ArgumentParser(prog="script/diskfull", description=__doc__)
    parser.add_argument("--ext4", action="store_true", help="on a file system as rooms have; otherwise in memory")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="shilu-diskfull-") as place:
        if options.ext4:
            with ext4_disk(Path(place), MEGABYTES + 10) as disk:
                outcome = rehearse(Path(place), disk.place)
        else:
            with small_disk(MEGABYTES) as memory:
                outcome = rehearse(Path(place), memory)
    for problem in outcome.problems:
        print(problem, file=sys.stderr)
    print(outcome.line())
    return 1 if outcome.problems else 0


if __name__ == "__main__":
    sys.exit(main())
