"""`script/demo --smoke` as one types it: the whole story, with each kind of source that needs no hardware."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.servers.rtsp_camera import start_rtsp_camera
from tests.servers.stamped_film import make_stamped_film

KEYS = ["recorded_s", "segments", "archived", "replayed_s", "verified", "av_offset_ms", "lost_frames"]
LONG_S = 400
pytestmark = pytest.mark.timeout(LONG_S)


def smoke(directory: Path, *options: str) -> dict[str, Any]:
    """The one line on standard output; everything else has to be on standard error."""
    command = [sys.executable, "-m", "demo", "--smoke", "--directory", directory, *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=LONG_S, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == 1
    figures: dict[str, Any] = json.loads(lines[0])
    assert list(figures) == KEYS
    assert figures["recorded_s"] >= 19.5
    assert figures["replayed_s"] >= figures["recorded_s"] - 0.5
    assert figures["segments"] == figures["archived"] > 0
    assert figures["verified"] is True
    assert figures["lost_frames"] == 0
    return figures


def test_the_story_with_the_made_picture(tmp_path: Path) -> None:
    assert abs(smoke(tmp_path / "demo")["av_offset_ms"]) < 20


@pytest.mark.long
def test_a_second_story_in_the_same_place_goes_on(tmp_path: Path) -> None:
    smoke(tmp_path / "demo", "--store", "local")
    smoke(tmp_path / "demo", "--store", "local")


@pytest.mark.long
def test_a_film_by_another_tool(tmp_path: Path) -> None:
    film = tmp_path / "film.mkv"
    picture, sound = "testsrc2=size=854x480:rate=30000/1001:duration=47,rotate=t/6", "anoisesrc=color=pink:duration=47"
    command = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", f"{sound},tremolo=f=3"]
    subprocess.run([*command, "-c:v", "mpeg4", "-q:v", "5", "-c:a", "libvorbis", film], check=True)
    assert abs(smoke(tmp_path / "demo", "--camera", str(film))["av_offset_ms"]) < 20


@pytest.mark.long
def test_a_network_camera_with_a_password(tmp_path: Path) -> None:
    film = make_stamped_film(tmp_path / "film.mov", LONG_S)
    camera = start_rtsp_camera(tmp_path, file=str(film))
    try:
        figures = smoke(tmp_path / "demo", "--camera", camera.url_with_password)
    finally:
        camera.stop()
    assert abs(figures["av_offset_ms"]) < 45
