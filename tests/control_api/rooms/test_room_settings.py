"""What an administrator decides for a room: refused with the key before anything is sent, passwords never shown."""

from __future__ import annotations

from typing import Any

import pytest

from control_api.errors import CenterError
from control_api.rooms.configuration import (
    MASK,
    RoomSettings,
    check_room_settings,
    with_kept_secrets,
    without_secrets,
)
from control_api.web.configuration_form import NotWritten, faults, read, settings_from, typed_from

RTSP = {"kind": "rtsp", "url": "rtsp://192.0.2.1/a", "password": "first"}
SECOND = {"camera": {"kind": "rtsp", "url": "rtsp://192.0.2.2/b", "username": "u", "password": "second"}}
WEEK = {"monday": ["09:00-12:00", "14:00-17:30"], "saturday": ["09:00-11:00"]}
WHOLE: dict[str, Any] = {
    "camera": RTSP,
    "second_camera": SECOND | {"box": {"x": 60, "y": 5, "width": 30, "height": 30.5}},
    "microphone": {"kind": "microphone", "device": "a"},
    "second_microphone": {"microphone": {"kind": "microphone", "device": "b"}},
    "sensor": {"kind": "json", "path": "/run/room/air.json"},
    "recording": {"mode": "hours", "hours": {"weekly": WEEK, "days": [{"date": "2026-12-26", "like": "monday"}]}},
    "health": {"silent_dbfs": -80},
    "line": {"limits": [{"hours": ["08:00-12:00", "14:00-18:00"], "kbps": 2000}]},
}


@pytest.mark.parametrize(
    ("settings", "key"),
    [
        ({"second_camera": SECOND, "camera": RTSP | {"copy_video": True}}, "camera.copy_video"),
        ({"second_camera": {"camera": RTSP}, "camera": RTSP}, "second_camera.camera"),
        ({"microphone": None, "second_microphone": {"microphone": {"kind": "synthetic"}}}, "second_microphone"),
        ({"second_camera": SECOND | {"box": {"x": 90, "width": 20}}}, "second_camera.box"),
        ({"recording": {"mode": "hours"}}, "recording"),
        ({"recording": {"hours": {"weekly": {"monday": ["12:00-09:00"]}}}}, "recording.hours.weekly.monday"),
        ({"sensor": {"kind": "smell", "path": "/x"}}, "sensor.kind"),
        ({"line": {"limits": [{"hours": ["08:00-09:00"], "kbps": 100}] * 2}}, "line"),
    ],
)
def test_what_can_not_be_is_refused_with_its_key(settings: dict[str, Any], key: str) -> None:
    with pytest.raises(CenterError) as caught:
        check_room_settings(settings)
    assert (caught.value.code, caught.value.field) == ("bad-configuration", key)


def test_a_second_cameras_password_is_masked_and_kept_for_the_same_camera_alone() -> None:
    shown = without_secrets(WHOLE)
    assert shown["camera"]["password"] == shown["second_camera"]["camera"]["password"] == MASK
    assert WHOLE["second_camera"]["camera"]["password"] == "second"  # what is shown is a copy
    assert with_kept_secrets(shown, WHOLE) == WHOLE
    moved = without_secrets(WHOLE)
    moved["second_camera"]["camera"]["url"] = "rtsp://192.0.2.99/b"
    assert with_kept_secrets(moved, WHOLE)["second_camera"]["camera"]["password"] == ""


def test_the_form_gives_back_what_it_shows() -> None:
    standing = RoomSettings.model_validate(WHOLE)
    typed = typed_from(standing.model_dump(mode="json"))
    assert typed["second_camera.camera.password"] == MASK
    assert typed["recording.hours.weekly.monday"] == "09:00-12:00 14:00-17:30"
    assert typed["recording.hours.days"] == "2026-12-26 按周一"
    assert typed["line.limits"] == "08:00-12:00 14:00-18:00 2000"
    back = settings_from(typed)
    assert faults(back, WHOLE) == []
    assert RoomSettings.model_validate(with_kept_secrets(back, WHOLE)) == standing


def test_what_is_not_there_shows_as_none_and_stays_away() -> None:
    typed = typed_from({})
    names = ("second_camera.camera.kind", "second_microphone.microphone.kind", "sensor.kind")
    assert [typed[name] for name in names] == ["none"] * 3
    assert RoomSettings.model_validate(settings_from(typed)) == RoomSettings()


@pytest.mark.parametrize(
    ("typed", "field", "piece"),
    [
        ({"recording.hours.weekly.monday": "9:00-12:00，14:00至13:00"}, "recording.hours.weekly.monday", "早于开始"),
        ({"recording.mode": "hours"}, "recording.mode", "哪一天都没有填"),
        ({"line.limits": "08:00-09:00 100\n08:30-10:00 200"}, "line.capacity_kbps", "同一时段"),
        ({"line.limits": "08:00-09:00 1"}, "line.limits", "至少 64"),
        ({"health.silent_dbfs": "-10"}, "health.silent_dbfs", "太大"),
        ({"second_camera.camera.kind": "synthetic", "second_camera.box.x": "90"}, "second_camera.box.x", "超出画面"),
        ({"microphone.kind": "none", "second_microphone.microphone.kind": "synthetic"},
         "second_microphone.microphone.kind", "没有第一支"),
    ],
)  # fmt: skip
def test_an_error_stands_beside_its_field(typed: dict[str, str], field: str, piece: str) -> None:
    _, found = read(typed_from({}) | typed, {})
    assert [(name, piece in sentence) for name, sentence, _figures in found][:1] == [(field, True)]


def test_hours_are_read_however_they_are_separated() -> None:
    typed = typed_from({}) | {"recording.hours.weekly.monday": "9:00 – 12：00，14:00～17:30；18:00至19:00"}
    assert settings_from(typed)["recording"]["hours"]["weekly"]["monday"] == [
        "09:00-12:00",
        "14:00-17:30",
        "18:00-19:00",
    ]
    with pytest.raises(NotWritten):
        settings_from(typed_from({}) | {"recording.hours.days": "国庆 休"})


def test_a_line_that_cannot_be_read_is_named_and_hides_no_other_fault() -> None:
    typed = typed_from({}) | {
        "line.limits": "08:00-12:00 2000\n\n25:00-26:00 500",
        "recording.hours.days": "2026-10-01 休\n国庆 休",
        "health.silent_dbfs": "5",
    }
    _, wrong = read(typed, {})
    said = {name: sentence % figures for name, sentence, figures in wrong}
    assert set(said) == {"line.limits", "recording.hours.days", "health.silent_dbfs"}
    assert "第 3 行“25:00-26:00 500”" in said["line.limits"]
    assert "第 2 行“国庆 休”" in said["recording.hours.days"]
    assert said["health.silent_dbfs"].endswith("-40。"), "a whole number is written as one"
