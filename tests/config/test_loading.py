"""A wrong settings file is refused by key, with the way out."""

from pathlib import Path

import pytest

from config.loading import SettingsError, check_settings, load_settings
from config.process import CenterSettings, RecorderSettings
from config.room import RoomConfiguration

SLOW = r"^(?:[A-Z0-9]+-?)+$"
GOOD = {"version": 1, "device": "a" * 32, "room": "b" * 32, "room_name": "1号接谈室", "unit_name": "青石镇"}


def test_a_mistyped_key_is_named_with_the_nearest_known_one() -> None:
    with pytest.raises(SettingsError, match=r"unknown key 'run_directry'; did you mean 'run_directory'"):
        check_settings(
            {"data_directory": "/x", "run_directory": "/y", "run_directry": "/z"}, RecorderSettings, "r.toml"
        )


def test_an_unlike_key_lists_the_known_ones() -> None:
    with pytest.raises(SettingsError, match="known keys: agent_user, data_directory, live_user, "):
        check_settings({"data_directory": "/x", "run_directory": "/y", "zzzzz": 1}, RecorderSettings, "r.toml")


def test_a_mistyped_key_inside_a_table_is_named_by_its_path() -> None:
    with pytest.raises(SettingsError, match=r"picture\.widht.*did you mean 'width'"):
        check_settings({**GOOD, "picture": {"widht": 640}}, RoomConfiguration, "room")


def test_a_missing_key_is_named() -> None:
    with pytest.raises(SettingsError, match="'run_directory' is missing"):
        check_settings({"data_directory": "/x"}, RecorderSettings, "r.toml")


def test_a_refused_secret_never_stands_in_the_message() -> None:
    values = {
        "data_directory": "/x",
        "archive": {"kind": "s3", "endpoint": "h:1", "bucket": "b", "access_key": "k", "secret_key": "hunter2"},
    }
    with pytest.raises(SettingsError) as caught:
        check_settings(values, CenterSettings, "center.toml")
    assert "secret_key" in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_a_file_that_is_absent_or_no_toml_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        load_settings(tmp_path / "absent.toml", RecorderSettings)
    broken = tmp_path / "broken.toml"
    broken.write_text("data_directory = ")
    with pytest.raises(SettingsError, match="is not TOML"):
        load_settings(broken, RecorderSettings)


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"timezone": "Asia/Nowhere"}, "timezone"),
        ({"case_pattern": "("}, "case_pattern"),
        ({"case_pattern": SLOW}, "case_pattern"),
        ({"picture": {"width": 641}}, "picture.width"),
        ({"camera": {"kind": "rtsp", "url": "rtsp://user:secret@host/1"}}, "camera.rtsp.url"),
        ({"camera": {"kind": "v4l2", "device": "video0"}}, "camera.v4l2.device"),
        ({"camera": {"kind": "webcam"}}, "camera"),
        ({"device": "room-1"}, "device"),
    ],
)
def test_a_room_configuration_that_cannot_work_is_refused_by_key(change: dict[str, object], key: str) -> None:
    with pytest.raises(SettingsError) as caught:
        check_settings({**GOOD, **change}, RoomConfiguration, "room")
    assert key in str(caught.value)


@pytest.mark.parametrize(
    "change", [{"timezone": "Asia/Nowhere"}, {"timezone": "/etc"}, {"case_pattern": "("}, {"case_pattern": SLOW}]
)
def test_a_centre_that_cannot_work_is_refused_by_key(change: dict[str, str]) -> None:
    values = {"data_directory": "/x", "archive": {"kind": "local", "directory": "/y"}, **change}
    with pytest.raises(SettingsError, match=next(iter(change))):
        check_settings(values, CenterSettings, "center.toml")


def test_a_password_inside_an_address_never_stands_in_the_message() -> None:
    values = {**GOOD, "camera": {"kind": "rtsp", "url": "rtsp://user:hunter2@host/1"}}
    with pytest.raises(SettingsError) as caught:
        check_settings(values, RoomConfiguration, "room")
    assert "hunter2" not in str(caught.value)
