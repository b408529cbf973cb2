"""The centre moves the second camera and renames the room in mid-session: the picture changes, the run does not."""

from __future__ import annotations

import base64
import io
import secrets
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from config.room import RoomConfiguration
from edge.recorder.attendant import Surroundings
from edge.recorder.configuration import same_recording
from edge.recorder.media_clock import CODE, QUIET_NS, MediaClock
from edge.recorder.problems import PROBLEMS
from storage.manifest import ClockState, GapCause, GapManifest, Moment, NoteKind, NoteManifest, SourceName
from tests.edge.recorder.room import Room, recording_room

BY = {"officer": secrets.token_hex(16), "signed_in": "offline"}
S = 1_000_000_000


def second(x: int, y: int) -> dict[str, object]:
    return {"camera": {"kind": "synthetic"}, "box": {"x": x, "y": y, "width": 40, "height": 40}}


def preview(room: Room) -> np.ndarray:
    data = base64.b64decode(room.ask("preview")["jpeg"])
    return np.asarray(Image.open(io.BytesIO(data)).convert("L")).astype(int)


def test_boxes_names_and_sensor_change_while_a_session_is_recorded(tmp_path: Path) -> None:
    sensor = tmp_path / "climate.json"
    sensor.write_text('{"temperature_c": 21.5, "humidity_pct": 40}')
    with recording_room(tmp_path, second_camera=second(58, 2)) as room:
        assert room.ask("open_session", session=secrets.token_hex(16), **BY)["ok"]
        status, before = room.ask("status"), preview(room)
        assert {source["name"] for source in status["sources"]} == {"camera", "second-camera", "microphone"}
        changes = {
            "second_camera": second(2, 58),
            "room_name": "二号接谈室",
            "sensor": {"kind": "json", "path": str(sensor)},
            "line": {"live_share_pct": 10},
        }
        orders = {"configuration": room.centre.configuration(2, **changes), "sealing": room.centre.sealing()}
        assert room.ask("configure", **orders)["ok"]
        time.sleep(1.5)
        after = preview(room)
        assert room.ask("status")["run"] == status["run"]
        moved = np.abs(after - before)
        assert moved[8:70, 190:300].mean() > 6
        assert moved[108:170, 10:120].mean() > 6
        entries = room.entries()
    notes = [entry.detail for entry in entries if isinstance(entry, NoteManifest) and entry.note is NoteKind.CONFIGURED]
    assert notes == ["configuration=1 sealing=1", "configuration=2 sealing=1"]
    gaps = [entry.cause for entry in entries if isinstance(entry, GapManifest)]
    assert GapCause.FORMAT_CHANGED not in gaps


@pytest.mark.parametrize(
    ("changes", "same"),
    [
        ({"second_camera": second(0, 0)}, True),
        ({"second_camera": {**second(0, 0), "main_box": {"width": 50, "height": 50}}}, True),
        ({"second_camera": {"camera": {"kind": "v4l2", "device": "/dev/video1"}}}, False),
        ({"second_camera": None}, False),
        ({"sensor": {"kind": "hwmon", "path": "/sys/class/hwmon/hwmon0"}}, True),
        ({"room_name": "二", "unit_name": "另", "timezone": "UTC"}, True),
        ({"health": {}, "line": {}, "recording": {"mode": "always"}, "case_pattern": "^[0-9]{4}$"}, True),
        ({"spool": {"segment_s": 5}}, False),
        ({"spool": {"reserve_mb": 77}}, True),
        ({"picture": {"encoder": "libx264"}}, False),
        ({"sound": {"bitrate_kbps": 64}}, False),
    ],
)
def test_what_needs_a_new_run_and_what_does_not(changes: dict[str, object], same: bool) -> None:
    settings = {
        "version": 1, "device": "0" * 32, "room": "1" * 32, "room_name": "一", "unit_name": "镇",
        "second_camera": second(58, 2),
    }  # fmt: skip
    one = RoomConfiguration.model_validate(settings)
    assert same_recording(one, RoomConfiguration.model_validate({**settings, "version": 2, **changes})) is same


def test_a_source_whose_clock_runs_backwards_is_said_and_signed_once() -> None:
    counts: dict[SourceName, int] = {"camera": 0}
    notes: list[str | None] = []
    clock = MediaClock(
        Surroundings(
            configuration=lambda: None,  # type: ignore[arg-type, return-value]
            session=lambda: None,
            clock_state=ClockState,
            note_later=lambda _kind, *, session=None, detail=None, correction=None: notes.append(detail),
            clock_bends=lambda: counts,
        )
    )

    def tick(at_s: int) -> list[str]:
        clock.tick(Moment(wall_ns=at_s * S, mono_ns=at_s * S))
        return [f"{problem.code} {problem.source}" for problem in clock.report().problems]

    assert tick(1) == []
    counts["camera"] = 2
    assert tick(2) == [f"{CODE} camera"]
    counts["camera"] = 3
    assert tick(3) == [f"{CODE} camera"]
    assert clock.report().fields == {"clock_bends": 3}
    assert not any(problem.degrading for problem in clock.report().problems)
    assert tick(4 + QUIET_NS // S) == []
    counts["camera"] = 1  # a new pipeline
    assert tick(70) == [f"{CODE} camera"]
    assert notes == [f"raised {CODE} camera", f"cleared {CODE} camera", f"raised {CODE} camera"]
    assert CODE in PROBLEMS
