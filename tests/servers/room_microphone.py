"""A microphone without hardware: PulseAudio's null sink, recorded through ALSA's pulse plugin.

What is played into it with `play` is what a process started with `environment` records from device `roommic`.
"""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from demo import processes

ASOUNDRC = """pcm.roommic {
  type pulse
  device room_mic.monitor
  hint { show on description "Room mic" }
}
"""
SINK = "module-null-sink sink_name=room_mic rate=48000 channels=1"


@dataclass
class RoomMicrophone:
    """A running sound server. Only processes with `environment` see it."""

    child: processes.Child
    environment: dict[str, str]
    device: str = "roommic"

    def play(self, wav: Path) -> subprocess.Popen[bytes]:
        """Start playing a WAV file into the microphone; the caller waits for it or stops it."""
        return subprocess.Popen(["paplay", "--device=room_mic", str(wav)], env={**os.environ, **self.environment})

    def stop(self) -> None:
        self.child.stop(2.0)


def start_room_microphone(directory: Path) -> RoomMicrophone:
    home = directory / "sound"
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    (home / ".asoundrc").write_text(ASOUNDRC, encoding="utf-8")
    environment = {"HOME": str(home), "XDG_RUNTIME_DIR": str(home), "PULSE_RUNTIME_PATH": str(home / "pulse")}
    command = [
        "pulseaudio",
        "-n",
        "--daemonize=no",
        "--exit-idle-time=-1",
        "-L",
        "module-native-protocol-unix",
        "-L",
        SINK,
    ]
    child = processes.start("PulseAudio", command, home / "pulseaudio.log", environment)
    child.wait_until(lambda: _lists_the_sink(environment), 20.0)
    return RoomMicrophone(child, environment)


def _lists_the_sink(environment: dict[str, str]) -> bool:
    listed = subprocess.run(
        ["pactl", "list", "short", "sinks"], env={**os.environ, **environment}, capture_output=True, check=False
    )
    return b"room_mic" in listed.stdout
