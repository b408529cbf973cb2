"""The whole story without hands: a session in the room, its footage in the archive, a supervisor who replays it.

Goes through the same doors as people do: the room's page, the centre's pages, the archive's own bytes.
"""

from __future__ import annotations

import secrets
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from demo.console import Console, ConsoleRefused
from demo.evidence import verify_archive
from demo.footage import Footage, measure_footage
from demo.house import House
from demo.viewer import Replayed, Viewer

RECORD_S = 20.0
ARCHIVE_S = 120.0
PICTURE_RATE = 25
LARGEST_OFFSET_MS = 45.0
Say = Callable[[str], None]


@dataclass
class Outcome:
    """`figures` is the JSON line; `faults` says in sentences what did not hold."""

    figures: dict[str, Any]
    faults: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Session:
    session: str
    case_id: str
    opened_wall_ns: int
    closed_wall_ns: int

    @property
    def length_s(self) -> float:
        return (self.closed_wall_ns - self.opened_wall_ns) / 1e9


def run_story(house: House, camera: dict[str, Any], microphone: dict[str, Any] | None, say: Say) -> Outcome:
    say(f"录制 {RECORD_S:.0f} 秒 / recording a session of {RECORD_S:.0f} s")
    session = record_session(house)
    say("等待归档回执 / waiting for the archive's receipts")
    segments, archived = wait_for_receipts(house, session)
    say("督查查找并回放 / the supervisor finds and replays it")
    replayed, registered = replay(house, session)
    say("测量与核验 / measuring and verifying")
    footage = measure_footage(replayed.files, camera, microphone, PICTURE_RATE)
    stop_room(house)
    verdict = verify_archive(house)
    figures = {
        "recorded_s": round(session.length_s, 3),
        "segments": segments,
        "archived": archived,
        "replayed_s": round(replayed_seconds(replayed, footage, session), 3),
        "verified": not verdict,
        "av_offset_ms": footage.av_offset_ms,
        "lost_frames": footage.lost_frames,
    }
    say(f"测量方法 / measured by: {footage.method}")
    outcome = Outcome(figures, [f"verification: {verdict}"] if verdict else [])
    outcome.faults += find_faults(figures, replayed, session, registered)
    return outcome


def record_session(house: House) -> Session:
    officer, case_id = house.accounts["officer"], f"XF2026-{secrets.randbelow(10**6):06}"
    with Console(house.console_url) as console:
        console.sign_in(officer.number, officer.pin)
        session = console.open_session(case_id)
        opened = _opened_wall_ns(console, session)
        deadline = time.monotonic() + RECORD_S
        while time.monotonic() < deadline:
            house.watch()
            time.sleep(0.1)
        return Session(session, case_id, opened, console.close_session(session))


def _opened_wall_ns(console: Console, session: str) -> int:
    """The page knows it a moment later: it asks the recorder once a second."""
    for _ in range(100):
        shown = console.status()["session"]
        if shown and shown["session"] == session:
            return int(shown["opened_wall_ns"])
        time.sleep(0.1)
    raise ConsoleRefused("the room's page does not show the session that was opened")


def wait_for_receipts(house: House, session: Session) -> tuple[int, int]:
    """Segments of the session in the room, and how many of them have a receipt that the recorder has checked."""
    deadline = time.monotonic() + ARCHIVE_S
    while True:
        segments, archived, last_wall_ns = count_segments(house, session)
        if (segments == archived and last_wall_ns >= session.closed_wall_ns) or time.monotonic() > deadline:
            return segments, archived
        house.watch()
        time.sleep(0.25)


def stop_room(house: House) -> None:
    """At a moment when nothing is on its way, so that the archive holds the chain without holes."""
    deadline = time.monotonic() + ARCHIVE_S
    query = "SELECT count(*) FROM entries WHERE kind = 'segment' AND state = 'waiting'"
    while _ask_index(house, query)[0] and time.monotonic() < deadline:
        time.sleep(0.05)
    house.stop_programs("agent", "live", "recorder")


def count_segments(house: House, session: Session) -> tuple[int, int, int]:
    row = _ask_index(
        house,
        "SELECT count(*), coalesce(sum(state IN ('receipted', 'pruned')), 0), coalesce(max(end_wall_ns), 0)"
        " FROM entries WHERE kind = 'segment' AND end_wall_ns > ? AND start_wall_ns < ?",
        session.opened_wall_ns,
        session.closed_wall_ns,
    )
    return int(row[0]), int(row[1]), int(row[2])


def _ask_index(house: House, query: str, *values: int) -> tuple[int, ...]:
    index = house.place.room_data / "recorder" / "spool" / "index.sqlite"
    with closing(sqlite3.connect(f"file:{index}?mode=ro", uri=True)) as database:
        row: tuple[int, ...] = database.execute(query, values).fetchone()
        return row


def replay(house: House, session: Session) -> tuple[Replayed, bool]:
    """What a supervisor's player gets, and whether the register shows it."""
    supervisor = house.accounts["supervisor"]
    with Viewer(house.centre_url) as viewer:
        viewer.sign_in(supervisor.name, supervisor.password)
        if session.session not in viewer.find(session.case_id):
            return Replayed((), 0, {"pieces": [], "missing": []}), False
        player = viewer.open_player(session.session, "演示自检：核对录像是否完整")
        return viewer.fetch(player), viewer.register_names(session.session)


def replayed_seconds(replayed: Replayed, footage: Footage, session: Session) -> float:
    """Decoded seconds that belong to the session; a player also gets what surrounds it."""
    opened_ms, closed_ms = session.opened_wall_ns / 1e6, session.closed_wall_ns / 1e6
    around_s = inside_s = 0.0
    for piece in replayed.timeline["pieces"]:
        start_ms, end_ms = piece["wall_ms"], piece["wall_ms"] + piece["length_s"] * 1000
        overlap_s = max(0.0, min(end_ms, closed_ms) - max(start_ms, opened_ms)) / 1000
        inside_s += overlap_s
        around_s += piece["length_s"] - overlap_s
    return min(inside_s, max(0.0, footage.duration_s - around_s))


def find_faults(figures: dict[str, Any], replayed: Replayed, session: Session, registered: bool) -> list[str]:
    opened_ms, closed_ms = session.opened_wall_ns / 1e6, session.closed_wall_ns / 1e6
    missing = [gap for gap in replayed.timeline["missing"] if gap["from_ms"] < closed_ms and gap["to_ms"] > opened_ms]
    offset, lost = figures["av_offset_ms"], figures["lost_frames"]
    held = {
        f"only {figures['recorded_s']} s were recorded": figures["recorded_s"] >= RECORD_S - 0.5,
        "no segment was recorded": figures["segments"] > 0,
        "not every segment has a receipt": figures["archived"] == figures["segments"],
        f"only {figures['replayed_s']} s were replayed": figures["replayed_s"] >= figures["recorded_s"] - 0.5,
        f"the replay has gaps: {missing}": not missing,
        f"{lost} frames are lost": lost in (0, None),
        f"sound is {offset} ms off": offset is None or abs(offset) <= LARGEST_OFFSET_MS,
        "the access register does not show the replay": registered,
    }
    return [sentence for sentence, true in held.items() if not true]
