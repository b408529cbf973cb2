"""What a room noted, in words on the timeline; codes that nobody knows are shown as they are."""

from __future__ import annotations

from typing import Any

import pytest

from control_api.review.causes import cause_in_words
from control_api.review.marks import Mark, decisions_of, marks_of
from control_api.web.problem_words import PROBLEMS, alarm_word, problem_word
from edge.recorder.problems import PROBLEMS as ROOM_PROBLEMS
from storage.manifest import Moment, NoteKind, NoteManifest

ID = "0" * 32
S = 10**9


def note(kind: NoteKind, detail: str = "", **fields: Any) -> NoteManifest:
    made = Moment(wall_ns=S, mono_ns=S)
    return NoteManifest(device=ID, room=ID, number=1, previous=None, made=made, note=kind, detail=detail, **fields)


@pytest.mark.parametrize(
    ("one", "mark"),
    [
        (note(NoteKind.HEALTH, "raised picture-covered second-camera"), ("raised", "镜头被遮挡（第二摄像头）")),
        (note(NoteKind.HEALTH, "cleared sound-silent"), ("cleared", "恢复：麦克风没有声音")),
        (note(NoteKind.HEALTH, "raised of-tomorrow camera"), ("raised", "of-tomorrow（摄像头）")),
        (note(NoteKind.RECORDING_PAUSED, "nobody-present"), ("noted", "暂停保存：无人")),
        (note(NoteKind.FAULT_DECISION, "go-on picture-black visitor-agrees"),
         ("noted", "故障“画面全黑”：接谈员选择继续接访")),
        (note(NoteKind.CLOCK_STEPPED, "step_ns=3600000000000"), ("noted", "房间时钟跳变")),
    ],
)  # fmt: skip
def test_notes_become_words(one: NoteManifest, mark: tuple[str, str]) -> None:
    assert marks_of([(7, one)], str) == [Mark(7, *mark)]


def test_notes_of_sessions_and_starts_are_no_marks() -> None:
    assert marks_of([(0, note(NoteKind.SESSION_OPENED)), (0, note(NoteKind.RECORDER_STARTED))], str) == []
    assert marks_of([(0, note(NoteKind.HEALTH, ""))], str) == [Mark(0, "raised", "")]


def test_a_decision_belongs_to_its_session() -> None:
    made = note(NoteKind.FAULT_DECISION, "stop camera-unplugged repair-first", session="5" * 32, officer="6" * 32)
    [decision] = decisions_of([(9, made), (9, note(NoteKind.HEALTH, "raised x"))], "5" * 32)
    assert (decision.choice, decision.fault, decision.reason, decision.officer) == (
        "停止接访", "摄像头被拔下", "先修复再接访", "6" * 32,
    )  # fmt: skip
    assert decisions_of([(9, made)], "7" * 32) == []


def test_words_for_a_part_alone_and_for_alarms() -> None:
    assert cause_in_words("camera-lost", "second-camera").startswith("第二摄像头")
    assert cause_in_words("camera-lost", None) == cause_in_words("camera-lost")
    assert alarm_word("room-picture-covered") == problem_word("picture-covered")


def test_every_problem_of_a_room_has_its_words() -> None:
    assert set(ROOM_PROBLEMS) - set(PROBLEMS) == set()
