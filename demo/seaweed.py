"""SeaweedFS as the demo's and the tests' S3 server: versioning, Object Lock, loopback, keys of its own.

Owns the server's command line, ports and keys. The bucket is made by `storage`, like a county's.
"""

from __future__ import annotations

import json
import secrets
import sys
import urllib.error
import urllib.request
from dataclasses import asdict, dataclass
from pathlib import Path

from demo import processes
from demo.place import write_private

PORT_NAMES = ("s3", "s3_grpc", "master", "master_grpc", "volume", "volume_grpc", "filer", "filer_grpc")


@dataclass(frozen=True)
class Access:
    """Where the server listens and the keys that may do everything in it."""

    ports: dict[str, int]
    access_key: str
    secret_key: str

    @property
    def endpoint(self) -> str:
        return f"127.0.0.1:{self.ports['s3']}"


class Seaweed:
    """One server whose data, keys and ports stand in `directory`; a later start finds them again."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        directory.mkdir(parents=True, exist_ok=True)
        self.access = _load_access(directory / "access.json")
        self.child: processes.Child | None = None

    def start(self, timeout_s: float = 60.0) -> None:
        """Start and wait until it answers. Raises processes.StartFailed."""
        self.begin()
        self.wait(timeout_s)

    def begin(self) -> None:
        """Start without waiting: it takes three seconds in which others can start too."""
        self.access = _with_free_ports(self.access, self.directory / "access.json")
        write_private(self.directory / "s3.json", json.dumps(_identities(self.access)))
        data = self.directory / "data"
        data.mkdir(exist_ok=True)
        log = self.directory / "weed.log"
        self.child = processes.start("SeaweedFS", self._command(data), log)

    def wait(self, timeout_s: float = 60.0) -> None:
        if self.child is not None:
            self.child.wait_until(self._answers, timeout_s)

    def stop(self, grace_s: float = 3.0) -> None:
        if self.child is not None:
            self.child.stop(grace_s)  # it outlives SIGTERM at times; killed, it keeps what it has acknowledged

    def kill(self) -> None:
        """As a power cut would."""
        if self.child is not None:
            self.child.process.kill()
            self.child.process.wait()

    def _command(self, data: Path) -> list[str | Path]:
        ports = self.access.ports
        return [
            Path(sys.executable).with_name("weed"),
            f"-logdir={self.directory}",
            "server",
            "-ip=127.0.0.1",
            "-ip.bind=127.0.0.1",
            "-filer",
            "-s3",
            f"-dir={data}",
            f"-s3.config={self.directory / 's3.json'}",
            "-s3.port.iceberg=0",
            "-s3.port.lance=0",
            "-s3.autoCreateBucket=false",
            "-master.telemetry=false",
            "-master.volumeSizeLimitMB=1024",
            "-master.electionTimeout=1s",  # one master: nothing to wait for after a restart
            "-volume.preStopSeconds=0",
            "-volume.max=0",
            *(f"-{name.replace('_grpc', '.port.grpc') if 'grpc' in name else name + '.port'}={port}"
              for name, port in ports.items()),
        ]  # fmt: skip

    def _answers(self) -> bool:
        try:
            urllib.request.urlopen(f"http://{self.access.endpoint}/", timeout=2).close()
        except urllib.error.HTTPError as error:
            return error.code == 403  # it asks for a signature: the S3 side is up and guarded
        except OSError:
            return False
        return True


def _identities(access: Access) -> dict[str, object]:
    credentials = [{"accessKey": access.access_key, "secretKey": access.secret_key}]
    return {
        "identities": [{"name": "centre", "credentials": credentials, "actions": ["Admin", "Read", "Write", "List"]}]
    }


def _load_access(path: Path) -> Access:
    if path.exists():
        return Access(**json.loads(path.read_text(encoding="utf-8")))
    return Access({name: 0 for name in PORT_NAMES}, secrets.token_hex(10).upper(), secrets.token_urlsafe(30))


def _with_free_ports(access: Access, path: Path) -> Access:
    """Keep the ports of the last start where they are free; written down before use."""
    if not all(port and processes.port_is_free(port) for port in access.ports.values()):
        ports = dict(zip(PORT_NAMES, processes.free_ports(len(PORT_NAMES)), strict=True))
        access = Access(ports, access.access_key, access.secret_key)
        write_private(path, json.dumps(asdict(access)))
    return access
