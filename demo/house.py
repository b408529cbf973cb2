"""The running demo: archive, centre and one room's three processes. Owns their order at start and stop.

A process that dies is started again, as systemd does it: `kill -9` of the recorder in mid-session can be tried here.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import httpx

from demo import processes
from demo.console import Console
from demo.people import COUNTY, Login, Registry, load_accounts
from demo.place import BUCKET, Place, Ports
from demo.seaweed import Seaweed

RESTART_S = 1.0
START_S = 60.0
Say = Callable[[str], None]


class House:
    """`start`, `watch` again and again, `stop`."""

    def __init__(self, place: Place, ports: Ports, store: str, say: Say) -> None:
        self.place, self.ports, self.store = place, ports, store
        self._say = say
        self._seaweed = Seaweed(place.directory / "seaweed") if store == "s3" else None
        self._children: dict[str, processes.Child] = {}
        self._died_at_s: dict[str, float] = {}
        self.accounts: Mapping[str, Login] = {}

    @property
    def centre_url(self) -> str:
        return f"http://127.0.0.1:{self.ports.centre}"

    @property
    def console_url(self) -> str:
        return f"http://127.0.0.1:{self.ports.console}"

    def start(self, camera: dict[str, Any], microphone: dict[str, Any] | None) -> None:
        """Raises processes.StartFailed. What was started until then still needs `stop`."""
        if self._seaweed is not None:
            self._say("启动归档存储 SeaweedFS（版本管理 + Object Lock）/ starting the archive")
            self._seaweed.begin()
        self._write_settings()
        self._say("启动接谈室与县中心 / starting the room and the centre")
        self._start_one("recorder")  # the room waits for nobody
        self._start_one("live")
        self.accounts = load_accounts(self.place.accounts)
        registry = Registry(self.place.centre_data)
        try:
            registry.seed(dict(self.accounts), camera, microphone)
            if self._seaweed is not None:
                self._seaweed.wait()
            self._start_programs()
            self._enrol(registry)
        finally:
            registry.close()
        self._wait("recorder", self._recording)

    def watch(self) -> None:
        """Start again what died a second ago."""
        now = time.monotonic()
        for name, child in list(self._children.items()):
            if child.running:
                continue
            died = self._died_at_s.setdefault(name, now)
            if now - died >= RESTART_S:
                self._say(f"{name} 意外结束（{child.process.returncode}），重新启动 / {name} ended, starting it again")
                del self._died_at_s[name]
                self._start_one(name)
        if self._seaweed is not None and self._seaweed.child is not None and not self._seaweed.child.running:
            self._say("归档存储意外结束，重新启动 / the archive ended, starting it again")
            self._seaweed.start()

    def stop(self) -> None:
        """Viewers first, then the recording, then what carries it away; the archive last."""
        self.stop_programs("live", "recorder", "agent", "center")
        if self._seaweed is not None:
            self._seaweed.stop()

    def stop_programs(self, *names: str) -> None:
        for name in names:
            if (child := self._children.pop(name, None)) is not None and not child.stop(15.0):
                self._say(f"{name} 没有按时结束，已强制结束 / {name} did not end in time and was killed")

    def pid(self, name: str) -> int:
        return self._children[name].process.pid

    def _start_programs(self) -> None:
        self._start_one("center")
        self._start_one("agent")
        self._wait("center", lambda: _answers(f"{self.centre_url}/sign-in"))
        self._wait("agent", lambda: _answers(f"{self.console_url}/api/status"))

    def _start_one(self, name: str) -> None:
        program = Path(sys.executable).with_name(f"shilu-{name}")
        verb = ["serve"] if name == "center" else []
        command: list[str | Path] = [program, *verb, "--settings", self.place.settings(name)]
        self._children[name] = processes.start(f"shilu-{name}", command, self.place.log(name))

    def _wait(self, name: str, ready: Callable[[], bool]) -> None:
        self._children[name].wait_until(ready, START_S)

    def _enrol(self, registry: Registry) -> None:
        """A code made at the centre, typed in the room; then the fingerprint on the room's screen is confirmed."""
        with Console(self.console_url) as console:
            if console.status()["enrolment"] == "unenrolled":
                self._say("登记接谈室，由管理员确认 / enrolling the room; the administrator confirms it")
                console.enrol(registry.enrolment_code())
            if console.status()["enrolment"] != "active":
                self._wait("agent", lambda: bool(console.status()["fingerprint"]))
                registry.confirm(console.status()["fingerprint"])

    def _recording(self) -> bool:
        with Console(self.console_url) as console:
            return bool(console.status()["recording"])

    def _write_settings(self) -> None:
        place, run = self.place, self.place.run_directory
        room = {"data_directory": place.room_data, "run_directory": run}
        place.room_data.mkdir(mode=0o700, exist_ok=True)
        place.write_settings("recorder", room)
        place.write_settings("live", {"run_directory": run})
        console = {"centre_url": self.centre_url, "console_port": self.ports.console, "demo": True}
        place.write_settings("agent", room | console)
        centre = {"port": self.ports.centre, "public_url": self.centre_url, "county_name": COUNTY, "demo": True}
        place.write_settings("center", {"data_directory": place.centre_data, **centre, "archive": self.archive()})

    def archive(self) -> dict[str, Any]:
        """The archive's part of the centre's settings."""
        if self._seaweed is None:
            return {"kind": "local", "directory": str(self.place.archive)}
        access = self._seaweed.access
        keys = {"access_key": access.access_key, "secret_key": access.secret_key}
        return {"kind": "s3", "endpoint": access.endpoint, "bucket": BUCKET, "secure": False, **keys}


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2.0, trust_env=False).status_code == 200
    except httpx.HTTPError:
        return False
