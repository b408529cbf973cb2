"""The PC's own encoder: used when a probe shows that it works, never waited for, given up when it fails.

No hardware here: libx264 poses as a candidate, and encoders that exist but can't do it stand for what fails.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import av
import pytest

from config.room import PictureSettings
from edge.encode import encoder_choice, encoder_probe
from edge.encode.encoder_choice import EncoderChoice, here, probe_apart
from edge.encode.encoder_probe import fault_of
from edge.encode.video_encoder import EncodedPicture, EncoderFailed, VideoEncoder

SMALL = PictureSettings(width=320, height=180, bitrate_kbps=400, preset="ultrafast")


def settle(choice: EncoderChoice, settings: PictureSettings = SMALL) -> str:
    choice.prepare(settings)
    deadline = time.monotonic() + 5
    while not choice.is_settled(settings):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return choice.name_for(settings)


def test_an_encoder_that_does_all_that_is_needed_passes() -> None:
    assert fault_of("libx264", SMALL) is None


@pytest.mark.parametrize(
    "name", ["no-such-encoder", "h264_qsv", "h264_v4l2m2m", "mpeg4", "libx265", "libvpx", "aac", "mjpeg"]
)
def test_what_can_not_do_it_does_not(name: str) -> None:
    """The two of hardware do not open here; the others are encoders, but not of this kind."""
    assert fault_of(name, SMALL) is not None


def changed(unit: EncodedPicture, data: bytes) -> EncodedPicture:
    return EncodedPicture(data, unit.pts_90k, unit.key)


SPS, HIGH = b"\x00\x00\x01\x67\x42\xc0", b"\x00\x00\x01\x67\x64\x00"


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda u: changed(u, u.data[4:]), "Annex B"),
        (lambda u: EncodedPicture(u.data, u.pts_90k, True), "key frame"),
        (lambda u: changed(u, u.data.replace(SPS, HIGH)), "profile"),
        (lambda u: changed(u, b"\x00\x00\x01\x09\xf0" + u.data[-8:]) if u.key else u, "parameter set"),
        (lambda u: u if u.key else changed(u, b"\x00\x00\x01\x41" + bytes(40)), "decode"),
    ],
)
def test_each_fault_is_found(
    spoil: Callable[[EncodedPicture], EncodedPicture], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Spoilt(VideoEncoder):
        def encode(self, picture: av.VideoFrame, pts_90k: int, key: bool) -> list[EncodedPicture]:
            return [spoil(unit) for unit in super().encode(picture, pts_90k, key)]

    monkeypatch.setattr(encoder_probe, "VideoEncoder", Spoilt)
    fault = fault_of("libx264", SMALL)
    assert fault is not None
    assert said in fault


def test_an_encoder_that_shows_another_picture_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    class Green(VideoEncoder):
        def encode(self, picture: av.VideoFrame, pts_90k: int, key: bool) -> list[EncodedPicture]:
            blank = av.VideoFrame(picture.width, picture.height, "yuv420p")
            return super().encode(blank, pts_90k, key)

    monkeypatch.setattr(encoder_probe, "VideoEncoder", Green)
    assert "look like" in (fault_of("libx264", SMALL) or "")


def test_the_probe_runs_apart_and_says_what_it_found() -> None:
    assert probe_apart("libx264", SMALL) is None
    assert "does not open" in (probe_apart("h264_qsv", SMALL) or "")


def test_a_probe_that_hangs_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoder_choice, "PROBE_S", 0.05)
    assert probe_apart("libx264", SMALL) == "TimeoutExpired"


def test_the_first_that_works_is_used_and_asked_once() -> None:
    asked: list[str] = []

    def probe(name: str, _settings: PictureSettings) -> str | None:
        asked.append(name)
        return None if name == "good" else "no"

    choice = EncoderChoice(lambda: ("bad", "good", "never"), probe)
    assert settle(choice) == settle(choice) == "good"
    assert asked == ["bad", "good"]
    choice.give_up("good")
    assert choice.name_for(SMALL) == "libx264"


def test_nothing_waits_for_a_probe() -> None:
    answer = threading.Event()
    choice = EncoderChoice(lambda: ("slow",), lambda _name, _settings: None if answer.wait(5) else "no")
    choice.prepare(SMALL)
    assert not choice.is_settled(SMALL)
    assert choice.name_for(SMALL) == "libx264"
    answer.set()
    assert settle(choice) == "slow"


def test_a_probe_that_breaks_is_no_encoder() -> None:
    def probe(_name: str, _settings: PictureSettings) -> str | None:
        raise OSError("no more processes")

    assert settle(EncoderChoice(lambda: ("any",), probe)) == "libx264"


def test_who_wants_libx264_gets_it_unprobed() -> None:
    settings = SMALL.model_copy(update={"encoder": "libx264"})
    choice = EncoderChoice(lambda: ("any",), lambda _name, _settings: None)
    assert settle(choice, settings) == "libx264"
    assert choice.is_settled(settings)


def test_without_its_device_nodes_no_encoder_is_probed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoder_choice, "DEVICES", {"h264_qsv": "/nowhere/render*", "h264_v4l2m2m": "/dev/null"})
    assert here() == ("h264_v4l2m2m",)


def test_an_encoder_that_holds_pictures_back_is_not_used() -> None:
    encoder = VideoEncoder(SMALL, "libx265")
    pictures = [av.VideoFrame(320, 180, "yuv420p") for _ in range(10)]
    with pytest.raises(EncoderFailed, match="holds"):
        _ = [encoder.encode(picture, number * 3600, key=number == 0) for number, picture in enumerate(pictures)]
