"""The outer fence of the console: our own Host, our own pages, small bodies. Another site may lead here, no more."""

from __future__ import annotations

from collections.abc import Callable

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from pages.form_safety import SAFE_METHODS, origin_allowed

LARGEST_BODY_BYTES = 16 << 10


def loopback_hosts(port: int) -> frozenset[str]:
    """The only names this page answers to: a name of a stranger that points here (DNS rebinding) is refused."""
    return frozenset(f"{name}:{port}" for name in ("127.0.0.1", "localhost", "[::1]"))


class Guard:
    def __init__(self, app: ASGIApp, hosts: Callable[[], frozenset[str]]) -> None:
        self._app = app
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return  # there are no WebSockets here
        refusal = self._refusal(scope["method"], scope["path"], Headers(scope=scope))
        await (refusal or self._app)(scope, receive, send)

    def _refusal(self, method: str, path: str, headers: Headers) -> JSONResponse | None:
        if headers.get("host", "").lower() not in self._hosts() or len(headers.getlist("host")) != 1:
            return refuse(421, "wrong-host", "请用本机地址打开此页面", "Open this page by this PC's own address")
        if not origin_allowed(method, headers) or _reaches_in(path, headers):
            return refuse(403, "wrong-origin", "请求不是来自本页面，已拒绝", "This request is not from this page")
        if method not in SAFE_METHODS and not _small(headers):
            return refuse(413, "too-large", "内容过长，已拒绝", "The request is too large")
        return None


def _reaches_in(path: str, headers: Headers) -> bool:
    """Whether another site's page asks for this by itself, so that it could use up sessions and event streams.

    A person who follows a link from there to one of our pages is let in.
    """
    if headers.get("sec-fetch-site", "none") in {"same-origin", "none"}:
        return False
    follows_link = (headers.get("sec-fetch-mode"), headers.get("sec-fetch-dest")) == ("navigate", "document")
    return not follows_link or path.startswith(("/api/", "/events/"))


def _small(headers: Headers) -> bool:
    """Every write says its length, so that no unread body can grow."""
    length = headers.get("content-length", "")
    return length.isascii() and length.isdigit() and int(length) <= LARGEST_BODY_BYTES


def refuse(status: int, code: str, message: str, message_en: str, field: str | None = None) -> JSONResponse:
    """An error as every HTTP API of ours words it."""
    body = {"error": {"code": code, "message": message, "message_en": message_en, "field": field}}
    return JSONResponse(body, status)
