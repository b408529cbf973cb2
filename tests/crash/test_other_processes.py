"""kill -9 of what stands beside the recorder costs no footage: one run, no gap, nothing unreadable."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from storage.manifest import GapManifest, SegmentManifest
from tests.crash.rig import check
from tests.edge.recorder.room import Room, recording_room


@contextmanager
def beside(name: str, settings: Path) -> Iterator[subprocess.Popen[bytes]]:
    """`shilu-live` or `shilu-agent` as people run it, killed at the end."""
    program = f"from edge.{name}.command import main; main()"
    with settings.with_suffix(".log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", program, "--settings", str(settings)], stdout=log, stderr=log, start_new_session=True
        )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait(10)


def write_settings(directory: Path, room: Room) -> tuple[Path, Path]:
    live, agent = directory / "live.toml", directory / "agent.toml"
    run = f"run_directory = {json.dumps(str(room.run))}\n"
    live.write_text(run)
    agent.write_text(
        f"data_directory = {json.dumps(str(room.data))}\n{run}"
        'centre_url = "http://127.0.0.1:9"\nconsole_port = 0\n'  # a centre that is not there
    )
    return live, agent


def test_killing_live_and_the_agent_costs_no_footage(tmp_path: Path) -> None:
    chance = random.Random(20261123)
    with recording_room(tmp_path) as room:
        live, agent = write_settings(tmp_path, room)
        first_wall_ns = time.time_ns()
        for _ in range(3):
            with beside("live", live), beside("agent", agent):
                wait_for(room.run / "live.sock")
                time.sleep(chance.uniform(0.1, 1.0))
            (room.run / "live.sock").unlink(missing_ok=True)
        status = room.ask("status")
        assert status["state"] == "recording"
        assert status["frames_lost"] == 0
        last_wall_ns = time.time_ns()
    entries = room.entries()
    segments = [entry for entry in entries if isinstance(entry, SegmentManifest)]
    assert len({segment.run for segment in segments}) == 1
    gaps = [entry for entry in entries if isinstance(entry, GapManifest)]
    assert [gap for gap in gaps if first_wall_ns < gap.start.wall_ns < last_wall_ns] == []
    assert check(room).ok


def wait_for(file: Path) -> None:
    until_s = time.monotonic() + 10
    while not file.exists():
        assert time.monotonic() < until_s, f"{file.name} did not come"
        time.sleep(0.02)
