"""What the screens say: both languages whole, states never flattered, notices told once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from edge.agent.spool_reader import Backlog
from edge.console.desk import ENGLISH
from edge.console.view import levels, notices, recording_state, sources
from edge.console.visitors import visitors_word
from pages.assets import Assets
from pages.environment import Pages
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


def test_standing_by_is_said_plainly_and_never_as_recording() -> None:
    for cause, said in (("nobody-present", "室内无人"), ("outside-hours", "开放时间"), (None, "接访随时可以开始")):
        state = recording_state("standby", cause)
        assert (state.recording, state.kind) == (False, "pending")
        assert said in state.detail
        assert "半分钟" in state.visitors
    assert recording_state("degraded", "nobody-present").recording is False
    assert recording_state("degraded", None).recording is True


def shown_to_visitors(state_name: str, recorder: dict[str, Any], standby_cause: str | None = None) -> str:
    pages = Pages([CONSOLE / "templates"], [ENGLISH], Assets(CONSOLE / "static"), "Asia/Shanghai")
    state = recording_state(state_name, standby_cause)
    facts = {"session": None, "opener": None, "viewers": [], "state": state, "visitors": visitors_word(state, recorder)}
    return pages.render("zh", "part_notice.html", facts)


def test_the_visitors_are_told_whether_it_records_now() -> None:
    standby = shown_to_visitors("standby", {}, "nobody-present")
    assert "目前没有录音录像" in standby
    assert "自动开始录音录像" in standby
    assert "正在同步录音录像" in shown_to_visitors("recording", {})


def source(kind: str, state: str = "ok") -> dict[str, str]:
    return {"kind": kind, "name": kind, "state": state}


@pytest.mark.parametrize(
    ("sources", "codes", "said"),
    [
        ([source("video"), source("audio")], [], "正在同步录音录像"),
        ([source("video"), source("audio")], ["clock-unsynchronised", "mirror-lost"], "正在同步录音录像"),
        ([source("video"), source("audio", "lost")], [], "正在录像，目前录不到声音"),
        ([source("video")], [], "正在录像，不录声音"),
        ([source("video", "absent"), source("audio")], [], "正在录音，目前录不到画面"),
        ([source("video", "lost"), source("audio", "lost")], [], "目前录不到画面和声音"),
        ([source("video"), source("video", "lost"), source("audio")], [], "画面有故障"),
        ([source("video"), source("audio")], ["picture-covered"], "画面有故障"),
        ([source("video"), source("audio")], ["sound-silent"], "声音有故障"),
        ([source("video"), source("audio")], ["footage-late"], "画面和声音都有故障"),
    ],
)
def test_the_visitors_are_promised_no_picture_and_no_sound_that_is_not_recorded(
    sources: list[dict[str, str]], codes: list[str], said: str
) -> None:
    whole = said == "正在同步录音录像"
    recorder = {"sources": sources, "problems": [{"code": code} for code in codes]}
    shown = shown_to_visitors("recording" if whole else "degraded", recorder)
    assert said in shown
    assert ("visitor-recording" in shown) is whole


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


def test_a_revoked_room_is_promised_no_upload() -> None:
    pages = Pages([CONSOLE / "templates"], [ENGLISH], Assets(CONSOLE / "static"), "Asia/Shanghai")
    facts = {"notices": [], "backlog": Backlog(0, 0, None), "waiting_tags": 0, "last_receipt_wall_ns": None}
    for enrolment, said, unsaid in (("revoked", "不再上传", "自动上传"), ("active", "自动上传", "不再上传")):
        shown = pages.render("zh", "part_health.html", facts | {"enrolment": enrolment, "centre_reachable": False})
        assert said in shown
        assert unsaid not in shown
