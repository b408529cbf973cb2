"""Between a room's settings and the form that changes them. Pure; what is right and wrong is decided by the model."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from config.line import RateLimit
from config.opening_hours import WEEKDAYS
from control_api.rooms.calendar import BadLine, read_lines
from control_api.rooms.configuration import MASK, RoomSettings, faulty_path, with_kept_secrets
from control_api.web.configuration_fields import BOXES, GROUPS, NONE, PARTS, SAME, SECOND, FieldGroup, FormField
from pages.translation import mark as _

FIELDS = [field for group in GROUPS for field in group.fields] + [field for _key, _label, row in BOXES for field in row]
_NAMES = {field.name for field in FIELDS}
_KINDS = {"synthetic", "file", "rtsp", "v4l2", "microphone"}
_KEPT_EMPTY = {"path", "url"}
# What may be left out as a whole: the field that says so, and where it stands in the settings.
OPTIONAL = (
    (SECOND, ("second_camera",)),
    ("second_microphone.microphone.kind", ("second_microphone",)),
    ("sensor.kind", ("sensor",)),
)
SENTENCES = {
    "missing": _("请填写。"),
    "string_too_short": _("请填写。"),
    "int_parsing": _("请填写整数。"),
    "float_parsing": _("请填写数字。"),
    "greater_than_equal": _("太小，最小 %(limit)s。"),
    "less_than_equal": _("太大，最大 %(limit)s。"),
    "multiple_of": _("须为 %(limit)s 的倍数。"),
    "string_pattern_mismatch": _("格式不对，请按上面的样子填写。"),
    "too_long": _("太多了。"),
}
# What the models say of several values together, by a piece of their sentence.
TOGETHER = (
    ("ends before it begins", _("结束早于开始；跨午夜的写成两天各一段，如 22:00-24:00 和次日 00:00-02:00。")),
    ("overlaps or comes before", _("时段重叠或次序颠倒，请按先后分开写。")),
    ("stands twice", _("同一天写了两次，请留一个。")),
    ("no day has any", _("选了“按开放时间”，但哪一天都没有填；请填写开放时间或改选“持续录制”。")),
    ("outside the picture", _("超出画面：左边距加宽、上边距加高都不能超过 100。")),
    ("can't hold a second camera", _("直接保存码流的摄像头不能与第二摄像头合成，请选“否”。")),
    ("there is no first one", _("没有第一支麦克风；请先填在“麦克风”里。")),
    ("one channel each", _("有第二麦克风时每支只用一个声道，请选 1。")),
    ("the same source", _("与第一个是同一来源，请换一个或选“没有”。")),
    ("two upload limits", _("两条限速写了同一时段，请留一条。")),
    ("of a room's own", _("这间房自己的特殊日期太多，请把全县的写进县历。")),
)
OTHER = _("不能这样填写，请按上面的说明改正。")
BAD_DAY = _("第 %(line)s 行“%(text)s”看不懂或日期重复；请写成“2026-10-01 休”或“2026-10-10 按周一”。")
BAD_LIMIT = _("第 %(line)s 行“%(text)s”不对；请先写时段，再写至少 64 的 kbit/s，如 08:00-18:00 2000。")
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})")
_DASHES = str.maketrans(dict.fromkeys("–—~～至", "-"))


class NotWritten(Exception):
    """A field of lines that can't be read at all: which, the Chinese sentence and its figures."""

    def __init__(self, name: str, sentence: str, figures: dict[str, object]) -> None:
        super().__init__(name)
        self.name, self.sentence, self.figures = name, sentence, figures


def typed_from(settings: Mapping[str, Any]) -> dict[str, str]:
    """What the fields show for standing settings; passwords are masked, what is not set has its defaults."""
    whole = RoomSettings.model_validate(settings).model_dump(mode="json")
    typed: dict[str, str] = {}
    for field in FIELDS:
        value = _at(whole, field.name)
        typed[field.name] = MASK if field.type == "password" and value else _shown_value(field, value)
    for kind, path in OPTIONAL:
        if _at(whole, ".".join(path)) is None:
            typed[kind] = NONE
    camera, microphone = whole["camera"], whole["microphone"]
    if microphone is None:
        typed["microphone.kind"] = NONE
    elif microphone == camera and camera.get("kind") != "synthetic":
        typed["microphone.kind"] = SAME
    return _with_box_defaults(typed)


def _with_box_defaults(typed: dict[str, str]) -> dict[str, str]:
    """A second camera that is only being added begins in its usual corner."""
    usual = {"second_camera.main_box": (0, 0, 100, 100), "second_camera.box": (70, 2, 28, 28)}
    for part, values in usual.items():
        for key, value in zip(("x", "y", "width", "height"), values, strict=True):
            typed[f"{part}.{key}"] = typed[f"{part}.{key}"] or str(value)
    return typed


def settings_from(typed: Mapping[str, str]) -> dict[str, Any]:
    """The settings that the fields say, unchecked; fields that don't belong to the chosen kind are left out. Raises
    NotWritten."""
    settings: dict[str, Any] = {}
    without = [path for kind, path in OPTIONAL if typed.get(kind, NONE) == NONE]
    for field in FIELDS:
        if field.of and typed.get(field.of) not in field.only:
            continue
        path = tuple(field.name.split("."))
        if any(path[: len(one)] == one for one in without):
            continue
        value = _read_value(field, typed.get(field.name, ""))
        if value or path[-1] in _KEPT_EMPTY:
            _put(settings, path, value)
    kind = typed.get("microphone.kind")
    if kind == NONE:
        settings["microphone"] = None
    elif kind == SAME:
        settings["microphone"] = dict(settings.get("camera", {}))
    return settings


def read(
    typed: Mapping[str, str], before: dict[str, Any]
) -> tuple[dict[str, Any], list[tuple[str, str, dict[str, object]]]]:
    """The settings that the fields say, and all that is wrong: one field that can't be read hides no other."""
    unreadable: list[tuple[str, str, dict[str, object]]] = []
    readable = dict(typed)
    while True:
        try:
            settings = settings_from(readable)
        except NotWritten as error:
            unreadable.append((error.name, error.sentence, error.figures))
            readable[error.name] = ""
        else:
            return settings, [*unreadable, *faults(settings, before)]


def faults(settings: dict[str, Any], before: dict[str, Any]) -> list[tuple[str, str, dict[str, object]]]:
    """What is wrong: the field, a Chinese sentence and its figures. Empty when the settings are right."""
    try:
        RoomSettings.model_validate(with_kept_secrets(settings, before))
    except ValidationError as error:
        return [_fault(item) for item in error.errors()]
    return []


def _fault(item: ErrorDetails) -> tuple[str, str, dict[str, object]]:
    limits = item.get("ctx") or {}
    limit = next((limits[key] for key in ("ge", "le", "multiple_of") if key in limits), "")
    limit = int(limit) if isinstance(limit, float) and limit.is_integer() else limit
    said = str(item["msg"])
    together = next((sentence for piece, sentence in TOGETHER if piece in said), OTHER)
    return _field_of(faulty_path(item)), SENTENCES.get(item["type"], together), {"limit": limit}


def _field_of(path: list[str]) -> str:
    """The field that a key is typed into: its own, the one that holds it, or the first of its part."""
    path = _without_kinds([part for part in path if not part.isdecimal()])
    for length in range(len(path), 0, -1):
        name = ".".join(path[:length])
        if name in _NAMES:
            return name
        inside = next((field.name for field in FIELDS if field.name.startswith(f"{name}.")), "")
        if inside:
            return "recording.mode" if name == "recording" else inside
    return ""


def _without_kinds(path: list[str]) -> list[str]:
    """The model names a source's kind in the path, behind the source: `microphone.microphone.channels`."""
    kept: list[str] = []
    named = False
    for part in path:
        kind = not named and bool(kept) and kept[-1] in ("camera", "microphone") and part in _KINDS
        if not kind:
            kept.append(part)
        named = kind
    return kept


def _read_value(field: FormField, text: str) -> Any:
    text = text.strip()
    if field.type == "password":
        return text
    if field.type in {"number", "spans", "lines"}:
        text = unicodedata.normalize("NFKC", text)  # an input method may type digits twice as wide
    if field.type == "spans":
        return _spans(text)
    if field.name.endswith(".channels") and text.isdecimal():
        return int(text)  # the model takes one of two numbers, and no text for them
    if field.name == "line.limits":
        return _limits(text)
    if field.name == "recording.hours.days":
        return _days(text)
    return text


def _spans(text: str) -> list[str]:
    """Hours of a day, however they are separated: `9:00-12:00，14：00—17：30`."""
    plain = re.sub(r"\s*-\s*", "-", text.translate(_DASHES))
    parts = [part for part in re.split(r"[\s,;、，；]+", plain) if part]
    return [_CLOCK.sub(lambda found: f"{int(found.group(1)):02d}:{found.group(2)}", part) for part in parts]


def _limits(text: str) -> list[dict[str, Any]]:
    """One a line, `08:00-12:00 14:00-18:00 2000`: hours, then kbit/s."""
    limits: list[dict[str, Any]] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        *hours, rate = _spans(line) or [""]
        limit = {"hours": hours, "kbps": rate}
        try:
            RateLimit.model_validate(limit)
        except ValidationError as error:
            shown = {"line": number, "text": line.strip()[:30]}
            raise NotWritten("line.limits", BAD_LIMIT, shown) from error
        limits.append(limit)
    return limits


def _days(text: str) -> list[dict[str, Any]]:
    try:
        return [day.model_dump(mode="json") for day in read_lines(text)]
    except BadLine as error:
        raise NotWritten("recording.hours.days", BAD_DAY, {"line": error.line, "text": error.shown}) from error


def _shown_value(field: FormField, value: Any) -> str:
    if value is None:
        return ""
    if field.type == "spans":
        return " ".join(value)
    if field.name == "line.limits":
        return "\n".join(" ".join([*limit["hours"], str(limit["kbps"])]) for limit in value)
    if field.name == "recording.hours.days":
        weekdays = dict(zip(WEEKDAYS, "一二三四五六日", strict=True))
        return "\n".join(f"{one['date']} {'按周' + weekdays[one['like']] if one['like'] else '休'}" for one in value)
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def _at(settings: Mapping[str, Any], name: str) -> Any:
    value: Any = settings
    for key in name.split("."):
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def _put(settings: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    for key in path[:-1]:
        settings = settings.setdefault(key, {})
    settings[path[-1]] = value


def show(typed: Mapping[str, str], errors: Mapping[str, str], translate: Callable[[str], str]) -> list[dict[str, Any]]:
    """Parts, groups and fields as the template draws them."""
    return [
        {
            "name": part,
            "title": title,
            "groups": [_group(group, typed, errors, translate) for group in GROUPS if group.part == part],
        }
        for part, title in PARTS.items()
    ]


def _group(
    group: FieldGroup, typed: Mapping[str, str], errors: Mapping[str, str], translate: Callable[[str], str]
) -> dict[str, Any]:
    fields = [_shown(field, typed, errors, translate) for field in group.fields]
    rows = [
        {"name": name, "title": title, "fields": [_shown(field, typed, errors, translate) for field in row]}
        for name, title, row in BOXES
    ]
    return {
        "title": group.title,
        "help": group.help,
        "fields": fields,
        "shape": group.shape,
        "boxes": rows if group.shape == "layout" else [],
        "folded": group.folded,
        "open": any(field["error"] for field in fields),
        "of": group.of,
        "only": " ".join(group.only),
        "shown": not group.of or typed.get(group.of) in group.only,
    }


def _shown(
    field: FormField, typed: Mapping[str, str], errors: Mapping[str, str], translate: Callable[[str], str]
) -> dict[str, Any]:
    attributes = {"inputmode": "decimal"} if field.type == "number" else {"maxlength": "300"}
    if field.placeholder:
        attributes["placeholder"] = translate(field.placeholder)
    return {
        "name": field.name,
        "label": field.label,
        "help": field.help,
        "type": field.type if field.type in {"password", "lines"} else "text",
        "choices": [(value, translate(word)) for value, word in field.choices],
        "of": field.of,
        "only": " ".join(field.only),
        "shown": not field.of or typed.get(field.of) in field.only,
        "value": typed.get(field.name, ""),
        "error": errors.get(field.name, ""),
        "attributes": attributes | {"spellcheck": "false"},
    }
