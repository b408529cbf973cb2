"""What people type after --camera and --microphone."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from demo.sources import BadSource, camera_source, microphone_source


def test_an_rtsp_address_gives_up_its_password_to_fields_of_their_own() -> None:
    source = camera_source("rtsp://admin:p%40ss@192.0.2.7:8554/live?channel=1")
    assert source["url"] == "rtsp://192.0.2.7:8554/live?channel=1"
    assert (source["username"], source["password"]) == ("admin", "p@ss")
    assert microphone_source(None, source) == source


def test_a_device_goes_with_the_default_microphone() -> None:
    source = camera_source("/dev/v4l/by-id/usb-cam")
    assert source["kind"] == "v4l2"
    microphone = microphone_source(None, source)
    assert microphone is not None
    assert (microphone["kind"], microphone["device"]) == ("microphone", "")
    assert microphone_source("none", source) is None


def test_a_file_brings_its_own_sound_when_it_has_some(tmp_path: Path) -> None:
    loud, mute = tmp_path / "loud.mp4", tmp_path / "mute.mp4"
    picture = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc=duration=1"]
    subprocess.run([*picture, mute], check=True)
    subprocess.run([*picture, "-f", "lavfi", "-i", "sine=duration=1", loud], check=True)
    assert microphone_source(None, camera_source(str(loud))) == {"kind": "file", "path": str(loud)}
    assert microphone_source(None, camera_source(str(mute))) is None
    with pytest.raises(BadSource, match="no sound"):
        microphone_source(str(mute), camera_source(None))


@pytest.mark.parametrize("text", ["missing.mp4", "rtsp://", __file__])
def test_what_is_no_source_is_refused_in_a_sentence(text: str) -> None:
    with pytest.raises(BadSource):
        camera_source(text)
