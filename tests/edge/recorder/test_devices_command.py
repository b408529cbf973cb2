"""`shilu-recorder devices`: what an administrator copies into the configuration."""

from __future__ import annotations

import json
from pathlib import Path

from typer.testing import CliRunner

from config.room import MicrophoneSource, V4l2Source
from edge.capture.cameras import Camera
from edge.recorder.command import application
from edge.recorder.devices import SoundCard, as_json, as_table, present_sound_cards

CARDS = """ 0 [PCH            ]: HDA-Intel - HDA Intel PCH
                      HDA Intel PCH at 0xf7f10000 irq 31
 2 [Interface      ]: USB-Audio - Room Interface
                      Maker Room Interface at usb-1, high speed
"""
PCM = """00-00: ALC256 Analog : ALC256 Analog : playback 1
02-00: USB Audio : USB Audio : playback 1 : capture 1
"""
CAMERA = Camera("/dev/v4l/by-id/usb-Room_Camera-video-index0", "/dev/video0", "会议摄像头")


def made(directory: Path) -> list[SoundCard]:
    (directory / "cards").write_text(CARDS)
    (directory / "pcm").write_text(PCM)
    (directory / "links").mkdir()
    (directory / "controlC2").touch()
    (directory / "links" / "usb-Maker_Room_Interface-00").symlink_to(directory / "controlC2")
    return present_sound_cards(directory, directory / "links")


def test_only_cards_that_record_are_listed_by_their_lasting_name(tmp_path: Path) -> None:
    (card,) = made(tmp_path)
    assert (card.id, card.number, card.name) == ("Interface", 2, "USB-Audio - Room Interface")
    assert card.device.endswith("usb-Maker_Room_Interface-00")
    (bare,) = present_sound_cards(tmp_path, tmp_path / "none")
    assert bare.device == "Interface"


def test_the_table_says_what_to_copy_and_names_what_may_change(tmp_path: Path) -> None:
    table = as_table([CAMERA], made(tmp_path))
    assert CAMERA.device in table
    assert "hw:2" in table
    assert "没有固定名称" not in table
    assert "没有固定名称" in as_table([Camera("/dev/video1", "/dev/video1", "x")], [])


def test_the_devices_as_json_are_what_the_settings_take(tmp_path: Path) -> None:
    listed = json.loads(as_json([CAMERA], made(tmp_path)))
    assert V4l2Source(device=listed["cameras"][0]["device"]).device == CAMERA.device
    assert MicrophoneSource(device=listed["sound_cards"][0]["device"]).device


def test_it_works_with_nothing_plugged_in() -> None:
    done = CliRunner().invoke(application, ["devices", "--json"])
    assert done.exit_code == 0
    assert set(json.loads(done.stdout)) == {"cameras", "sound_cards"}
    assert "摄像头" in CliRunner().invoke(application, ["devices"]).stdout


def test_the_settings_are_still_named_without_a_word_before_them(tmp_path: Path) -> None:
    done = CliRunner().invoke(application, ["--settings", str(tmp_path / "none.toml")])
    assert done.exit_code == 2
