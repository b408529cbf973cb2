"""The pages: the officer's console at /, the visitors' notice at /visitor. Rendering only; the API writes."""

from __future__ import annotations

import time
from typing import Any, Literal

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from edge.console.api import set_cookie
from edge.console.desk import Desk
from edge.console.web_sessions import WebSession
from pages.translation import LANGUAGE_COOKIE, Language

YEAR_S = 365 * 24 * 3600


class Screens:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.router = APIRouter()
        self.router.add_api_route("/", self.console, methods=["GET"], response_class=HTMLResponse)
        self.router.add_api_route("/visitor", self.visitor, methods=["GET"], response_class=HTMLResponse)
        self.router.add_api_route("/language/{language}", self.language, methods=["GET"])

    async def console(self, request: Request) -> Response:
        web_session = self._desk.web_session(request) or self._desk.web.begin(time.monotonic_ns())
        if web_session.officer is not None and self._desk.acting(web_session) is None:
            web_session = self._desk.web.begin(time.monotonic_ns())
        self._desk.web.seen(web_session, time.monotonic_ns())
        name = self._desk.page_name(web_session)
        context = self._desk.facts(web_session) | {"page": name, "csrf": self._desk.form_token(web_session)}
        response = HTMLResponse(self._render(request, f"{name}.html", context))
        set_cookie(response, web_session)
        return response

    async def visitor(self, request: Request) -> Response:
        """Read from two metres away; nothing to press, nobody signed in."""
        return HTMLResponse(self._render(request, "visitor.html", self._desk.facts(None) | {"page": "visitor"}))

    async def language(self, request: Request, language: Literal["zh", "en"], back: str = "console") -> Response:
        response = RedirectResponse("/visitor" if back == "visitor" else "/", 303)
        response.set_cookie(LANGUAGE_COOKIE, language, max_age=YEAR_S, httponly=True, samesite="strict", path="/")
        return response

    def _render(self, request: Request, template: str, context: dict[str, Any]) -> str:
        pages = self._desk.pages()
        return pages.render(pages.language(request), template, context)

    def parts(self, language: Language, web_session: WebSession | None, page: str) -> dict[str, str]:
        """The pieces of an open page that change by themselves, as HTML by the id of their place."""
        pages = self._desk.pages()
        context = self._desk.facts(web_session) | {"page": page}
        names = _PARTS.get(page, ())
        return {name: pages.render(language, f"part_{name}.html", context) for name in names}


_PARTS = {
    "unenrolled": ("banner",),
    "pending": ("banner", "fingerprint"),
    "sign_in": ("banner", "health"),
    "room": ("banner", "fault", "session", "untagged", "health"),
    "visitor": ("notice",),
}
