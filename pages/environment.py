"""The template environments of a program: one per language, on the same templates. Owns filters and escaping rules."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import ChoiceLoader, Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import HTTPConnection

from pages import times
from pages.assets import HTMX, Assets
from pages.translation import LANGUAGE_COOKIE, LANGUAGES, PAGES_PO, Language, Translator, choose_language, read_texts

_TEMPLATES = Path(__file__).parent / "templates"


class Pages:
    """Renders templates in the reader's language. Built once per program and shared."""

    def __init__(self, templates: Sequence[Path], po_files: Sequence[Path], assets: Assets, timezone: str) -> None:
        self.assets = assets
        self.county_time = times.CountyTime(timezone)
        english = read_texts([PAGES_PO, *po_files])
        self.translators: dict[Language, Translator] = {name: Translator(name, english) for name in LANGUAGES}
        self._environments = {
            name: self._build([*templates, _TEMPLATES], translator) for name, translator in self.translators.items()
        }

    def _build(self, folders: Sequence[Path], translator: Translator) -> Environment:
        environment = Environment(
            loader=ChoiceLoader([FileSystemLoader(folder) for folder in folders]),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            extensions=["jinja2.ext.i18n"],
        )
        environment.install_gettext_callables(  # type: ignore[attr-defined]
            translator.text, translator.plural, newstyle=True
        )
        county = self.county_time
        environment.filters.update(
            day=county.day,
            clock=county.clock,
            minute=county.minute,
            moment=county.moment,
            duration=times.duration,
            size=times.size,
            ago=lambda wall_ns: _ago(translator, wall_ns),
            in_words=translator.text,
            unit_title=translator.unit_title,
        )
        environment.globals.update(
            language=translator.language, asset=self.assets.url, has_asset=self.assets.has, htmx_file=HTMX
        )
        return environment

    def add_filters(self, make: Callable[[Translator], Mapping[str, Callable[..., Any]]]) -> None:
        """A program's own filters, made for each language."""
        for name, environment in self._environments.items():
            environment.filters.update(make(self.translators[name]))

    def language(self, connection: HTTPConnection) -> Language:
        return choose_language(connection.cookies.get(LANGUAGE_COOKIE), connection.headers.get("accept-language"))

    def render(self, language: Language, template: str, context: Mapping[str, Any]) -> str:
        return self._environments[language].get_template(template).render(context)

    def text(self, language: Language, chinese: str, **values: object) -> str:
        """A sentence of code (marked there with `_`) in the reader's language."""
        text = self.translators[language].text(chinese)
        return text % values if values else text


def _ago(translator: Translator, wall_ns: int) -> Markup:
    sentence, count = times.ago(wall_ns, time.time_ns())
    return Markup(translator.text(sentence)) % {"count": count}  # noqa: S704 - our own sentence and an integer
