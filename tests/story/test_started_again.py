"""`script/demo` stopped with Ctrl-C and started again in the same place: one chain, one signed gap, all sound."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from minio.error import S3Error

from demo.evidence import fetch_archive
from demo.processes import free_ports
from storage.manifest import GapCause, GapManifest, NoteKind, NoteManifest, SegmentManifest
from tests.story.archive_reader import fetch
from tests.story.standing_house import Desk, StandingHouse

pytestmark = pytest.mark.timeout(200)
READY = "演示已就绪"
RECORD_S = 3.0


@contextmanager
def running_demo(directory: Path, ports: list[int]) -> Iterator[Path]:
    """The demo as one types it; afterwards it was stopped with Ctrl-C and ended by itself."""
    said = directory.with_suffix(".txt")
    command = [sys.executable, "-m", "demo", "--directory", directory, "--port", str(ports[0])]
    with said.open("w") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, start_new_session=True)
        try:
            deadline = time.monotonic() + 60
            while READY not in said.read_text(encoding="utf-8"):
                assert process.poll() is None, said.read_text(encoding="utf-8")
                assert time.monotonic() < deadline, said.read_text(encoding="utf-8")
                time.sleep(0.1)
            yield directory
            process.send_signal(signal.SIGINT)
            assert process.wait(60) == 0, said.read_text(encoding="utf-8")
        finally:
            process.kill()
            process.wait()


def record(directory: Path, case_id: str, *, patient: bool) -> None:
    """`patient`: until all of it is archived; else what waits is left to the next life."""
    accounts = tomllib.loads((directory / "accounts.txt").read_text(encoding="utf-8"))
    port = json.loads((directory / "demo.json").read_text(encoding="utf-8"))["console_port"]
    with Desk(f"http://127.0.0.1:{port}") as desk:
        desk.sign_in(accounts["officer"]["number"], accounts["officer"]["pin"])
        session = desk.open_session(case_id)
        time.sleep(RECORD_S)
        desk.close_session(session)
        deadline = time.monotonic() + 60
        while desk.status()["waiting_tags"] or (patient and desk.status()["backlog_segments"]):
            assert time.monotonic() < deadline
            time.sleep(0.2)


@pytest.fixture(scope="module")
def twice(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandingHouse]:
    """The place after two lives of the demo; its archive alone runs, to be read."""
    directory = tmp_path_factory.mktemp("twice") / "demo"
    directory.mkdir()
    ports = free_ports(2)
    for case_id, patient in {"SHA-TWICE-1": False, "SHA-TWICE-2": True}.items():
        with running_demo(directory, ports):
            record(directory, case_id, patient=patient)
    left = StandingHouse(directory)
    seaweed = left.house._seaweed
    assert seaweed is not None
    seaweed.start()
    try:
        wait_until_readable(left)
        yield left
    finally:
        seaweed.stop()
        left.place._lock.close()


def wait_until_readable(left: StandingHouse) -> None:
    """Its S3 side answers a moment before its volumes do."""
    key = next(row.object_key for row in left.centre_rows() if row.state == "receipted")
    deadline = time.monotonic() + 20
    while True:
        try:
            fetch(left, key)
            return
        except S3Error:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


def test_one_chain_goes_on_with_the_stop_on_record(twice: StandingHouse) -> None:
    chain = twice.chain()
    assert [entry.number for entry in chain] == list(range(1, len(chain) + 1))
    notes = [one.note for one in chain if isinstance(one, NoteManifest)]
    assert notes.count(NoteKind.RECORDER_STARTED) == notes.count(NoteKind.RECORDER_STOPPED) == 2
    [gap] = [one for one in chain if isinstance(one, GapManifest) and one.track == "all"]
    assert gap.cause is GapCause.NOT_RUNNING
    segments = [one for one in chain if isinstance(one, SegmentManifest)]
    assert len({segment.run for segment in segments}) == 2
    assert not any(segment.recovered for segment in segments), "nothing was torn by an orderly stop"
    before = max(one.end.wall_ns for one in segments if one.end.wall_ns <= gap.end.wall_ns)
    after = min(one.start.wall_ns for one in segments if one.start.wall_ns >= gap.start.wall_ns)
    print(f"stopped and started again: {(after - before) / 1e9:.1f} s without recording")
    assert abs(gap.start.wall_ns - before) < 50_000_000
    assert abs(gap.end.wall_ns - after) < 50_000_000


@pytest.mark.parametrize("what", ["spool", "archive"])
def test_the_command_finds_both_sound(twice: StandingHouse, what: str) -> None:
    path = twice.spool if what == "spool" else fetch_archive(twice.house)
    said = shilu_verify(twice, path)
    print(said)
    assert said["verified"] is True
    assert said["opened_checked"] == said["segments"] - said["not_here"]
    assert said["opened_checked"] > 2


def shilu_verify(twice: StandingHouse, path: Path) -> dict[str, Any]:
    program = Path(sys.executable).with_name("shilu-verify")
    keys = ["--key", twice.device_key().text, "--centre-key", twice.centre_key.text]
    command = [program, path, *keys, "--identity", twice.identity_file, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    said: dict[str, Any] = json.loads(done.stdout)
    return said
