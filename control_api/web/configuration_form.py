"""Between a room's settings and the form that changes them. Pure; what is right and wrong is decided by the model."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from control_api.rooms.configuration import MASK, RoomSettings, with_kept_secrets
from control_api.web.configuration_fields import GROUPS, NONE, SAME
from pages.translation import mark as _

FIELDS = [field for group in GROUPS for field in group.fields]
_KINDS = {"synthetic", "file", "rtsp", "v4l2", "microphone"}
SENTENCES = {
    "missing": _("请填写。"),
    "string_too_short": _("请填写。"),
    "int_parsing": _("请填写整数。"),
    "greater_than_equal": _("太小，最小 %(limit)s。"),
    "less_than_equal": _("太大，最大 %(limit)s。"),
    "multiple_of": _("须为 %(limit)s 的倍数。"),
    "string_pattern_mismatch": _("格式不对，请按上面的样子填写。"),
}
OTHER = _("不能这样填写，请按上面的说明改正。")


def typed_from(settings: Mapping[str, Any]) -> dict[str, str]:
    """What the fields show for standing settings; passwords are masked."""
    camera, microphone = settings.get("camera") or {}, settings.get("microphone")
    typed: dict[str, str] = {}
    for field in FIELDS:
        part, key = field.name.split(".")
        value = (settings.get(part) or {}).get(key)
        typed[field.name] = MASK if key == "password" and value else _text(value)
    if microphone is None:
        typed["microphone.kind"] = NONE
    elif microphone == camera and camera.get("kind") != "synthetic":
        typed["microphone.kind"] = SAME
    return typed


def settings_from(typed: Mapping[str, str]) -> dict[str, Any]:
    """The settings that the fields say, unchecked; fields that don't belong to the chosen kind are left out."""
    settings: dict[str, Any] = {}
    for field in FIELDS:
        value = typed.get(field.name, "").strip()
        if field.type == "number":
            value = unicodedata.normalize("NFKC", value)  # an input method may type digits twice as wide
        if field.of and typed.get(field.of) not in field.only:
            continue
        part, key = field.name.split(".")
        if value or key in {"path", "url"}:
            settings.setdefault(part, {})[key] = value
    kind = typed.get("microphone.kind")
    if kind == NONE:
        settings["microphone"] = None
    elif kind == SAME:
        settings["microphone"] = dict(settings.get("camera", {}))
    return settings


def faults(settings: dict[str, Any], before: dict[str, Any]) -> list[tuple[str, str, dict[str, object]]]:
    """What is wrong: the field, a Chinese sentence and its figures. Empty when the settings are right."""
    try:
        RoomSettings.model_validate(with_kept_secrets(settings, before))
    except ValidationError as error:
        return [_fault(item) for item in error.errors()]
    return []


def _fault(item: ErrorDetails) -> tuple[str, str, dict[str, object]]:
    path = [str(part) for part in item["loc"] if str(part) not in _KINDS]
    name = ".".join(path)
    if not any(field.name == name for field in FIELDS):
        name = f"{path[0]}.kind" if path and f"{path[0]}.kind" in {field.name for field in FIELDS} else ""
    limits = item.get("ctx") or {}
    limit = next((limits[key] for key in ("ge", "le", "multiple_of") if key in limits), "")
    return name, SENTENCES.get(item["type"], OTHER), {"limit": limit}


def show(typed: Mapping[str, str], errors: Mapping[str, str], translate: Callable[[str], str]) -> list[dict[str, Any]]:
    """Groups and fields as the template draws them."""
    return [
        {
            "title": group.title,
            "help": group.help,
            "fields": [_shown(field, typed, errors, translate) for field in group.fields],
        }
        for group in GROUPS
    ]


def _shown(
    field: Any, typed: Mapping[str, str], errors: Mapping[str, str], translate: Callable[[str], str]
) -> dict[str, Any]:
    attributes = {"maxlength": "300"} if field.type != "number" else {"inputmode": "numeric"}
    return {
        "name": field.name,
        "label": field.label,
        "help": field.help,
        "type": field.type,
        "choices": [(value, translate(word)) for value, word in field.choices],
        "of": field.of,
        "only": " ".join(field.only),
        "shown": not field.of or typed.get(field.of) in field.only,
        "value": typed.get(field.name, ""),
        "error": errors.get(field.name, ""),
        "attributes": attributes | {"spellcheck": "false"},
    }


def _text(value: object) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)
