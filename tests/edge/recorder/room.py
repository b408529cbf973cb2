"""A room's recorder as a real process in a temporary directory, pinned and configured by a test centre key."""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from config.room import PictureSettings, RoomConfiguration, SpoolSettings
from storage.manifest import MANIFEST, GapManifest, NoteManifest, SegmentManifest
from storage.sealing import generate_identity
from storage.sealing_list import Recipient, SealingList, sign_sealing_list
from storage.signing import CONFIGURATION_TYP, SigningKey, peek_json, sign_json

SMALL_PICTURE = PictureSettings(width=320, height=180, rate=10, bitrate_kbps=200, preset="ultrafast")
SHORT_SPOOL = SpoolSettings(segment_s=4, reserve_mb=50)


@dataclass
class TestCentre:
    """The keys that a centre would hold, and what it signs."""

    __test__ = False
    key: SigningKey = field(default_factory=SigningKey.generate)
    device: str = field(default_factory=lambda: secrets.token_hex(16))
    room: str = field(default_factory=lambda: secrets.token_hex(16))
    identity: str = ""
    recipient: str = ""

    def __post_init__(self) -> None:
        self.identity, self.recipient = generate_identity()

    def configuration(self, version: int = 1, **changes: Any) -> str:
        settings = {
            "version": version,
            "device": self.device,
            "room": self.room,
            "room_name": "一号接谈室",
            "unit_name": "青石镇人民群众来访接待中心",
            "picture": SMALL_PICTURE,
            "spool": SHORT_SPOOL,
            **changes,
        }
        payload = RoomConfiguration.model_validate(settings).model_dump(mode="json")
        return sign_json(payload, self.key, CONFIGURATION_TYP)

    def sealing(self, version: int = 1) -> str:
        recipients = [Recipient(name="archive", recipient=self.recipient)]
        return sign_sealing_list(SealingList(version=version, recipients=recipients), self.key)


class Room:
    """`data` and `run` are its directories; `start` and `kill` as often as wanted; `stop` ends it in order."""

    module = "edge.recorder.command"

    def __init__(self, directory: Path, centre: TestCentre | None = None, settings: str = "") -> None:
        self.centre = centre or TestCentre()
        self.data, self.run = directory / "data", directory / "run"
        self.socket, self.media = self.run / "recorder.sock", self.run / "media.sock"
        self.spool = self.data / "recorder" / "spool"
        self.log = directory / "recorder.log"
        self._settings = directory / "recorder.toml"
        text = f'data_directory = "{self.data}"\nrun_directory = "{self.run}"\n{settings}'
        self._settings.write_text(text, encoding="utf-8")
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", self.module, "--settings", str(self._settings)],
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def stop(self, timeout_s: float = 10.0) -> int:
        """SIGTERM and its exit code."""
        if self.process is None:
            raise RuntimeError("the recorder was not started")
        self.process.terminate()
        code = self.process.wait(timeout_s)
        self.process = None
        return code

    def kill(self) -> int:
        """kill -9, at once. The wall clock at that moment."""
        if self.process is None:
            raise RuntimeError("the recorder was not started")
        os.kill(self.process.pid, signal.SIGKILL)
        killed_wall_ns = time.time_ns()
        self.process.wait(10)
        self.process = None
        return killed_wall_ns

    def ask(self, command: str, **arguments: Any) -> dict[str, Any]:
        """One command; the answer as it came. Raises OSError when no recorder listens."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as peer:
            peer.settimeout(10)
            peer.connect(str(self.socket))
            peer.sendall(json.dumps({"command": command, **arguments}).encode() + b"\n")
            answer: dict[str, Any] = json.loads(peer.makefile("rb").readline())
            return answer

    def wait_until(self, state: str, timeout_s: float = 15.0) -> dict[str, Any]:
        """Wait for a state of `status`; the status then."""
        status: dict[str, Any] = {}
        until_s = time.monotonic() + timeout_s
        while time.monotonic() < until_s:
            try:
                status = self.ask("status")
            except OSError:
                status = {}
            if status.get("state") == state:
                return status
            time.sleep(0.02)
        raise TimeoutError(f"no state {state!r} in {timeout_s} s; last status {status}; log: {self.log.read_text()}")

    def enrol(self, **changes: Any) -> None:
        """Pin and configure as the agent would."""
        centre = self.centre
        self.wait_until("unenrolled")
        for answer in (
            self.ask("pin", centre_key=centre.key.public.text, device=centre.device, room=centre.room),
            self.ask("configure", configuration=centre.configuration(**changes), sealing=centre.sealing()),
        ):
            if answer["ok"] is not True:
                raise RuntimeError(str(answer))

    def entries(self) -> list[SegmentManifest | GapManifest | NoteManifest]:
        """The chain so far, from its files."""
        files = sorted((self.spool / "chain").glob("*.jws"))
        return [MANIFEST.validate_python(peek_json(file.read_text())) for file in files]


@contextmanager
def recording_room(directory: Path, **changes: Any) -> Iterator[Room]:
    """A room that records the synthetic source. `changes` are keys of RoomConfiguration."""
    room = Room(directory)
    room.start()
    try:
        room.enrol(**changes)
        room.wait_until("recording")
        yield room
    finally:
        if room.process is not None:
            room.stop()
