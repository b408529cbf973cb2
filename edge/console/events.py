"""Server-sent events: keep an open page true. Sends a part's HTML only when it changed, and the meters' levels.

Ends by itself when another screen belongs to the browser, so that the page loads that one.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse

from edge.console.desk import Desk
from edge.console.guard import refuse
from edge.console.screens import Screens
from edge.console.view import levels

EVERY_S = 0.2
PARTS_EVERY = 3  # of these steps
MOST_WATCHERS = 16
MOST_UNKNOWN_WATCHERS = 12  # the rest is kept for who is signed in


class Events:
    def __init__(self, desk: Desk, screens: Screens) -> None:
        self._desk = desk
        self._screens = screens
        self.stopping = asyncio.Event()
        self.router = APIRouter()
        self.router.add_api_route("/events/{page}", self.events, methods=["GET"])

    async def events(self, request: Request, page: str) -> Response:
        web_session = self._desk.web_session(request)
        known = web_session is not None and web_session.officer is not None
        if self._desk.board.watchers >= (MOST_WATCHERS if known else MOST_UNKNOWN_WATCHERS):
            return refuse(503, "too-many-pages", "打开的页面过多，请关闭其他页面", "Too many pages are open")
        headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
        return StreamingResponse(self._stream(request, page), media_type="text/event-stream", headers=headers)

    async def _stream(self, request: Request, page: str) -> AsyncIterator[str]:
        board = self._desk.board
        board.watchers += 1
        self._desk.watch()
        sent: dict[str, str] = {}
        step = 0
        try:
            yield "retry: 1000\n\n"
            while not self.stopping.is_set():
                if step % PARTS_EVERY == 0:
                    now_page = self._page_now(request, page)
                    if now_page != page:
                        yield _event("page", {"page": now_page})
                        return
                    for name, html in self._changed(request, page, sent).items():
                        yield _event("part", {"name": name, "html": html})
                answers = board.recorder_answers()
                yield _event("levels", levels(board.recorder) if answers else [])
                step += 1
                await asyncio.sleep(EVERY_S)
        finally:
            board.watchers -= 1

    def _page_now(self, request: Request, page: str) -> str:
        if page == "visitor":
            return "visitor"
        web_session = self._desk.web_session(request)
        if web_session is not None and web_session.officer is not None:
            self._desk.acting(web_session)
            web_session = self._desk.web_session(request)
        return self._desk.page_name(web_session)

    def _changed(self, request: Request, page: str, sent: dict[str, str]) -> dict[str, str]:
        language = self._desk.pages().language(request)
        web_session = None if page == "visitor" else self._desk.web_session(request)
        parts = self._screens.parts(language, web_session, page)
        changed = {name: html for name, html in parts.items() if sent.get(name) != html}
        sent.update(changed)
        return changed


def _event(name: str, value: Any) -> str:
    return f"event: {name}\ndata: {json.dumps(value, ensure_ascii=False)}\n\n"
