"""The demo's directory: what stands where, which ports it uses, the settings files it writes for the programs."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import socket
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from demo import processes

BUCKET = "shilu-demo"


class PlaceTaken(Exception):
    """Another demo runs in this directory, or it was begun in another way; the text says what to do."""


@dataclass(frozen=True)
class Ports:
    centre: int
    console: int


class Place:
    """One directory, one demo at a time."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory.resolve()
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._claims: list[socket.socket] = []
        self._lock = (self.directory / "demo.lock").open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._lock.close()
            raise PlaceTaken(
                f"{self.directory}: 这里已有一个演示在运行；请先停止它，或用 --directory 另选目录 / "
                "a demo runs here already; stop it first or choose another --directory"
            ) from None

    def close(self) -> None:
        """Another demo may use the directory and the ports from now on."""
        self._drop_claims()
        self._lock.close()

    def _drop_claims(self) -> None:
        while self._claims:
            self._claims.pop().close()

    @property
    def centre_data(self) -> Path:
        return self.directory / "centre"

    @property
    def room_data(self) -> Path:
        return self.directory / "room"

    @property
    def archive(self) -> Path:
        return self.directory / "archive"

    @property
    def accounts(self) -> Path:
        return self.directory / "accounts.txt"

    @property
    def run_directory(self) -> Path:
        """Sockets: their paths may have 107 bytes at most, so a long directory gets a short one elsewhere."""
        own = self.directory / "run"
        if len(str(own / "recorder.sock")) > 100:
            digest = hashlib.sha256(str(own).encode()).hexdigest()[:16]
            own = Path(tempfile.gettempdir()) / f"shilu-{os.getuid()}-{digest}"
        own.mkdir(mode=0o700, exist_ok=True)
        return own

    def settings(self, name: str) -> Path:
        return self.directory / "settings" / f"{name}.toml"

    def log(self, name: str) -> Path:
        return self.directory / "logs" / f"{name}.log"

    def keep_store(self, store: str) -> None:
        """An archive can't change its kind under footage that it holds. Raises PlaceTaken."""
        kept = self._facts().setdefault("store", store)
        if kept != store:
            raise PlaceTaken(
                f"{self.directory}: 这个演示的归档方式是 {kept}；请用 --store {kept} 或另选 --directory / "
                f"this demo keeps its archive as {kept}; use --store {kept} or another --directory"
            )
        self._remember(store=store)

    def choose_ports(self, wanted: int | None) -> tuple[Ports, list[int]]:
        """The ports of the last start, or the usual ones, where they are free. Second: those that were taken."""
        self._drop_claims()
        facts = self._facts()
        taken: list[int] = []
        chosen: list[int] = []
        for usual in (wanted or facts.get("centre_port", 8470), facts.get("console_port", 8471)):
            port = usual
            while not self._claim(port):
                port = processes.free_ports(1)[0]
            if port != usual:
                taken.append(usual)
            chosen.append(port)
        self._remember(centre_port=chosen[0], console_port=chosen[1])
        return Ports(*chosen), taken

    def _claim(self, port: int) -> bool:
        """Whether `port` is ours until `close`: between choosing and listening no other demo takes it."""
        claim = processes.claim_port(port)
        if claim is not None:
            self._claims.append(claim)
        return claim is not None

    def write_settings(self, name: str, values: Mapping[str, Any]) -> Path:
        path = self.settings(name)
        path.parent.mkdir(mode=0o700, exist_ok=True)
        write_private(path, to_toml(values))
        return path

    def _facts(self) -> dict[str, Any]:
        path = self.directory / "demo.json"
        facts: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        return facts

    def _remember(self, **facts: Any) -> None:
        write_private(self.directory / "demo.json", json.dumps({**self._facts(), **facts}))


def to_toml(values: Mapping[str, Any]) -> str:
    """Plain values first, then one table per mapping: as much TOML as settings need."""
    lines = [f"{key} = {_value(value)}" for key, value in values.items() if not isinstance(value, Mapping)]
    for key, table in values.items():
        if isinstance(table, Mapping):
            lines += ["", f"[{key}]", *(f"{name} = {_value(value)}" for name, value in table.items())]
    return "\n".join(lines) + "\n"


def _value(value: Any) -> str:
    plain = str(value) if isinstance(value, Path) else value
    return json.dumps(plain, ensure_ascii=False)  # for text, numbers and yes/no the two notations are one


def write_private(path: Path, text: str) -> None:
    """Whole or not at all, readable by its owner alone."""
    partial = path.with_name(path.name + ".part")
    partial.unlink(missing_ok=True)
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
