"""Lets the disk under a real recorder hang, again and again, and measures what that cost. Run by script/slowdisk.

The spool lies on an ext4 of its own that `fsfreeze` stops; sockets and log lie elsewhere. The last line printed is one
JSON object. Needs root.
"""

from __future__ import annotations

import argparse
import json
import secrets
import socket
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from storage.coverage import uncovered
from storage.manifest import GapCause, GapManifest, NoteKind, NoteManifest, SegmentManifest
from tests.crash.rig import JOIN_NS, WRITING, check
from tests.edge.recorder.room import Room
from tests.servers.ext4_disk import Ext4Disk, ext4_disk

BUFFER_S = 30.0
STATUS_S = 1.0
WRITING_S = 5.0
KEY_FRAME_S = 8.0  # beyond what the buffer could not take: until it is half empty, and up to a key frame
NS = 1_000_000_000


@dataclass(frozen=True)
class Stall:
    """`frames` came out of the encoder while the disk hung; `session` was opened meanwhile."""

    seconds: float
    frozen_wall_ns: int
    thawed_wall_ns: int
    frames: int
    slowest_status_s: float
    writing_after_s: float
    opening: str
    session: str


@dataclass
class Outcome:
    stalls: int
    max_lost_s_within_buffer: float
    overflow_gap_s: float
    status_max_s: float
    unrecorded_gaps: int
    problems: list[str] = field(default_factory=list)

    def line(self) -> str:
        names = ("stalls", "max_lost_s_within_buffer", "overflow_gap_s", "status_max_s", "unrecorded_gaps")
        return json.dumps({name: getattr(self, name) for name in names})

    @property
    def passed(self) -> bool:
        return not self.problems


def rehearse(directory: Path, disk: Ext4Disk, stalls: list[float]) -> Outcome:
    (disk.place / "data").mkdir(mode=0o700)
    (directory / "data").symlink_to(disk.place / "data")
    room = Room(directory)
    room.start()
    try:
        room.enrol()
        wait_until_writing(room)
        done = []
        for seconds in stalls:
            time.sleep(3.0)
            done.append(stall(room, disk, seconds))
        time.sleep(2.0)
        room.stop()
        return judge(room, done)
    finally:
        disk.release()
        if room.process is not None:
            room.kill()


def stall(room: Room, disk: Ext4Disk, seconds: float) -> Stall:
    """Freeze, watch the status all the time, open a session meanwhile, thaw, wait until footage is written again."""
    session, opening = secrets.token_hex(16), []
    before = int(room.ask("status")["frames"])
    disk.freeze()
    frozen_wall_ns, until_s, slowest_s, frames = time.time_ns(), time.monotonic() + seconds, 0.0, before
    officer = threading.Thread(target=lambda: opening.append(open_session(room, session)), daemon=True)
    officer.start()
    while time.monotonic() < until_s:
        began_s = time.monotonic()
        frames = int(room.ask("status")["frames"])
        slowest_s = max(slowest_s, time.monotonic() - began_s)
        time.sleep(0.2)
    disk.thaw()
    thawed_wall_ns = time.time_ns()
    writing_after_s = wait_until_writing(room, beyond_wall_ns=thawed_wall_ns)
    officer.join(20)
    again = open_session(room, session)
    room.ask("close_session", session=session, officer="0" * 32, signed_in="offline")
    first = str(opening[0].get("code", "ok")) if opening else "silent"
    return Stall(
        seconds,
        frozen_wall_ns,
        thawed_wall_ns,
        frames - before,
        slowest_s,
        writing_after_s,
        first if again.get("ok") else f"{first}, then {again.get('code')}",
        session,
    )


def open_session(room: Room, session: str) -> dict[str, Any]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as peer:
        peer.settimeout(20)
        peer.connect(str(room.socket))
        order = {"command": "open_session", "session": session, "officer": "0" * 32, "signed_in": "offline"}
        peer.sendall(json.dumps(order).encode() + b"\n")
        answer: dict[str, Any] = json.loads(peer.makefile("rb").readline())
        return answer


def wait_until_writing(room: Room, beyond_wall_ns: int = 0) -> float:
    """Seconds until footage of a moment after `beyond_wall_ns` is on the disk."""
    began_s = time.monotonic()
    while time.monotonic() - began_s < 20:
        try:
            status = room.ask("status")
        except OSError:
            status = {}
        if status.get("state") in WRITING and (status.get("last_synced_wall_ns") or 0) > beyond_wall_ns:
            return time.monotonic() - began_s
        time.sleep(0.05)
    raise TimeoutError(f"nothing written in 20 s: {room.log.read_text()[-2000:]}")


def judge(room: Room, stalls: list[Stall]) -> Outcome:
    entries = room.entries()
    gaps = [entry for entry in entries if isinstance(entry, GapManifest) and entry.track == "all"]
    segments = [entry for entry in entries if isinstance(entry, SegmentManifest)]
    spans = [(entry.start.wall_ns, entry.end.wall_ns) for entry in [*gaps, *segments]]
    lost_s = [lost_in(one, gaps) for one in stalls]
    outcome = Outcome(
        stalls=len(stalls),
        max_lost_s_within_buffer=max((s for s, one in zip(lost_s, stalls, strict=True) if is_buffered(one)), default=0),
        overflow_gap_s=max((s for s, one in zip(lost_s, stalls, strict=True) if not is_buffered(one)), default=0),
        status_max_s=round(max(one.slowest_status_s for one in stalls), 3),
        unrecorded_gaps=len(uncovered(spans, JOIN_NS)),
    )
    outcome.problems = list(faults(room, outcome, stalls, gaps))
    return outcome


def is_buffered(one: Stall) -> bool:
    return one.seconds < BUFFER_S


def lost_in(one: Stall, gaps: list[GapManifest]) -> float:
    """Seconds that gaps name around this stall."""
    until_ns = one.thawed_wall_ns + 10 * NS
    touching = [gap for gap in gaps if gap.start.wall_ns < until_ns and gap.end.wall_ns > one.frozen_wall_ns]
    return round(sum(gap.end.wall_ns - gap.start.wall_ns for gap in touching) / NS, 3)


def faults(room: Room, outcome: Outcome, stalls: list[Stall], gaps: list[GapManifest]) -> list[str]:
    """What does not hold, in a sentence each."""
    found: list[str] = []
    if outcome.max_lost_s_within_buffer > 0:
        found.append(f"{outcome.max_lost_s_within_buffer} s were lost in a stall that the buffer takes")
    beyond = max((one.seconds for one in stalls), default=0) - BUFFER_S
    if outcome.overflow_gap_s > max(0.0, beyond) + KEY_FRAME_S:
        found.append(f"{outcome.overflow_gap_s} s were lost beyond the buffer, {beyond} s and a little were due")
    if beyond > 0 and not any(gap.cause is GapCause.WRITER_OVERFLOW for gap in gaps):
        found.append("no gap says writer-overflow")
    if outcome.status_max_s > STATUS_S:
        found.append(f"the status took {outcome.status_max_s} s")
    if outcome.unrecorded_gaps:
        found.append(f"{outcome.unrecorded_gaps} breaks stand in no gap")
    opened = [note.session for note in room.entries() if isinstance(note, NoteManifest) and is_opening(note)]
    for one in stalls:
        if one.frames < one.seconds * 5:  # half of the ten pictures a second
            found.append(f"only {one.frames} pictures were encoded in {one.seconds} s: capture stood still")
        if one.writing_after_s > WRITING_S:
            found.append(f"written again only {one.writing_after_s:.1f} s after a stall of {one.seconds} s")
        if one.opening not in ("ok", "disk-hangs") or opened.count(one.session) != 1:
            found.append(f"the session opened in a stall of {one.seconds} s: {one.opening}")
    report = check(room)
    return found if report.problem is None else [*found, report.problem.message_en]


def is_opening(note: NoteManifest) -> bool:
    return note.note is NoteKind.SESSION_OPENED


def main() -> int:
    parser = argparse.ArgumentParser(prog="script/slowdisk", description=__doc__)
    parser.add_argument("--stalls", type=float, nargs="+", default=[5.0, 15.0, 45.0], help="seconds each")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="shilu-slowdisk-") as place, ext4_disk(Path(place), 600) as disk:
        outcome = rehearse(Path(place), disk, options.stalls)
    for problem in outcome.problems:
        print(problem, file=sys.stderr)
    print(outcome.line())
    return 0 if outcome.passed else 1


if __name__ == "__main__":
    sys.exit(main())
