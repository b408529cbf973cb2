"""What the screens say: both languages whole, states never flattered, notices told once."""

from __future__ import annotations

from pathlib import Path

from edge.console.desk import ENGLISH
from edge.console.view import levels, notices, recording_state, sources
from pages.extraction import sentences
from pages.translation import PAGES_PO, read_texts

CONSOLE = Path(__file__).parents[3] / "edge" / "console"


def test_every_sentence_has_its_english() -> None:
    known = read_texts([PAGES_PO, ENGLISH])
    missing = {text for _, _, text in sentences([CONSOLE]) if text not in known}
    assert not missing
    used = {text for _, _, text in sentences([CONSOLE])}
    assert not set(read_texts([ENGLISH])) - used, "no English for sentences that nobody says"


def test_only_a_recording_room_is_said_to_record() -> None:
    said = {name: recording_state(name).recording for name in ("recording", "degraded", "starting", "stopped", "?")}
    assert said == {"recording": True, "degraded": True, "starting": False, "stopped": False, "?": False}
    assert recording_state("a new word").kind == "stopped"


def test_notices_come_once_and_the_recorders_first() -> None:
    lost = {"kind": "audio", "name": "microphone", "state": "lost", "code": "silent", "message": "没有声音"}
    recorder = {"sources": [lost, {"kind": "video", "state": "ok"}, "nonsense"], "problems": [{"code": "disk-low"}]}
    archive = {"code": "archive-trouble", "message": "归档", "message_en": "archive"}
    away = {"code": "centre-unreachable", "message": "断开", "message_en": "away"}
    told = notices(recorder, [archive, archive, away], 45_000_000_000)
    assert [one.code for one in told] == ["silent", "archive-trouble", "clock-differs"]
    assert told[0].message_en == "没有声音"
    assert "45" in told[2].message


def test_nonsense_of_the_recorder_breaks_no_page() -> None:
    assert levels({"levels_dbfs": [-12.34, None, "x", float("-inf")]}) == [-12.3, -90.0]
    assert levels({"levels_dbfs": None}) == []
    assert [one.word for one in sources({"sources": [{"state": "?"}, 3, {"state": "absent"}]})] == ["中断", "未接入"]
    assert notices({"sources": None, "problems": "?"}, [], 0) == []
