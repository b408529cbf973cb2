"""Microphones without hardware: a PulseAudio null sink each, recorded through ALSA's pulse plugin.

What is played into one with `play` is what a process started with `environment` records from its `device`. Each is a
sound server of its own, so that one can be lost while the other goes on: a server would move its streams elsewhere.
"""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from demo import processes

SINK = "module-null-sink sink_name=room_mic rate=48000 channels=1"


@dataclass
class RoomMicrophone:
    """A running sound server. Only processes with `environment` see it."""

    child: processes.Child
    environment: dict[str, str]
    home: Path
    device: str = "roommic"

    def play(self, wav: Path) -> subprocess.Popen[bytes]:
        """Start playing a WAV file into the microphone; the caller waits for it or stops it."""
        command = ["paplay", f"--server=unix:{self.home / self.device}", "--device=room_mic", str(wav)]
        return subprocess.Popen(command, env={**os.environ, **self.environment})

    def kill(self) -> None:
        """kill -9 of the sound server."""
        self.child.process.kill()
        self.child.process.wait(5)

    def start_again(self) -> None:
        self.child = _start_server(self.home, self.device, self.environment)

    def stop(self) -> None:
        self.child.stop(2.0)


def start_room_microphone(directory: Path) -> RoomMicrophone:
    return start_room_microphones(directory, ["roommic"])[0]


def start_room_microphones(directory: Path, devices: list[str]) -> list[RoomMicrophone]:
    """One for each name, all in the same environment."""
    home = directory / "sound"
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    settings = "".join(_asoundrc(home, device) for device in devices)
    (home / ".asoundrc").write_text(settings, encoding="utf-8")
    environment = {"HOME": str(home), "XDG_RUNTIME_DIR": str(home)}
    return [RoomMicrophone(_start_server(home, device, environment), environment, home, device) for device in devices]


def _asoundrc(home: Path, device: str) -> str:
    return f"""pcm.{device} {{
  type pulse
  server "unix:{home / device}"
  device room_mic.monitor
  hint {{ show on description "{device}" }}
}}
"""


def _start_server(home: Path, device: str, environment: dict[str, str]) -> processes.Child:
    socket = home / device
    socket.unlink(missing_ok=True)
    protocol = f"module-native-protocol-unix auth-anonymous=1 socket={socket}"
    command = ["pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1", "-L", protocol, "-L", SINK]
    own = {**environment, "PULSE_RUNTIME_PATH": f"{socket}.run"}
    child = processes.start("PulseAudio", command, home / f"{device}.log", own)
    child.wait_until(lambda: _lists_the_sink(socket, environment), 20.0)
    return child


def _lists_the_sink(socket: Path, environment: dict[str, str]) -> bool:
    listed = subprocess.run(
        ["pactl", f"--server=unix:{socket}", "list", "short", "sinks"],
        env={**os.environ, **environment}, capture_output=True, check=False,
    )  # fmt: skip
    return b"room_mic" in listed.stdout
