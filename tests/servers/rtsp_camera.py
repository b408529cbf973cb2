"""Starts the RTSP camera of `rtsp_server.py` and stops it. Owns its port and password."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import Path

from demo import processes

SYSTEM_PYTHON = "/usr/bin/python3"  # GStreamer's bindings are Debian's, not in the private environment


@dataclass
class RtspCamera:
    """A running camera. `url` is without user and password, as a room's configuration wants it."""

    child: processes.Child
    port: int
    username: str
    password: str

    @property
    def url(self) -> str:
        return f"rtsp://127.0.0.1:{self.port}/camera"

    @property
    def url_with_password(self) -> str:
        return f"rtsp://{self.username}:{self.password}@127.0.0.1:{self.port}/camera"

    def stop(self) -> None:
        self.child.stop(2.0)


def start_rtsp_camera(directory: Path, *, port: int = 0, password: str = "", **options: str | int | bool) -> RtspCamera:
    """`options` are those of rtsp_server.py: file, width, height, rate, key, silent.

    A given port and password bring a lost camera back where it was.
    """
    port = port or processes.free_ports(1)[0]
    password = password or secrets.token_urlsafe(9)
    command: list[str | Path] = [SYSTEM_PYTHON, Path(__file__).with_name("rtsp_server.py")]
    command += ["--port", str(port), f"--password={password}"]  # a random one may begin with a dash
    for name, value in options.items():
        command += [f"--{name}"] if value is True else [] if value is False else [f"--{name}", str(value)]
    log = directory / f"rtsp-{port}.log"
    child = processes.start("RTSP camera", command, log)
    child.wait_until(lambda: "READY" in processes.tail(log), 20.0)
    return RtspCamera(child, port, "camera", password)
