"""A room that really records: its covered camera is told, noted and decided about; damaged footage is told before it
is signed."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from config.room import FileSource, RtspSource
from edge.health import decode_proof
from edge.recorder.room_health import failing_in, troubles_in
from storage.manifest import NoteKind, NoteManifest, SegmentManifest
from tests.edge.recorder.room import Room, recording_room
from tests.servers.covered_film import make_covered_film
from tests.servers.rtsp_camera import start_rtsp_camera

SEEN_S = 6
OFFICER = {"officer": "0" * 32, "signed_in": "offline"}


def wait_for(room: Room, done: Callable[[dict[str, Any]], Any], timeout_s: float = 20.0) -> dict[str, Any]:
    until_s = time.monotonic() + timeout_s
    while not done(status := room.ask("status")):
        assert time.monotonic() < until_s, status
        time.sleep(0.05)
    return status


def codes(status: dict[str, Any]) -> set[str]:
    return {problem["code"] for problem in status["problems"]} - {"clock-unsynchronised", "disk-low"}


def health_words(room: Room) -> list[str]:
    notes = (one for one in room.entries() if isinstance(one, NoteManifest) and one.note is NoteKind.HEALTH)
    return [str(note.detail) for note in notes]


def test_a_covered_camera_in_a_session_is_told_decided_and_signed(tmp_path: Path) -> None:
    film = FileSource(path=str(make_covered_film(tmp_path / "film.mov", SEEN_S, 9)))
    with recording_room(tmp_path, camera=film.model_dump(), microphone=film.model_dump()) as room:
        status = room.ask("status")
        covered_wall_ns = next(one["since_wall_ns"] for one in status["sources"]) + SEEN_S * 10**9
        assert (codes(status), status["fault"]) == (set(), None)
        session = secrets.token_hex(16)
        assert room.ask("open_session", session=session, **OFFICER)["ok"]
        refusal = room.ask("decide_fault", session=session, choice="go-on", reason="other", **OFFICER)
        assert refusal["code"] == "no-fault"
        status = wait_for(room, codes)
        seen_after_s = (status["wall_ns"] - covered_wall_ns) / 1e9
        print(f"covered camera in the room's status after {seen_after_s:.1f} s")
        assert codes(status) == {"picture-covered"}
        assert seen_after_s < 8
        problem = next(one for one in status["problems"] if one["code"] == "picture-covered")
        assert (problem["source"], problem["degrading"], status["state"]) == ("camera", True, "degraded")
        assert "摄像头" in problem["message"]
        status = wait_for(room, lambda one: one["fault"])
        assert status["fault"]["code"] == "picture-covered"
        assert abs(status["fault"]["since_wall_ns"] - status["wall_ns"]) < 8 * 10**9
        _decide(room, session)
        wait_for(room, lambda one: not codes(one))
        time.sleep(1.2)
        words = health_words(room)
        assert [word for word in words if "clock" not in word and "disk" not in word] == [
            "raised picture-covered camera", "cleared picture-covered camera",
        ]  # fmt: skip


def _decide(room: Room, session: str) -> None:
    wrong = room.ask("decide_fault", session=session, choice="go-on", reason="because", **OFFICER)
    assert wrong["code"] == "bad-argument"
    other = room.ask("decide_fault", session="f" * 32, choice="go-on", reason="other", **OFFICER)
    assert other["code"] == "session-not-open"
    answer = room.ask("decide_fault", session=session, choice="go-on", reason="visitor-agrees", **OFFICER)
    assert answer["ok"]
    assert room.ask("status")["fault"] is None
    again = room.ask("decide_fault", session=session, choice="stop", reason="other", **OFFICER)
    assert again["code"] == "no-fault", "one decision for each stretch"
    (note,) = [one for one in room.entries() if isinstance(one, NoteManifest) and one.note is NoteKind.FAULT_DECISION]
    assert (note.detail, note.session, note.officer) == (
        "go-on picture-covered visitor-agrees", session, OFFICER["officer"],
    )  # fmt: skip
    assert room.ask("status")["session"] == session, "going on or stopping, the session is closed by its own command"


def test_lost_sources_and_problems_are_troubles_by_name() -> None:
    status = {
        "sources": [
            {"name": "microphone", "state": "lost", "code": "microphone-silent"},
            {"name": "camera", "state": "ok", "code": ""},
        ],
        "problems": [
            {"code": "picture-black", "source": "camera", "degrading": True},
            {"code": "clock-unsynchronised", "source": None, "degrading": False},
            {"code": "disk-full", "source": None, "degrading": False},
        ],
    }
    assert troubles_in(status) == {
        ("microphone-silent", "microphone"),
        ("picture-black", "camera"),
        ("clock-unsynchronised", "recorder"),
        ("disk-full", "recorder"),
    }
    assert [one.code for one in failing_in(status)] == ["disk-full", "microphone-silent", "picture-black"]


def test_footage_that_does_not_decode_is_told_before_its_segment_is_signed(tmp_path: Path) -> None:
    """The recorder of a test of its own, whose second segment's proof is told that it fails."""
    site = tmp_path / "broken"
    site.mkdir()
    (site / "sitecustomize.py").write_text(BROKEN_PROOF)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(site))
        with recording_room(tmp_path) as room:
            run = room.ask("status")["run"]
            status = wait_for(room, lambda one: "footage-undecodable" in codes(one))
            assert status["state"] == "degraded"
            status = wait_for(room, lambda one: one["run"] not in (run, None) and not codes(one))
            assert status["state"] == "recording"
            time.sleep(1.5)
            entries = room.entries()
    raised = next(i for i, one in enumerate(entries) if _is_word(one, "raised footage-undecodable recorder"))
    second = [i for i, one in enumerate(entries) if isinstance(one, SegmentManifest)][1]
    assert raised < second, "the note precedes the entry of the segment"
    assert any(_is_word(one, "cleared footage-undecodable recorder") for one in entries)
    gap = next(one for one in entries if one.kind == "gap" and one.cause == "encoder-failed")
    assert gap.end.wall_ns - gap.start.wall_ns < 10**9


def test_a_copied_cameras_own_packets_are_proved_too(tmp_path: Path) -> None:
    camera = start_rtsp_camera(tmp_path, width=320, height=180, key=25)
    source = RtspSource(url=camera.url, username=camera.username, password=camera.password, copy_video=True)
    try:
        with recording_room(tmp_path, camera=source.model_dump(), microphone=source.model_dump()) as room:
            status = wait_for(room, lambda one: one["segments_sealed"] >= 2)
            assert status["encoder"] == "copy"
            assert not codes(status) & {"footage-undecodable", "footage-unproved", "source-unwatched"}
    finally:
        camera.stop()


def _is_word(entry: object, word: str) -> bool:
    return isinstance(entry, NoteManifest) and entry.detail == word


BROKEN_PROOF = f"""
import {decode_proof.__name__} as proof
true, seen = proof.fault_in, []
def fault_in(sample):
    seen.append(sample)
    return "broken" if len(seen) == 2 else true(sample)
proof.fault_in = fault_in
"""
