"""Child processes of the demo and of the tests: starting, waiting for readiness, stopping in order.

Owns process handling only; knows nothing of what the processes do.
"""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


class StartFailed(Exception):
    """A process ended or stayed silent while it was being started; the text holds the end of its log."""


@dataclass
class Child:
    """One running process; its output goes to `log`."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def running(self) -> bool:
        return self.process.poll() is None

    def wait_until(self, ready: Callable[[], bool], timeout_s: float) -> None:
        """Return as soon as `ready()`; raises StartFailed when the process ends or the time is over."""
        deadline = time.monotonic() + timeout_s
        while not ready():
            if not self.running:
                raise StartFailed(f"{self.name} ended with {self.process.returncode} while starting:\n{tail(self.log)}")
            if time.monotonic() > deadline:
                raise StartFailed(f"{self.name} was not ready after {timeout_s:.0f} s:\n{tail(self.log)}")
            time.sleep(0.05)

    def stop(self, grace_s: float = 10.0) -> bool:
        """Ask the process to end; kill it when it has not after `grace_s`. True when it ended by itself."""
        if not self.running:
            return True
        self.process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(grace_s)
            return True
        self.process.kill()
        self.process.wait()
        return False


def start(name: str, command: Sequence[str | Path], log: Path, extra: Mapping[str, str] | None = None) -> Child:
    """Start `command` in a session of its own, so that Ctrl-C reaches the demo alone, which then stops all in order.

    The child gets SIGTERM when the demo itself is killed: nothing keeps running unseen.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    guard = ["setpriv", "--pdeathsig", "TERM"] if shutil.which("setpriv") else []
    with log.open("ab") as output:
        process = subprocess.Popen(
            [*guard, *map(str, command)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **(extra or {})},
            start_new_session=True,
        )
    return Child(name, process, log)


def tail(log: Path, lines: int = 15) -> str:
    with contextlib.suppress(OSError):
        return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])
    return ""


def port_is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def claim_port(port: int) -> socket.socket | None:
    """A mark, seen by every demo on this machine and gone with its holder; None when the port is in use or claimed."""
    claim = socket.socket(socket.AF_UNIX)
    try:
        claim.bind(f"\0shilu-demo-port-{port}")
    except OSError:
        claim.close()
        return None
    if port_is_free(port):
        return claim
    claim.close()
    return None


def free_ports(count: int) -> list[int]:
    """Ports below the range that the kernel hands to outgoing connections, free a moment ago."""
    found: list[int] = []
    while len(found) < count:
        port = random.randrange(20000, 30000)
        if port not in found and port_is_free(port):
            found.append(port)
    return found


def accepts(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0
