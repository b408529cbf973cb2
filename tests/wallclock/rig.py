"""A real recorder and agent whose wall clock is set wrong and right again while they record and upload.

Looks at what came of it: one run, no gap, every segment dated within a second of the truth by its corrections, all of
it receipted. The last line printed is one JSON object.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path

from config.room import RoomConfiguration
from storage.dating import date_entries
from storage.manifest import MANIFEST, GapManifest, Moment, NoteKind, NoteManifest, SegmentManifest
from storage.sealing import IdentityOpener
from storage.signing import CONFIGURATION_TYP, SigningKey, peek_json, sign_json
from storage.verification import verify
from tests.edge.recorder.room import SHORT_SPOOL, SMALL_PICTURE, Room
from tests.fakes.scripted_centre import ScriptedCentre

HOUR_NS = 3600 * 10**9
OFF_NS = 1_000_000_000  # dated further off than this is not dated
STEPS = [HOUR_NS, -24 * HOUR_NS, -HOUR_NS, 24 * HOUR_NS]
WRITING = ("recording", "degraded")


@dataclass
class Outcome:
    steps: int
    runs_broken: int
    gaps: int
    undated_segments: int
    uploads_failed: int
    noted_steps: int
    corrections: int
    problem: str | None

    def line(self) -> str:
        parts = asdict(self)
        names = ("steps", "runs_broken", "gaps", "undated_segments", "uploads_failed")
        return json.dumps({name: parts[name] for name in names})

    @property
    def passed(self) -> bool:
        return self.problem is None and not (
            self.runs_broken or self.gaps or self.undated_segments or self.uploads_failed
        )


class SmallCentre(ScriptedCentre):
    def configuration(self) -> str:
        configuration = RoomConfiguration(
            version=self.version,
            device=self.device,
            room=self.room,
            room_name="青石镇 1 号接谈室",
            unit_name="青石镇人民群众来访接待中心",
            picture=SMALL_PICTURE,
            spool=SHORT_SPOOL,
        )
        return sign_json(configuration.model_dump(mode="json"), self.key, CONFIGURATION_TYP)


class ClockedRoom(Room):
    """Recorder and agent as processes under the file's clock."""

    def __init__(self, directory: Path, centre: ScriptedCentre) -> None:
        super().__init__(directory)
        self.clock, self.agent_log = directory / "clock.json", directory / "agent.log"
        self.set(0, synchronized=True)
        self._agent_settings = directory / "agent.toml"
        lines = [f'data_directory = "{self.data}"', f'run_directory = "{self.run}"', f'centre_url = "{centre.url}"']
        self._agent_settings.write_text("\n".join([*lines, "console_port = 0", ""]), encoding="utf-8")
        self._agent: subprocess.Popen[bytes] | None = None

    def set(self, ahead_ns: int, *, synchronized: bool) -> None:
        written = self.clock.with_suffix(".new")
        written.write_text(json.dumps({"ahead_ns": ahead_ns, "synchronized": synchronized}))
        written.replace(self.clock)

    def _under(self, module: str, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "tests.wallclock.under", str(self.clock), module, *arguments]

    def start(self) -> None:
        with self.log.open("ab") as log:
            command = self._under("edge.recorder.command", "--settings", str(self._settings))
            self.process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)

    def agent(self, *arguments: str) -> subprocess.Popen[bytes]:
        with self.agent_log.open("ab") as log:
            command = self._under("edge.agent.command", "--settings", str(self._agent_settings), *arguments)
            return subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)

    def start_agent(self) -> None:
        self._agent = self.agent()

    def end(self) -> None:
        for process in (self._agent, self.process):
            if process is not None and process.poll() is None:
                process.terminate()
                process.wait(15)

    def without_receipt(self, since_wall_ns: int | None = None) -> int:
        with closing(sqlite3.connect(f"{(self.spool / 'index.sqlite').as_uri()}?mode=ro", uri=True)) as index:
            query = "SELECT count(*) FROM entries WHERE kind = 'segment' AND state IN ('waiting', 'refused')"
            return int(index.execute(query).fetchone()[0])


async def rehearse(directory: Path, seconds: float) -> Outcome:
    """`seconds`: how long each clock stays."""
    centre = SmallCentre()
    await centre.start()
    room = ClockedRoom(directory, centre)
    room.set(5 * 60 * 10**9 - time.time_ns(), synchronized=False)  # five minutes after midnight in 1970
    room.start()
    try:
        await asyncio.to_thread(room.wait_until, "unenrolled")
        enrolling = room.agent("enrol", centre.code.text)
        if await asyncio.to_thread(enrolling.wait, 30):
            raise RuntimeError(room.agent_log.read_text())
        centre.state = "active"
        room.start_agent()
        await writing(room)
        await asyncio.sleep(2 * seconds)
        room.set(0, synchronized=True)
        await asyncio.sleep(seconds)
        for step_ns in STEPS:
            room.set(step_ns, synchronized=False)
            await asyncio.sleep(seconds)
            room.set(0, synchronized=True)
            await asyncio.sleep(seconds)
        failed = await unsent(room)
        room.end()
    finally:
        room.end()
        await centre.stop()
    return judge(room, centre, failed)


async def writing(room: ClockedRoom) -> None:
    until_s = time.monotonic() + 30
    while time.monotonic() < until_s:
        status = await asyncio.to_thread(room.ask, "status")
        if status.get("state") in WRITING:
            return
        await asyncio.sleep(0.1)
    raise TimeoutError(f"nothing written in 30 s: {room.log.read_text()[-2000:]} {room.agent_log.read_text()[-2000:]}")


async def unsent(room: ClockedRoom) -> int:
    """Segments without a receipt after some time: at most the newest may be on its way."""
    until_s = time.monotonic() + 15
    while room.without_receipt() > 1 and time.monotonic() < until_s:
        await asyncio.sleep(0.2)
    waiting = room.without_receipt()
    return waiting if waiting > 1 else 0


def judge(room: ClockedRoom, centre: ScriptedCentre, uploads_failed: int) -> Outcome:
    files = sorted((room.spool / "chain").glob("*.jws"))
    entries = [MANIFEST.validate_python(peek_json(file.read_text())) for file in files]
    segments = [one for one in entries if isinstance(one, SegmentManifest)]
    notes = [one for one in entries if isinstance(one, NoteManifest)]
    truth_ns = time.time_ns() - time.monotonic_ns()
    dated = {one.number: one for one in date_entries(entries)}

    def is_off(moment: Moment, best_wall_ns: int) -> bool:
        return abs(moment.mono_ns + truth_ns - best_wall_ns) > OFF_NS

    undated = sum(
        is_off(one.start, dated[one.number].start.wall_ns) or is_off(one.end, dated[one.number].end.wall_ns)
        for one in segments
    )
    joins = sum(abs(later.start.mono_ns - sooner.end.mono_ns) > 50_000_000 for sooner, later in pairwise(segments))
    key = SigningKey.load(room.data / "recorder" / "keys" / "chain.key")
    report = verify(room.spool, [key.public], [centre.key.public], IdentityOpener(centre.identity))
    return Outcome(
        steps=2 * len(STEPS) + 1,
        runs_broken=len({one.run for one in segments}) - 1 + joins,
        gaps=sum(isinstance(one, GapManifest) for one in entries),
        undated_segments=undated,
        uploads_failed=uploads_failed,
        noted_steps=sum(one.note is NoteKind.CLOCK_STEPPED for one in notes),
        corrections=sum(one.note is NoteKind.CLOCK_CORRECTED for one in notes),
        problem=report.problem.message_en if report.problem else None,
    )


def main() -> int:
    parser = argparse.ArgumentParser(prog="script/wallclock", description=__doc__)
    parser.add_argument("--seconds", type=float, default=12.0, help="how long each clock stays")
    options = parser.parse_args()
    os.environ.setdefault("PYTHONDONTWRITEBYTECODE", "1")
    with tempfile.TemporaryDirectory(prefix="shilu-wallclock-") as place:
        outcome = asyncio.run(rehearse(Path(place), options.seconds))
    print(outcome, file=sys.stderr)
    print(outcome.line())
    return 0 if outcome.passed else 1


if __name__ == "__main__":
    sys.exit(main())
