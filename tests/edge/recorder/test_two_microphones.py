"""Officer left, visitor right, through a real sound server: unplugged, plugged in, killed and started again."""

from __future__ import annotations

import io
import time
import wave
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest

from config.room import MicrophoneSource, SecondMicrophone
from storage.manifest import AudioTrack, GapCause, GapManifest, SegmentManifest
from storage.sealing import IdentityOpener, open_bytes
from tests.edge.recorder.room import Room, recording_room
from tests.servers.room_microphone import RoomMicrophone, start_room_microphones

OFFICER_HZ, VISITOR_HZ = 600, 1700
DEVICES = {"roommic": OFFICER_HZ, "visitormic": VISITOR_HZ}


@pytest.fixture
def microphones(tmp_path: Path) -> Iterator[list[RoomMicrophone]]:
    """Of their own: they are killed here."""
    servers = start_room_microphones(tmp_path, list(DEVICES))
    yield servers
    for server in servers:
        server.stop()


def tone(path: Path, hz: int) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(48_000)
        samples = 12_000 * np.sin(2 * np.pi * hz * np.arange(48_000 * 60) / 48_000)
        file.writeframes(samples.astype(np.int16).tobytes())
    return path


def source_state(room: Room, name: str) -> str:
    return next((one["state"] for one in room.ask("status")["sources"] if one["name"] == name), "unknown")


def wait_for(room: Room, name: str, state: str, seconds: float) -> float:
    begun = time.monotonic()
    while source_state(room, name) != state:
        assert time.monotonic() - begun < seconds, f"{name} is not {state} after {seconds} s"
        time.sleep(0.05)
    return time.monotonic() - begun


def loudness(room: Room) -> list[tuple[int, np.ndarray]]:
    """Monotonic time and, by channel, how loud each one's own tone and the other's are, every tenth of a second."""
    opener, found = IdentityOpener(room.centre.identity), []
    for entry in room.entries():
        if isinstance(entry, SegmentManifest):
            sealed = room.spool / "segments" / entry.run / f"{entry.sequence:06d}.mp4.age"
            anchor_ns = entry.start.mono_ns - (entry.start.pts_90k or 0) * 100_000 // 9
            with av.open(io.BytesIO(open_bytes(sealed.read_bytes(), opener))) as container:
                frames = list(container.decode(audio=0))
            sound = np.concatenate([frame.to_ndarray() for frame in frames], axis=1)
            turning = np.exp(-2j * np.pi * np.outer(list(DEVICES.values()), np.arange(4800)) / 48_000)
            for start in range(0, sound.shape[1] - 4799, 4800):
                at_ns = anchor_ns + round(float(frames[0].time or 0) * 1e9) + start * 1_000_000 // 48
                found.append((at_ns, np.abs(sound[:, start : start + 4800] @ turning.T) / 2400))
    return found


def gap_spans(room: Room, source: str | None) -> list[GapManifest]:
    gaps = [entry for entry in room.entries() if isinstance(entry, GapManifest) and entry.track == "audio"]
    return [gap for gap in gaps if gap.source == source]


def test_one_microphone_is_lost_and_the_other_goes_on_then_both(
    microphones: list[RoomMicrophone], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    officer, visitor = microphones
    for key, value in officer.environment.items():
        monkeypatch.setenv(key, value)
    tones = {device: tone(tmp_path / f"{device}.wav", hz) for device, hz in DEVICES.items()}
    players = [one.play(tones[one.device]) for one in microphones]
    changes = {
        "microphone": MicrophoneSource(device="roommic"),
        "second_microphone": SecondMicrophone(microphone=MicrophoneSource(device="visitormic")),
    }
    with recording_room(tmp_path, **changes) as room:
        for name in ("microphone", "second-microphone"):
            wait_for(room, name, "ok", 8)
        time.sleep(2.5)
        levels = room.ask("status")["levels_dbfs"]
        unplugged_ns = time.monotonic_ns()
        visitor.kill()
        wait_for(room, "second-microphone", "lost", 6)
        visitor.start_again()
        players.append(visitor.play(tones["visitormic"]))
        back_after_s = wait_for(room, "second-microphone", "ok", 5)
        time.sleep(1.5)
        killed_ns = time.monotonic_ns()
        for one in microphones:
            one.kill()
        for name in ("microphone", "second-microphone"):
            wait_for(room, name, "lost", 6)
        for one in microphones:
            one.start_again()
        players += [one.play(tones[one.device]) for one in microphones]
        both_back_after_s = max(wait_for(room, name, "ok", 5) for name in ("microphone", "second-microphone"))
        time.sleep(2)
    for player in players:
        player.kill()
        player.wait(5)

    assert len(levels) == 2
    assert all(level > -20 for level in levels)
    assert back_after_s < 5
    assert both_back_after_s < 5
    (alone,) = [gap for gap in gap_spans(room, "second-microphone") if abs(gap.start.mono_ns - unplugged_ns) < 10**9]
    assert alone.cause is GapCause.MICROPHONE_LOST
    assert abs(alone.start.mono_ns - unplugged_ns) < 500_000_000
    (both,) = [gap for gap in gap_spans(room, None) if gap.start.mono_ns < killed_ns + 10**9 < gap.end.mono_ns]
    assert both.cause is GapCause.MICROPHONE_LOST
    assert abs(both.start.mono_ns - killed_ns) < 500_000_000
    expect_channels(loudness(room), alone, both)
    tracks = [
        t for e in room.entries() if isinstance(e, SegmentManifest) for t in e.tracks if isinstance(t, AudioTrack)
    ]
    assert {track.channels for track in tracks} == {2}
    for track in tracks:
        assert [one.source for one in track.microphones or []] == ["microphone", "second-microphone"]
        assert all(abs(one.drift_ppm or 0) <= 500 for one in track.microphones or [])


def expect_channels(found: list[tuple[int, np.ndarray]], alone: GapManifest, both: GapManifest) -> None:
    """Each tone on its own channel, but where a gap says otherwise."""
    margin = 300_000_000
    lonely = [m for at, m in found if alone.start.mono_ns + margin < at < alone.end.mono_ns - margin]
    silent = [m for at, m in found if both.start.mono_ns + margin < at < both.end.mono_ns - margin]
    last = [m for at, m in found if at > both.end.mono_ns + margin]
    assert len(lonely) > 10
    assert min(m[0, 0] for m in lonely) > 0.3, "the officer's microphone goes on untouched"
    assert max(m[1].max() for m in lonely) < 0.01
    assert max(m.max() for m in silent) < 0.01
    assert len(last) > 5
    for m in last[:-3]:
        assert m[0, 0] > 0.3
        assert m[1, 1] > 0.3
        assert m[0, 1] < 0.02 > m[1, 0], "no sound crosses over"
