"""What looks after a recording, as the centre gets it: standby, lasting problems, calm gaps, notes, 漏登."""

from __future__ import annotations

from datetime import date
from typing import Any

from config.opening_hours import WEEKDAYS, SpecialDay
from control_api.rooms.calendar import set_days
from control_api.rooms.service import change_configuration
from tests.fakes.seeded_centre import S, SeededCentre, report

COVERED = {
    "code": "picture-covered",
    "message": "摄像头可能被遮挡：请移开遮挡物，录像仍在继续。",
    "message_en": "Something may cover the camera: take it away; recording goes on.",
    "source": "second-camera",
    "degrading": True,
}


def seed_capture(seeded: SeededCentre) -> dict[str, str]:
    """A second camera that was covered in a session, a fault decided, a pause, a missed session. Ids by name."""
    first, third = seeded.rooms["青石镇 1号接谈室"], seeded.rooms["云溪街道 1号接谈室"]
    now_ns = seeded.center.now_ns() // S * S
    start = now_ns - 3000 * S
    session = third.session(start + 20 * S, start + 60 * S, seeded.officer, "XF-2026-000131")
    third.footage(start, 80, session)
    third.note(start + 30 * S, "health", detail="raised picture-covered second-camera")
    third.note(start + 34 * S, "fault-decision", detail="go-on picture-covered visitor-agrees", session=session,
               officer=seeded.officer, signed_in="online")  # fmt: skip
    third.note(start + 45 * S, "health", detail="cleared picture-covered second-camera")
    third.gap(start + 30 * S, start + 45 * S, "camera-lost", "video", source="second-camera", session=session)
    third.note(start + 80 * S, "recording-paused", detail="nobody-present")
    third.gap(start + 80 * S, start + 900 * S, "nobody-present")
    since = start + 900 * S
    third.footage(since, 30)
    third.note(since + 300 * S, "presence-without-session", detail=f"since_wall_ns={since}")
    report(
        third,
        state="standby",
        recording=False,
        mode="presence",
        standby_cause="nobody-present",
        presence={"movement": False, "voice": False, "last_wall_ns": now_ns - 700 * S},
        disk_hours_left=212.0,
        clock={"source": "chrony", "synchronized": True, "offset_ns": 12000, "uncertainty_ns": 4_200_000},
        mirror={"state": "behind", "free_bytes": 51_000_000_000, "message": "第二份录像落后，正在追赶。"},
    )
    report(
        first,
        state="degraded",
        mode="always",
        problems=[COVERED | {"since_wall_ns": now_ns - 95 * S}],
        sources=_sources(),
        backlog_segments=214,
        backlog_bytes=520_000_000,
        disk_hours_left=19.4,
        agent={"backlog_through_wall_ns": now_ns + 5400 * S, "line_kbps": 3800},
        fault={"code": "picture-covered", "since_wall_ns": now_ns - 90 * S},
        levels_dbfs=[-31.5, -38.0],
    )
    configure(seeded, first.id)
    return {"observed": session}


def configure(seeded: SeededCentre, room_id: str) -> None:
    """Two cameras and microphones, opening hours, a limit, a calendar."""
    center, now_ns = seeded.center, seeded.center.now_ns()
    week = {day: ["09:00-12:00", "14:00-17:30"] for day in WEEKDAYS[:5]}
    settings: dict[str, Any] = {
        "camera": {"kind": "rtsp", "url": "rtsp://192.0.2.10/a", "username": "u", "password": "secret-one"},
        "second_camera": {"camera": {"kind": "rtsp", "url": "rtsp://192.0.2.11/b", "password": "secret-two"}},
        "microphone": {"kind": "microphone", "device": "officer"},
        "second_microphone": {"microphone": {"kind": "microphone", "device": "visitor"}},
        "recording": {"mode": "hours", "hours": {"weekly": week}},
        "line": {"limits": [{"hours": ["08:00-18:00"], "kbps": 2000}]},
    }
    with center.database.writing() as db:
        change_configuration(db, seeded.administrator, now_ns, room_id, settings, reason="加装第二摄像头")
        days = [SpecialDay(date=date(2026, 12, day)) for day in (24, 25)]
        set_days(db, center, seeded.administrator, now_ns, [*days, SpecialDay(date=date(2026, 12, 26), like="monday")])


def _sources() -> list[dict[str, str]]:
    names = ("camera", "second-camera", "microphone", "second-microphone")
    return [{"name": name, "kind": "video" if "camera" in name else "audio", "state": "ok"} for name in names]
