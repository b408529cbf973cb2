"""What a room's device last said, as people read it: one state, one sentence, some figures. Pure.

The centre never guesses that a room records: a device that went silent is "offline", whatever it said before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pages.translation import mark as _

SILENT_NS = 20_000_000_000  # a device reports every two seconds
STANDBY = {
    "outside-hours": _("不在开放时间，按配置不保存；有人开始接访即自动录制"),
    "nobody-present": _("无人，按配置不保存；有人走动或说话即自动录制"),
    "": _("按配置暂不保存；开始接访即自动录制"),
}
ORDER = ("stopped", "attention", "offline", "pending", "session", "recording", "standby", "none")


@dataclass(frozen=True, slots=True)
class RoomState:
    """`kind` is one of ORDER; `word` and `rest` are Chinese sentences to translate, messages come in both."""

    kind: str
    word: str
    rest: str = ""
    message: str = ""
    message_en: str = ""
    message_since_ns: int | None = None
    more: int = 0
    session_since_ns: int | None = None


@dataclass(frozen=True, slots=True)
class Counts:
    recording: int = 0
    standby: int = 0
    attention: int = 0
    offline: int = 0
    unused: int = 0


@dataclass(frozen=True, slots=True)
class Figures:
    """The numbers of a device's last status; None where it said nothing."""

    level_db: float | None = None
    levels: Sequence[float] = ()
    backlog: int | None = None
    backlog_bytes: int = 0
    oldest_ns: int | None = None
    disk_free: int | None = None
    encoder: str = ""
    sources: Sequence[Mapping[str, Any]] = ()
    problems: Sequence[Mapping[str, Any]] = field(default=())
    mode: str = ""
    disk_hours: float | None = None
    backlog_through_ns: int | None = None
    line_kbps: int | None = None
    clock: Mapping[str, Any] | None = None
    mirror: Mapping[str, Any] | None = None
    fault: Mapping[str, Any] | None = None
    presence: Mapping[str, Any] | None = None
    presence_ns: int | None = None


def read_state(
    device_state: str | None, seen_ns: int | None, status: Mapping[str, Any] | None, now_ns: int
) -> RoomState:
    """`device_state`: pending, active or None for a room without a device."""
    if device_state is None:
        return RoomState("none", _("未启用"), _("还没有设备，请生成登记码"))
    if device_state == "pending":
        return RoomState("pending", _("待核对"), _("设备已注册，等待管理员核对指纹"))
    if seen_ns is None or status is None or now_ns - seen_ns > SILENT_NS:
        return RoomState("offline", _("离线"))
    return _read_status(status)


def _read_status(status: Mapping[str, Any]) -> RoomState:
    said = str(status.get("state", ""))
    problems = problems_of(status)
    first = problems[0] if problems else {}
    told: dict[str, Any] = {
        "message": str(first.get("message", "")),
        "message_en": str(first.get("message_en", "")),
        "message_since_ns": since_of(first),
        "more": max(0, len(problems) - 1),
    }
    since = status.get("session_opened_wall_ns")
    since_ns = since if isinstance(since, int) and status.get("session") else None
    if said in {"stopped", "unenrolled"}:
        return RoomState("stopped", _("未录制"), _("请到房间查看"), **told)
    if said == "unreachable":
        return RoomState("stopped", _("不明"), _("录制程序没有应答，请到房间查看"), **told)
    if said in {"starting", "unconfigured"}:
        return RoomState("attention", _("正在启动"), _("正在打开音视频源"), **told)
    lost = any(source.get("state") != "ok" for source in _rows(status, "sources"))
    if lost or said == "degraded":
        return RoomState("attention", _("需要处理"), _("录制继续，请查看房间"), session_since_ns=since_ns, **told)
    if said == "standby" and since_ns is None:
        return RoomState("standby", _("待命"), STANDBY.get(str(status.get("standby_cause")), STANDBY[""]), **told)
    # What else the recorder complains of (its clock, say) is told, but picture and sound are all there.
    kind, word = ("recording", _("录制中")) if since_ns is None else ("session", _("接访中"))
    return RoomState(kind, word, _("没有接访，持续录制"), session_since_ns=since_ns, **told)


def since_of(problem: Mapping[str, Any]) -> int | None:
    """Since when a problem stands, by the room's clock."""
    since = problem.get("since_wall_ns")
    return since if isinstance(since, int) and since > 0 else None


def problems_of(status: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Sources that are lost first, then what else the recorder complains of, each once; the clock, which hurts no
    footage, last. Who hears the room does not repeat that it can't hear the centre."""
    sources = [source for source in _rows(status, "sources") if source.get("state") != "ok" and source.get("message")]
    others = [problem for problem in _rows(status, "problems") if problem.get("message")]
    others = [problem for problem in others if problem.get("code") != "centre-unreachable"]
    others.sort(key=lambda problem: problem.get("code") == "clock-unsynchronised")
    seen: set[object] = set()
    found: list[Mapping[str, Any]] = []
    for problem in (*sources, *others):
        if problem.get("message") not in seen:
            seen.add(problem.get("message"))
            found.append(problem)
    return found


def read_figures(status: Mapping[str, Any] | None) -> Figures:
    if status is None:
        return Figures()
    levels = [float(level) for level in status.get("levels_dbfs") or [] if isinstance(level, (int, float))]
    return Figures(
        level_db=max(levels) if levels else None,
        levels=levels,
        backlog=_whole(status, "backlog_segments"),
        backlog_bytes=_whole(status, "backlog_bytes") or 0,
        oldest_ns=_whole(status, "oldest_backlog_wall_ns"),
        disk_free=_whole(status, "disk_free_bytes"),
        encoder=str(status.get("encoder") or ""),
        sources=_rows(status, "sources"),
        problems=problems_of(status),
        mode=str(status.get("mode") or ""),
        disk_hours=_number(status, "disk_hours_left"),
        backlog_through_ns=_whole(_part(status, "agent") or {}, "backlog_through_wall_ns"),
        line_kbps=_whole(_part(status, "agent") or {}, "line_kbps"),
        clock=_part(status, "clock"),
        mirror=_part(status, "mirror"),
        fault=_part(status, "fault"),
        presence=_part(status, "presence"),
        presence_ns=_whole(_part(status, "presence") or {}, "last_wall_ns"),
    )


def count(states: Sequence[RoomState]) -> Counts:
    """Each room counts once, at the place where a person would look for it."""
    kinds = [state.kind for state in states]
    return Counts(
        recording=sum(kind in {"recording", "session"} for kind in kinds),
        standby=kinds.count("standby"),
        attention=sum(kind in {"attention", "stopped"} for kind in kinds),
        offline=kinds.count("offline"),
        unused=sum(kind in {"pending", "none"} for kind in kinds),
    )


def _whole(status: Mapping[str, Any], key: str) -> int | None:
    value = status.get(key)
    return value if isinstance(value, int) else None


def _number(status: Mapping[str, Any], key: str) -> float | None:
    value = status.get(key)
    return float(value) if isinstance(value, (int, float)) else None


def _part(status: Mapping[str, Any], key: str) -> Mapping[str, Any] | None:
    value = status.get(key)
    return value if isinstance(value, Mapping) else None


def _rows(status: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    return [row for row in status.get(key) or [] if isinstance(row, Mapping)]
