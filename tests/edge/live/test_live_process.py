"""The real shilu-live process between a real bus and real viewers: aiortc and Chromium."""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from playwright.sync_api import sync_playwright

from streaming.bus_server import BusServer
from tests.streaming.live_source import LiveSource

LIVE = Path(sys.executable).with_name("shilu-live")
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
]


class Recorder:
    """The recorder's side of the bus, in a thread with a loop of its own."""

    def __init__(self, path: Path) -> None:
        self.source = LiveSource(640, 360)
        self._path = path
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._serve(),))

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()
        self._loop.close()

    async def _serve(self) -> None:
        server = BusServer(self._path, self.source.want_key)
        await server.start()
        server.describe({"video": {"codec": "h264"}, "audio": {"channels": 1}})
        feeding = asyncio.create_task(self.source.run(server.publish_picture, server.publish_sound))
        await self._stop.wait()
        feeding.cancel()
        await asyncio.gather(feeding, return_exceptions=True)
        await server.stop()


@dataclass
class Room:
    directory: Path
    process: subprocess.Popen[bytes]

    def ask(self, question: dict[str, Any] | bytes) -> dict[str, Any]:
        line = question if isinstance(question, bytes) else json.dumps(question).encode()
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(15)
            connection.connect(str(self.directory / "live.sock"))
            connection.sendall(line + b"\n")
            answer: dict[str, Any] = json.loads(connection.makefile("rb").readline())
            return answer

    def offer(self, sdp: str, viewer: str) -> dict[str, Any]:
        return self.ask({"command": "offer", "viewer": viewer, "sdp": sdp, "name": "督查甲", "unit": "青石镇"})


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    settings = tmp_path / "live.toml"
    settings.write_text(f'run_directory = "{tmp_path / "run"}"\nmax_viewers = 2\n', encoding="utf-8")
    (tmp_path / "run").mkdir(mode=0o700)
    recorder = Recorder(tmp_path / "run" / "media.sock")
    process = subprocess.Popen([LIVE, "--settings", settings])
    recorder.start()
    deadline = time.monotonic() + 20
    while not (tmp_path / "run" / "live.sock").exists():
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
    yield Room(tmp_path / "run", process)
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0
    assert not (tmp_path / "run" / "live.sock").exists()
    recorder.stop()


def test_an_aiortc_client_gets_moving_pictures(room: Room) -> None:
    assert stat.S_IMODE((room.directory / "live.sock").stat().st_mode) == 0o600

    async def watch() -> None:
        connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        tracks = {}
        connection.on("track", lambda track: tracks.__setitem__(track.kind, track))
        for kind in ("video", "audio"):
            connection.addTransceiver(kind, direction="recvonly")
        await connection.setLocalDescription(await connection.createOffer())
        answer = await asyncio.to_thread(room.offer, connection.localDescription.sdp, "a" * 32)
        assert answer["ok"], answer
        await connection.setRemoteDescription(RTCSessionDescription(answer["sdp"], "answer"))
        lefts = set()
        for _ in range(20):
            picture = await asyncio.wait_for(tracks["video"].recv(), 10)
            lefts.add(int(picture.to_ndarray(format="gray")[50].argmax()))
        assert len(lefts) > 10
        viewers = (await asyncio.to_thread(room.ask, {"command": "viewers"}))["viewers"]
        assert [(one["name"], one["unit"], one["state"]) for one in viewers] == [("督查甲", "青石镇", "connected")]
        assert (await asyncio.to_thread(room.ask, {"command": "close", "viewer": "a" * 32}))["ok"]
        assert (await asyncio.to_thread(room.ask, {"command": "viewers"}))["viewers"] == []
        await connection.close()

    asyncio.run(watch())


WATCH = """async () => {
  const peer = new RTCPeerConnection({iceServers: []});
  peer.addTransceiver("video", {direction: "recvonly"});
  peer.addTransceiver("audio", {direction: "recvonly"});
  const video = document.createElement("video");
  video.muted = true; video.autoplay = true; document.body.append(video);
  const stream = new MediaStream(); video.srcObject = stream;
  peer.ontrack = event => stream.addTrack(event.track);
  window.peer = peer; window.video = video;
  await peer.setLocalDescription(await peer.createOffer());
  if (peer.iceGatheringState !== "complete")
    await new Promise(done => {
      peer.onicegatheringstatechange = () => peer.iceGatheringState === "complete" && done();
    });
  return peer.localDescription.sdp;
}"""
COUNT = """async () => {
  for (const report of (await window.peer.getStats()).values())
    if (report.type === "inbound-rtp" && report.kind === "video") return report.framesDecoded || 0;
  return 0;
}"""


def test_chromium_plays_the_room(room: Room, chromium: str) -> None:
    with (
        sync_playwright() as playwright,
        contextlib.closing(playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_FLAGS)) as browser,
    ):
        page = browser.new_page()
        answer = room.offer(page.evaluate(WATCH), secrets.token_hex(16))
        assert answer["ok"], answer
        page.evaluate("sdp => window.peer.setRemoteDescription({type: 'answer', sdp})", answer["sdp"])
        page.wait_for_function("() => window.video.videoWidth === 640", timeout=15_000)
        before = page.evaluate(COUNT)
        page.wait_for_timeout(1000)
        assert page.evaluate(COUNT) - before >= 15


@pytest.mark.parametrize(
    ("question", "code"),
    [
        (b"not json", "unknown-command"),
        ({"command": "erase"}, "unknown-command"),
        ({"command": "offer", "viewer": "short", "sdp": ""}, "bad-argument"),
        ({"command": "offer", "viewer": "b" * 32, "sdp": "v=0"}, "no-h264"),
    ],
)
def test_wrong_questions_are_refused_and_the_process_goes_on(
    room: Room, question: dict[str, Any] | bytes, code: str
) -> None:
    answer = room.ask(question)
    assert (answer["ok"], answer["code"]) == (False, code)
    assert room.ask({"command": "viewers"}) == {"ok": True, "viewers": []}
