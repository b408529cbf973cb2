"""Footage of a file by another tool is measured against that file: planted offsets and losses are found again."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from demo.comparison import compare

MAKE = ["ffmpeg", "-v", "error", "-y"]


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve seconds of a changing picture and speech-like noise, 4:3, 30 pictures a second."""
    path = tmp_path_factory.mktemp("film") / "film.mkv"
    picture = "testsrc2=size=320x240:rate=30:duration=12,rotate=t/6"
    sound = "anoisesrc=color=pink:duration=12:seed=3,tremolo=f=3:d=0.8"
    command = [*MAKE, "-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", sound, "-c:v", "mpeg4", "-q:v", "5"]
    subprocess.run([*command, "-c:a", "libvorbis", path], check=True)
    return path


def recorded(film: Path, out: Path, *, sound_late_s: float = 0.0, drop: str = "") -> bytes:
    """What a recording of `film` from its third second on would be: fitted into 16:9, encoded again."""
    picture = "[0:v]scale=480:360,pad=640:360:80:0" + (f",select='not({drop})'" if drop else "")
    sound = f"[1:a]asetpts=PTS+{sound_late_s}/TB,aresample=async=1:first_pts=0"
    command = [*MAKE, "-ss", "3", "-i", film, "-ss", "3", "-i", film, "-filter_complex", f"{picture}[v];{sound}[a]"]
    command += ["-map", "[v]", "-map", "[a]", "-fps_mode", "passthrough", "-c:v", "libx264", "-preset", "ultrafast"]
    subprocess.run([*command, "-c:a", "aac", "-t", "8", out], check=True)
    return out.read_bytes()


def test_an_untouched_recording_has_no_offset_and_no_loss(film: Path, tmp_path: Path) -> None:
    found = compare(recorded(film, tmp_path / "plain.mp4"), film, 25)
    assert found.lost_frames == 0
    assert found.av_offset_ms == pytest.approx(0, abs=25)


def test_a_planted_offset_is_read(film: Path, tmp_path: Path) -> None:
    plain = compare(recorded(film, tmp_path / "plain.mp4"), film, 25)
    late = compare(recorded(film, tmp_path / "late.mp4", sound_late_s=0.2), film, 25)
    assert late.av_offset_ms is not None
    assert plain.av_offset_ms is not None
    assert late.av_offset_ms - plain.av_offset_ms == pytest.approx(200, abs=8)


def test_planted_losses_are_counted(film: Path, tmp_path: Path) -> None:
    found = compare(recorded(film, tmp_path / "loss.mp4", drop="eq(n,50)+eq(n,51)+eq(n,90)"), film, 25)
    assert found.lost_frames == 3


def test_a_still_picture_gives_no_figure_rather_than_a_guess(tmp_path: Path) -> None:
    still = tmp_path / "still.mp4"
    command = [*MAKE, "-f", "lavfi", "-i", "color=gray:size=320x180:rate=25:duration=6", "-f", "lavfi"]
    subprocess.run([*command, "-i", "anullsrc=duration=6", "-c:v", "libx264", "-c:a", "aac", still], check=True)
    found = compare(still.read_bytes(), still, 25)
    assert found.lost_frames is None
    assert found.av_offset_ms is None
