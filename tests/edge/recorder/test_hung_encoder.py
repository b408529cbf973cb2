"""An encoder that hangs: writing again within five seconds, and the gap says what it was."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from edge.pipeline.recording import PROVEN_PICTURES
from storage.manifest import GapCause, GapManifest, NoteKind, NoteManifest
from tests.crash.rig import check
from tests.edge.recorder.room import Room

GAVE_UP = 70
UNIT = Path(__file__).resolve().parents[3] / "systemd" / "shilu-recorder.service"


class HangingRoom(Room):
    """Its encoder hangs as long as `hang` exists."""

    def start(self) -> None:
        self.hang = self.log.with_name("hang")
        command = [sys.executable, "-m", "tests.fakes.hanging_recorder", "--settings", str(self._settings)]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                ["env", f"HANG_WHEN={self.hang}", *command], stdout=log, stderr=log, start_new_session=True
            )


def test_a_hung_encoder_is_noticed_at_once_and_the_gap_says_what_it_was(tmp_path: Path) -> None:
    noticed_s, _ = hang_and_start_anew(tmp_path)
    assert noticed_s + restart_s() <= 3.5  # what starting takes besides is the machine's


@pytest.mark.long
def test_a_hung_encoder_is_writing_again_within_five_seconds(tmp_path: Path) -> None:
    """With the long rigs, which run one at a time: it measures how fast a process starts here."""
    _, writing_after_s = hang_and_start_anew(tmp_path)
    assert writing_after_s <= 5.0


def hang_and_start_anew(tmp_path: Path) -> tuple[float, float]:
    """Seconds until the process ended itself, and until the next one was writing."""
    room = HangingRoom(tmp_path)
    room.start()
    assert room.process is not None
    try:
        room.enrol()
        room.wait_until("recording")
        while room.ask("status")["frames"] < 2 * PROVEN_PICTURES:
            time.sleep(0.1)
        room.hang.touch()
        hung_s = time.monotonic()
        assert room.process.wait(10) == GAVE_UP
        noticed_s = time.monotonic() - hung_s
        room.hang.unlink()
        time.sleep(restart_s())  # as systemd does
        room.start()
        room.wait_until("recording")
        writing_after_s = time.monotonic() - hung_s
        time.sleep(1)
    finally:
        room.stop()
    entries = room.entries()
    (gap,) = [entry for entry in entries if isinstance(entry, GapManifest) and entry.track == "all"]
    assert gap.cause is GapCause.ENCODER_FAILED
    health = [entry.detail for entry in entries if isinstance(entry, NoteManifest) and entry.note is NoteKind.HEALTH]
    assert [detail for detail in health if "encoder-stuck" in str(detail)] == [
        "raised encoder-stuck",
        "cleared encoder-stuck",
    ]
    assert check(room).ok
    log = room.log.read_text()
    assert log.count("thread-stuck") == 1
    return noticed_s, writing_after_s


def restart_s() -> float:
    """How long systemd waits before it starts the recorder anew."""
    line = next(line for line in UNIT.read_text().splitlines() if line.startswith("RestartSec="))
    value = line.partition("=")[2]
    return int(value.removesuffix("ms")) / 1000 if value.endswith("ms") else float(value)
