"""USB cameras and microphones that are missing, and what their time stamps mean."""

from __future__ import annotations

import errno
import sys

import pytest

from config.room import MicrophoneSource as MicrophoneSettings
from config.room import PictureSettings
from config.room import V4l2Source as V4l2Settings
from edge.capture.microphone import MicrophoneSource
from edge.capture.source import SourceUnavailable
from edge.capture.v4l2 import V4l2Source, monotonic_of, opening_fault

WALL, MONO = 1_795_000_000_000_000_000, 4_000_000_000_000


def test_a_missing_camera_says_so() -> None:
    with pytest.raises(SourceUnavailable) as error:
        V4l2Source(V4l2Settings(device="/dev/video77"), PictureSettings()).open()
    assert error.value.code in ("camera-missing", "camera-unusable")
    assert "摄像头" in error.value.message


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (errno.EBUSY, "camera-busy"),
        (errno.ENODEV, "camera-missing"),
        (errno.EACCES, "camera-forbidden"),
        (0, "camera-unusable"),
    ],
)
def test_each_fault_has_its_sentence(number: int, code: str) -> None:
    assert opening_fault(OSError(number, "x")).code == code


def test_time_stamps_of_either_clock_are_understood() -> None:
    assert monotonic_of(MONO - 30_000_000, MONO, WALL) == MONO - 30_000_000
    assert monotonic_of(WALL - 30_000_000, MONO, WALL) == MONO - 30_000_000
    assert monotonic_of(12_345, MONO, WALL) == MONO
    assert monotonic_of(None, MONO, WALL) == MONO
    assert monotonic_of(MONO + 5_000_000, MONO, WALL) == MONO


def test_without_portaudio_the_room_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    with pytest.raises(SourceUnavailable) as error:
        MicrophoneSource(MicrophoneSettings()).open()
    assert error.value.code == "portaudio-missing"
    assert "libportaudio2" in error.value.message


def test_a_missing_microphone_says_so() -> None:
    source = MicrophoneSource(MicrophoneSettings(device="no such card"))
    with pytest.raises(SourceUnavailable) as error:
        source.open()
    source.close()
    assert error.value.code in ("microphone-missing", "microphone-busy")
