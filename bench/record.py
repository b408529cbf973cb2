"""script/bench record: what recording costs, against a bare PyAV encode of the same frames in the same run.

The recorder is the real process, pinned and configured by a centre key made here, with its own spool on this disk.
Recorder, bare script and ffmpeg take turns, so that a machine that gets slower gets slower for all three.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from bench.observing import observing_cost
from bench.parts import aac_cost, composing_cost, drawing_cost, overlay_cost, presence_cost, proving_cost, sealing_cost
from bench.peers import run_bare, run_ffmpeg, write_frames
from bench.process_meter import cpu_seconds, memory_mb, thread_seconds
from bench.result import Row, compared, report
from config.room import PictureSettings, RtspSource
from tests.edge.recorder.room import Room, recording_room
from tests.servers.rtsp_camera import start_rtsp_camera

SIZES = {"1280x720@25": PictureSettings(), "1920x1080@25": PictureSettings(width=1920, height=1080)}
AIM = 1.15
COPY_AIM_PCT = 1.5
GROWTH_AIM_PCT = 5.0
OBSERVING_AIM = 0.05


def main() -> None:
    parser = argparse.ArgumentParser(prog="script/bench record")
    parser.add_argument("--seconds", type=int, default=8, help="media seconds per measurement")
    parser.add_argument("--rounds", type=int, default=2, help="turns of recorder, bare script and ffmpeg")
    parser.add_argument("--memory-minutes", type=float, default=1.0, help="how long memory is watched")
    options = parser.parse_args()
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="shilu-bench-") as directory:
        for name, picture in SIZES.items():
            rows += measure_size(name, picture, options.seconds, options.rounds, Path(directory))
        rows += measure_two_cameras(options.seconds, options.rounds, Path(directory))
        rows += measure_observing()
        rows.append(measure_copy(options.seconds, Path(directory)))
        rows.append(Row("RTSP copy of it: AAC from the camera's sound", round(aac_cost(20) * 100, 3), "% of a core"))
        rows.append(measure_memory(options.memory_minutes, Path(directory)))
    print(f"written: {report('record', rows)}")


def measure_size(name: str, picture: PictureSettings, seconds: int, rounds: int, directory: Path) -> list[Row]:
    frames = directory / "frames.yuv"
    write_frames(picture, frames, picture.rate * 2)
    ours, whole, bare, alone, ffmpeg, peaks, peer_peaks = [], [], [], [], [], [], []
    for number in range(rounds):
        print(f"{name}: turn {number + 1} of {rounds}", flush=True)
        recorder = run_recorder(picture, seconds, directory / f"{name}-{number}")
        ours.append(recorder.recording)
        whole.append(recorder.whole)
        peaks.append(recorder.peak_mb)
        used, peak = run_bare(picture, seconds, "both")
        bare.append(used)
        peer_peaks.append(peak)
        alone.append(run_bare(picture, seconds, "picture")[0])
        ffmpeg.append(run_ffmpeg(picture, seconds, frames))
    frames.unlink()
    unit, best = "CPU s/s", statistics.median
    return [
        compared(f"{name} recorder / bare PyAV encode", best(ours), unit, best(bare), AIM),
        compared(f"{name} recorder / bare PyAV, picture alone", best(ours), unit, best(alone)),
        compared(f"{name} recorder / ffmpeg with drawtext", best(ours), unit, best(ffmpeg)),
        compared(f"{name} with health and presence / bare PyAV encode", best(whole), unit, best(bare)),
        Row(f"{name} of it: overlay", round(overlay_cost(picture, 10), 4), unit),
        Row(f"{name} of it: sealing, hashing, syncing", round(sealing_cost(picture.bitrate_kbps, 10), 4), unit),
        Row(f"{name} of it: drawing the test picture", round(drawing_cost(picture, 4), 4), unit),
        compared(f"{name} peak memory / bare PyAV encode", max(peaks), "MB", max(peer_peaks)),
    ]


def measure_two_cameras(seconds: int, rounds: int, directory: Path) -> list[Row]:
    """Two 720p cameras, one in the corner of the other; the bare script encodes ready-made pictures of both."""
    picture, ours, whole, bare = PictureSettings(), [], [], []
    second = {"camera": {"kind": "synthetic"}}
    for number in range(rounds):
        print(f"two cameras: turn {number + 1} of {rounds}", flush=True)
        recorder = run_recorder(picture, seconds, directory / f"two-{number}", second_camera=second)
        ours.append(recorder.recording)
        whole.append(recorder.whole)
        bare.append(run_bare(picture, seconds, "composed")[0])
    name, unit, best = "two cameras 1280x720@25", "CPU s/s", statistics.median
    return [
        compared(f"{name} recorder / bare PyAV encode", best(ours), unit, best(bare), AIM),
        compared(f"{name} with health and presence / bare PyAV encode", best(whole), unit, best(bare)),
        Row(f"{name} of it: composing", round(composing_cost(picture, 10), 4), unit),
    ]


def measure_observing() -> list[Row]:
    """Health and presence together, beside the recording."""
    picture = PictureSettings()
    return [
        Row("health and presence, one camera, one microphone", round(observing_cost(picture, 20), 4), "CPU s/s",
            aim=OBSERVING_AIM),
        Row("health and presence, two and two", round(observing_cost(picture, 20, 2, 2), 4), "CPU s/s"),
        Row("proof that each segment of 10 s decodes", round(proving_cost(picture, 10), 4), "CPU s/s"),
        Row("of it: presence alone, with the tap", round(presence_cost(picture, 20), 4), "CPU s/s"),
    ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Used:
    """CPU seconds per recorded second: all threads, and all but those in which health and presence look and listen,
    which have rows of their own."""

    whole: float
    recording: float
    peak_mb: float


def run_recorder(picture: PictureSettings, seconds: float, directory: Path, **more: object) -> Used:
    """Of the running process."""
    directory.mkdir()
    changes = {"picture": picture.model_dump(), "spool": {"segment_s": 10, "reserve_mb": 50}, **more}
    with recording_room(directory, **changes) as room:
        time.sleep(1.5)
        pid, begun = pid_of(room), time.monotonic()
        whole, beside = cpu_seconds(pid), thread_seconds(pid, "observer")
        time.sleep(seconds)
        whole, beside = cpu_seconds(pid) - whole, thread_seconds(pid, "observer") - beside
        passed_s = time.monotonic() - begun
        return Used(whole / passed_s, (whole - beside) / passed_s, memory_mb(pid, "VmHWM"))


def measure_copy(seconds: int, directory: Path) -> Row:
    """A 1080p network camera whose packets are kept as they are, its G.711 sound becoming AAC."""
    camera = start_rtsp_camera(directory, width=1920, height=1080)
    source = RtspSource(url=camera.url, username=camera.username, password=camera.password, copy_video=True)
    place = directory / "copy"
    place.mkdir()
    try:
        with recording_room(place, camera=source.model_dump(), microphone=source.model_dump()) as room:
            wait_for_copy(room)
            used = cost_of(room, max(seconds, 8))
    finally:
        camera.stop()
    return Row("1920x1080@25 RTSP copy", round(used * 100, 3), "% of a core", aim=COPY_AIM_PCT)


def wait_for_copy(room: Room) -> None:
    deadline = time.monotonic() + 20
    while room.ask("status")["encoder"] != "copy":
        if time.monotonic() > deadline:
            raise TimeoutError("the camera's packets did not come")
        time.sleep(0.2)
    time.sleep(2)


def measure_memory(minutes: float, directory: Path) -> Row:
    """How much a recorder grows from its first half minute (or third of the time) to the end."""
    place = directory / "memory"
    place.mkdir()
    with recording_room(place) as room:
        settled_s = min(30.0, minutes * 20)
        time.sleep(settled_s)
        before = memory_mb(pid_of(room))
        time.sleep(max(0.0, minutes * 60 - settled_s))
        after = memory_mb(pid_of(room))
    growth = round((after - before) / before * 100, 2)
    return Row(f"memory growth over {minutes:g} min, from {before:.0f} MB", growth, "%", aim=GROWTH_AIM_PCT)


def cost_of(room: Room, seconds: float) -> float:
    pid = pid_of(room)
    used, begun = cpu_seconds(pid), time.monotonic()
    time.sleep(seconds)
    return (cpu_seconds(pid) - used) / (time.monotonic() - begun)


def pid_of(room: Room) -> int:
    if room.process is None:
        raise RuntimeError("the recorder does not run")
    return room.process.pid


if __name__ == "__main__":
    main()
