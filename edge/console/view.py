"""What the screens show, from what the agent knows. Pure: the clock is an argument; words are Chinese sentences
that the templates translate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from edge.agent.trouble import Sentence
from pages.translation import mark as _

CLOCK_TOLERANCE_NS = 30_000_000_000
_SAID_ELSEWHERE = frozenset({"centre-unreachable", "recorder-silent", "revoked"})  # each has a place of its own


@dataclass(frozen=True, slots=True)
class State:
    """`kind` chooses colour and shape (pages/templates/icons.html), `word` says it, `detail` what goes on or to do.

    `visitors`: what the visitors' page adds.
    """

    kind: Literal["recording", "session", "attention", "pending", "offline", "stopped"]
    word: str
    detail: str
    recording: bool
    visitors: str = ""


_STATES = {
    "recording": State("recording", _("正在录制"), _("录音录像自动进行，无需操作"), True),
    "degraded": State("attention", _("正在录制，有故障"), _("其余部分照常录制，请看下方提示"), True),
    "starting": State("pending", _("正在启动"), _("几秒后自动开始录制"), False),
    "unconfigured": State("pending", _("等待配置"), _("收到县中心的配置后自动开始录制"), False),
    "unenrolled": State("offline", _("尚未登记"), _("登记并由县中心确认后自动开始录制"), False),
    "stopped": State("stopped", _("没有录制"), _("请立即联系管理员；恢复前请勿接访"), False),
    "unreachable": State(
        "stopped", _("没有录制信号"), _("录像程序没有应答，可能正在重新启动；一分钟后仍如此请联系管理员"), False
    ),
}


_STANDBY = _("待命：现在不录像")
_VISITORS = _("接访开始，或有人走动、说话时，自动开始录音录像；开始之前至少半分钟的画面和声音一并保存")
_STANDBY_STATES = {
    "nobody-present": State(
        "pending",
        _STANDBY,
        _("室内无人。有人走动或说话即自动录制，之前的半分钟一并保存；接访随时可以开始"),
        False,
        _VISITORS,
    ),
    "outside-hours": State(
        "pending",
        _STANDBY,
        _("现在不是开放时间，到时自动录制。接访随时可以开始并必定录制，之前的半分钟一并保存"),
        False,
        _("接访开始时自动开始录音录像；开始之前至少半分钟的画面和声音一并保存"),
    ),
}
_FAULTY_WORD = _("待命，有故障")
_FAULTY_DETAIL = _("现在不录像，接访随时可以开始；故障请看下方提示")


def recording_state(name: str, standby_cause: object = None) -> State:
    """An unknown word of the recorder is shown as not recording: better one look too many."""
    standby = _STANDBY_STATES.get(str(standby_cause), _STANDBY_STATES["nobody-present"])
    if name == "degraded" and standby_cause:
        return State("attention", _FAULTY_WORD, _FAULTY_DETAIL, False, standby.visitors)
    if name == "standby":
        return standby
    return _STATES.get(name, _STATES["stopped"])


@dataclass(frozen=True, slots=True)
class Source:
    kind: Literal["video", "audio"]
    name: str
    ok: bool
    word: str
    since_wall_ns: int | None


_SOURCE_WORDS = {"ok": _("正常"), "lost": _("中断"), "absent": _("未接入")}


def sources(recorder: Mapping[str, Any]) -> list[Source]:
    return [
        Source(
            "audio" if one.get("kind") == "audio" else "video",
            str(one.get("name", "")),
            one.get("state") == "ok",
            _SOURCE_WORDS.get(str(one.get("state")), _SOURCE_WORDS["lost"]),
            one.get("since_wall_ns") if isinstance(one.get("since_wall_ns"), int) else None,
        )
        for one in _objects(recorder.get("sources"))
    ]


@dataclass(frozen=True, slots=True)
class Notice:
    code: str
    message: str
    message_en: str


def notices(recorder: Mapping[str, Any], troubles: Sequence[Sentence], clock_ahead_ns: int) -> list[Notice]:
    """What a person should look at, the recorder's first; each code once. The line itself has a place of its own."""
    found = [one for one in _objects(recorder.get("sources")) if one.get("state") != "ok"]
    found += _objects(recorder.get("problems"))
    found += [dict(trouble) for trouble in troubles if trouble["code"] not in _SAID_ELSEWHERE]
    if abs(clock_ahead_ns) > CLOCK_TOLERANCE_NS:
        found.append(_clock_trouble(clock_ahead_ns))
    by_code = {str(one.get("code")): one for one in reversed(found) if one.get("message")}
    return [
        Notice(code, str(one["message"]), str(one.get("message_en") or one["message"]))
        for code, one in reversed(by_code.items())
    ]


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault of the recording in the open session that waits for the officer's decision."""

    code: str
    message: str
    message_en: str
    since_wall_ns: int


FAULT_REASONS = (
    ("visitor-agrees", _("来访人同意继续")),
    ("written-record", _("改为书面记录")),
    ("moved-room", _("换到其他接谈室")),
    ("visitor-stops", _("来访人要求停止")),
    ("repair-first", _("先修复再接访")),
    ("other", _("其他")),
)


def fault(recorder: Mapping[str, Any]) -> Fault | None:
    """With the words of the problem or the source that it is about."""
    waiting = recorder.get("fault")
    if not isinstance(waiting, dict) or not isinstance(waiting.get("since_wall_ns"), int):
        return None
    code = str(waiting.get("code", ""))
    known = [*_objects(recorder.get("sources")), *_objects(recorder.get("problems"))]
    about = next((one for one in known if one.get("code") == code and one.get("message")), {})
    message = str(about.get("message") or "录制不完整，其余部分照常；请看下方提示")
    message_en = str(about.get("message_en") or "The recording is not whole, the rest goes on; see the notes below")
    return Fault(code, message, message_en, waiting["since_wall_ns"])


def _clock_trouble(ahead_ns: int) -> dict[str, str]:
    seconds = abs(ahead_ns) // 1_000_000_000
    return {
        "code": "clock-differs",
        "message": f"本机时钟与县中心相差 {seconds} 秒，录像照常；请管理员检查本机的对时设置",
        "message_en": f"The clock differs from the centre's by {seconds} s; recording goes on; check its time service",
    }


def levels(recorder: Mapping[str, Any]) -> list[float]:
    """Per channel in dBFS, -90 and up."""
    values = recorder.get("levels_dbfs")
    numbers = [one for one in values if isinstance(one, int | float)] if isinstance(values, list) else []
    return [round(max(-90.0, float(one)), 1) for one in numbers[:4]]


def _objects(value: object) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
