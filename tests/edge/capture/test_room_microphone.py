"""A real sound server: what is played into the microphone comes back with the time at which it was played."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import wave
from pathlib import Path

import numpy as np
import pytest

from tests.servers.room_microphone import RoomMicrophone

RECORD = """
import json, time
import numpy as np
from config.room import MicrophoneSource as Settings
from edge.capture.microphone import MicrophoneSource
source = MicrophoneSource(Settings(device="roommic"))
source.open()
started, blocks, ages = time.monotonic(), [], []
while time.monotonic() - started < 12 and len(blocks) < 100:
    block = source.read(0.25)
    if block is not None:
        ages.append(time.monotonic_ns() - block.mono_ns)
        blocks.append(block)
source.close()
sound = np.concatenate([block.samples for block in blocks])[:, 0].astype(float)[-48_000:]
spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound))))
span = (blocks[-1].mono_ns - blocks[0].mono_ns) / 1e9
result = {"hz": int(spectrum.argmax()), "loud": float(np.abs(sound).max()), "age_ms": float(np.median(ages)) / 1e6}
print(json.dumps({**result, "rate": 960 * (len(blocks) - 1) / span}))
"""


def test_a_tone_comes_back_with_its_time(room_microphone: RoomMicrophone, tmp_path: Path) -> None:
    tone = tmp_path / "tone.wav"
    with wave.open(str(tone), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(48_000)
        samples = 12_000 * np.sin(2 * np.pi * 1000 * np.arange(48_000 * 15) / 48_000)
        file.writeframes(samples.astype(np.int16).tobytes())
    player = room_microphone.play(tone)
    try:
        done = subprocess.run(
            [sys.executable, "-c", RECORD],
            env={**os.environ, **room_microphone.environment, "PYTHONPATH": str(Path.cwd())},
            capture_output=True, text=True, timeout=30, check=True,
        )  # fmt: skip
    finally:
        player.kill()
        player.wait(5)
    heard = json.loads(done.stdout.splitlines()[-1])
    assert heard["hz"] == pytest.approx(1000, abs=1)
    assert heard["loud"] == pytest.approx(12_000, rel=0.05)
    assert heard["rate"] == pytest.approx(48_000, rel=0.05)  # the next rate is 8 % off
    assert 0 < heard["age_ms"] < 600
