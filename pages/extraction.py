"""Finds every sentence to translate in templates and code, so that a test can ask for its English. Only reads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from babel.messages.extract import extract_from_file

_TEMPLATE_OPTIONS = {"trimmed": "false", "newstyle_gettext": "true", "silent": "false"}


def sentences(folders: Iterable[Path]) -> Iterator[tuple[Path, int, str]]:
    """File, line and Chinese sentence of every `_("…")` in the .html and .py files below `folders`."""
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.suffix not in {".html", ".py"}:
                continue
            method = "jinja2.ext:babel_extract" if path.suffix == ".html" else "python"
            options = _TEMPLATE_OPTIONS if path.suffix == ".html" else {}
            for line, message, _, _ in extract_from_file(method, path, keywords={"_": None}, options=options):
                if isinstance(message, str):
                    yield path, line, message
