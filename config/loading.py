"""Reads a settings file. A wrong file is refused with the key, the value's fault and the nearest known key."""

from __future__ import annotations

import difflib
import re
import tomllib
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

Model = TypeVar("Model", bound=BaseModel)
_CREDENTIALS = re.compile(r"//[^/\s]*@")


class SettingsError(Exception):
    """The settings can't be used; the text says which key, why and what to do."""


def load_settings(path: Path, model: type[Model]) -> Model:
    """Read TOML at `path` into `model`. Raises SettingsError."""
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read ({error.strerror})") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: is not TOML ({error})") from error
    return check_settings(values, model, str(path))


def check_settings(values: dict[str, Any], model: type[Model], origin: str) -> Model:
    """Check `values` against `model`; `origin` names where they came from. Raises SettingsError."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise SettingsError(f"{origin}: " + "; ".join(describe_errors(error, model))) from error


def describe_errors(error: ValidationError, model: type[BaseModel]) -> list[str]:
    """One sentence per fault, naming the key by its dotted path."""
    return [_describe(item, model) for item in error.errors()]


def _describe(item: ErrorDetails, model: type[BaseModel]) -> str:
    key = ".".join(str(part) for part in item["loc"])
    if item["type"] == "extra_forbidden":
        known = _known_keys(model)
        near = difflib.get_close_matches(str(item["loc"][-1]), known, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]!r}?" if near else f"known keys: {', '.join(sorted(known))}"
        return f"unknown key {key!r}; {hint}"
    if item["type"] == "missing":
        return f"key {key!r} is missing"
    if not key:
        return _sentence(item)
    if any(word in key for word in ("secret", "password")):
        return f"{key}: {_sentence(item)}"  # the value stays out of logs
    return f"{key}: {_sentence(item)} (got {_CREDENTIALS.sub('//…@', repr(item['input']))})"


def _sentence(item: ErrorDetails) -> str:
    return str(item["msg"]).removeprefix("Value error, ")


def _known_keys(model: type[BaseModel]) -> list[str]:
    """Keys of `model` and of the models inside it."""
    keys: list[str] = []
    seen: set[type[BaseModel]] = set()
    waiting: list[Any] = [model]
    while waiting:
        kind = waiting.pop()
        if isinstance(kind, type) and issubclass(kind, BaseModel) and kind not in seen:
            seen.add(kind)
            for name, field in kind.model_fields.items():
                keys.append(name)
                waiting.append(field.annotation)
        else:
            waiting.extend(getattr(kind, "__args__", ()))
    return keys
