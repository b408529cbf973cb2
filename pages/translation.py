"""Texts in two languages. Owns reading a .po file and choosing a language; knows no page.

The Chinese sentence is the key: it stands in the template as users see it. English stands in one .po file per
program, read once at start; there is nothing to compile. A sentence without English is shown in Chinese.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal, get_args

from babel.messages.pofile import read_po

Language = Literal["zh", "en"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
LANGUAGE_COOKIE = "shilu_language"
PAGES_PO = Path(__file__).parent / "translations" / "en.po"


def mark(text: str) -> str:
    """Marks a Chinese sentence in code as one to translate (imported as `_`); translated where it is shown."""
    return text


def read_texts(paths: Iterable[Path]) -> dict[str, str]:
    """Chinese to English from .po files; a later file wins."""
    texts: dict[str, str] = {}
    for path in paths:
        with path.open("rb") as file:
            catalogue = read_po(file, locale="en", charset="utf-8")
        for message in catalogue:
            if isinstance(message.id, str) and message.id and isinstance(message.string, str) and message.string:
                texts[message.id] = message.string
    return texts


class Translator:
    """Gives a sentence in one language."""

    def __init__(self, language: Language, english: Mapping[str, str]) -> None:
        self.language = language
        self._english = english

    def text(self, chinese: str) -> str:
        return self._english.get(chinese, chinese) if self.language == "en" else chinese

    def unit_title(self, name: str) -> str:
        """The uniform name of a unit's centre that the county's standard asks for, on every page and board."""
        if not name or name.endswith("接待中心"):
            return name or self.text(mark("人民群众来访接待中心"))
        return self.text(mark("%(name)s人民群众来访接待中心")) % {"name": name}

    def plural(self, one: str, many: str, count: int) -> str:
        """Chinese has no plural; templates write sentences that do without one."""
        return self.text(one if count == 1 else many)


def choose_language(cookie: str | None, accept: str | None) -> Language:
    """The person's own choice; else the browser's first known language; else Chinese."""
    if cookie in LANGUAGES:
        return "en" if cookie == "en" else "zh"
    for part in (accept or "").split(","):
        name = part.split(";")[0].strip().lower()
        if name.startswith("zh"):
            return "zh"
        if name.startswith("en"):
            return "en"
    return "zh"
