"""Runs inside the emulated machine: real drivers under our sources, then a recorder that they feed.

Prints what it does; the line before the last is `RESULT` and one JSON object.
"""

from __future__ import annotations

import fcntl
import itertools
import json
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from config.room import MicrophoneSource as MicrophoneSettings
from config.room import PictureSettings
from config.room import V4l2Source as V4l2Settings
from edge.capture.cameras import present_cameras
from edge.capture.frame import AudioBlock, VideoFrame
from edge.capture.microphone import MicrophoneSource
from edge.capture.v4l2 import V4l2Source
from edge.recorder.devices import as_json, present_sound_cards
from storage.manifest import GapManifest, SegmentManifest
from tests.crash.rig import check
from tests.edge.recorder.room import Room

CAMERA = "/dev/v4l/by-id/usb-Emulated_Camera-video-index0"
CARD = "hw:0,1"
PICTURE = PictureSettings(width=320, height=180, rate=5, bitrate_kbps=200, preset="ultrafast")
CARD_DRIVER, CARD_DEVICE = Path("/sys/bus/platform/drivers/snd_aloop"), "snd_aloop.0"
VIDIOC_S_CTRL, VIDIOC_QUERYCTRL, NEXT_CONTROL = 0xC008561C, 0xC0445624, 0x80000000
PATIENCE_S = 150.0  # every instruction is emulated, and other work may share the host
PLAY = """
import numpy as np, sounddevice as sd
tone = (np.sin(np.arange(48_000) * 2 * np.pi * 1_000 / 48_000) * 8_000).astype(np.int16).reshape(-1, 1)
with sd.OutputStream(samplerate=48_000, device="hw:0,0", channels=1, dtype="int16", latency=0.2) as out:
    while True:
        out.write(tone)
"""


class Player:
    """Plays a tone into the card, which gives it back as its microphone."""

    def start(self) -> None:
        self._process = subprocess.Popen([sys.executable, "-c", PLAY])

    def stop(self) -> None:
        self._process.kill()
        self._process.wait(20)


def main() -> int:
    result: dict[str, Any] = {}
    player = Player()
    player.start()
    with tempfile.TemporaryDirectory() as place:
        try:
            for step in (camera, devices, microphone, lambda: recording(Path(place), player)):
                began_s = time.monotonic()
                result |= step()
                say(f"{sorted(result)} after {time.monotonic() - began_s:.1f} s")
        finally:
            player.stop()
    say("RESULT " + json.dumps(result))
    return 0


def say(text: str) -> None:
    print(text, flush=True)


def camera() -> dict[str, Any]:
    """Our source alone on the driver: pictures, their size, and that their times are the driver's and run on."""
    source = V4l2Source(V4l2Settings(kind="v4l2", device=CAMERA, input_format="raw"), PICTURE)
    source.open()
    pictures = [item for item in (source.read(1.0) for _ in range(20)) if isinstance(item, VideoFrame)]
    source.close()
    times = [picture.mono_ns for picture in pictures]
    steps_ms = [(after - before) / 1e6 for before, after in itertools.pairwise(times)]
    return {
        "camera": len(pictures),
        "picture": [pictures[-1].picture.width, pictures[-1].picture.height],
        "camera_steps_ms": [round(min(steps_ms)), round(max(steps_ms))],
        "camera_age_ms": round((time.monotonic_ns() - times[-1]) / 1e6),
    }


def devices() -> dict[str, Any]:
    """What `shilu-recorder devices` lists, which an administrator would choose from."""
    return {"devices": json.loads(as_json(present_cameras(), present_sound_cards()))}


def microphone() -> dict[str, Any]:
    """Our source alone on the card, which plays a tone to itself."""
    source = MicrophoneSource(MicrophoneSettings(kind="microphone", device=CARD, channels=1))
    source.open()
    blocks: list[AudioBlock] = []
    until_s = time.monotonic() + 20
    while len(blocks) < 100 and time.monotonic() < until_s:
        item = source.read(0.5)
        if isinstance(item, AudioBlock):
            blocks.append(item)
    source.close()
    steps_ms = [(after.mono_ns - before.mono_ns) / 1e6 for before, after in itertools.pairwise(blocks)]
    return {
        "microphone": len(blocks),
        "loudest": max((int(abs(block.samples).max()) for block in blocks), default=0),
        "microphone_steps_ms": [round(min(steps_ms, default=0), 1), round(max(steps_ms, default=0), 1)],
    }


class EmulatedRoom(Room):
    def start(self) -> None:
        command = [sys.executable, "-m", "tests.device.patient_recorder", "--settings", str(self._settings)]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)


def recording(place: Path, player: Player) -> dict[str, Any]:
    """A recorder's run from both, with each of them unplugged and plugged in again."""
    room = EmulatedRoom(place)
    room.start()
    try:
        until(lambda: answers(room), "the recorder to listen")
        room.enrol(
            camera=V4l2Settings(kind="v4l2", device=CAMERA, input_format="raw"),
            microphone=MicrophoneSettings(kind="microphone", device=CARD, channels=1),
            picture=PICTURE,
        )
        until(lambda: states(room) == {"camera": "ok", "microphone": "ok"}, "both sources")
        time.sleep(4)
        camera_back_s = unplug(room, "camera", pull_camera, lambda: None)
        time.sleep(2)
        microphone_back_s = unplug(room, "microphone", pull_card, lambda: plug_card_in(player))
        time.sleep(4)
        status = room.ask("status")
        room.stop(60)
    except Exception:
        time.sleep(0.5)
        say(f"recorder: {None if room.process is None else room.process.poll()}\n{room.log.read_text()[-6000:]}")
        raise
    entries = room.entries()
    gaps = [entry for entry in entries if isinstance(entry, GapManifest)]
    report = check(room)
    return {
        "camera_back_s": camera_back_s,
        "microphone_back_s": microphone_back_s,
        "gaps": sorted({(gap.track, str(gap.cause)) for gap in gaps}),
        "runs": len({entry.run for entry in entries if isinstance(entry, SegmentManifest)}),
        "segments": sum(isinstance(entry, SegmentManifest) for entry in entries),
        "verified": report.ok,
        "unsound": report.problem.message_en if report.problem else "",
        "state": status["state"],
        "levels_dbfs": status["levels_dbfs"],
        "frames": status["frames"],
        "frames_lost": status["frames_lost"],
        "problems": [f"{problem['code']} {problem['source'] or ''}".strip() for problem in status["problems"]],
    }


def unplug(room: Room, source: str, pull: Callable[[], None], plug_in: Callable[[], None]) -> float:
    """Pull the plug, wait until that is noticed, plug it in again. Seconds until it records again."""
    pull()
    until(lambda: states(room)[source] == "lost", f"{source} to be lost")
    time.sleep(1)
    plug_in()
    say(f"{source} plugged in again: {states(room)}")
    plugged_s = time.monotonic()
    until(lambda: states(room)[source] == "ok", f"{source} to be back")
    return round(time.monotonic() - plugged_s, 1)


def states(room: Room) -> dict[str, str]:
    return {source["name"]: source["state"] for source in room.ask("status")["sources"]}


def pull_camera() -> None:
    """The driver's own button for it: whoever has it open gets errors; it is back once everybody has closed it."""
    with Path("/dev/video0").open("rb", buffering=0) as node:
        fcntl.ioctl(node, VIDIOC_S_CTRL, struct.pack("<Ii", control(node.fileno(), "Disconnect"), 1))


def control(node: int, wanted: str) -> int:
    """The number of a driver's control, by its name."""
    number = 0
    while True:
        asked = bytearray(struct.pack("<II32siiiiI2I", number | NEXT_CONTROL, 0, b"", 0, 0, 0, 0, 0, 0, 0))
        fcntl.ioctl(node, VIDIOC_QUERYCTRL, asked)  # OSError after the last one
        number, _, name, *_ = struct.unpack("<II32siiiiI2I", asked)
        if name.rstrip(b"\0").decode() == wanted:
            return number


def pull_card() -> None:
    """Beside us: the driver lets go of the card when everybody has closed it."""
    subprocess.Popen(["/bin/sh", "-c", f"echo {CARD_DEVICE} > {CARD_DRIVER}/unbind"])


def plug_card_in(player: Player) -> None:
    player.stop()  # it would hold the old card for ever
    until(lambda: not (CARD_DRIVER / CARD_DEVICE).exists(), "everybody to close the card")
    (CARD_DRIVER / "bind").write_text(CARD_DEVICE)
    player.start()


def answers(room: Room) -> bool:
    try:
        return bool(room.ask("status"))
    except OSError:
        return False


def until(condition: Callable[[], bool], what: str) -> None:
    until_s = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > until_s:
            raise TimeoutError(f"waited {PATIENCE_S:.0f} s for {what}")
        time.sleep(0.1)


if __name__ == "__main__":
    sys.exit(main())
