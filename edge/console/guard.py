"""The outer fence of the console: our own Host only, our own Origin on writes, small bodies. Knows no page."""

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
        refusal = self._refusal(scope["method"], Headers(scope=scope))
        await (refusal or self._app)(scope, receive, send)

    def _refusal(self, method: str, headers: Headers) -> JSONResponse | None:
        if headers.get("host", "").lower() not in self._hosts() or len(headers.getlist("host")) != 1:
            return refuse(421, "wrong-host", "请用本机地址打开此页面", "Open this page by this PC's own address")
        if not origin_allowed(method, headers):
            return refuse(403, "wrong-origin", "请求不是来自本页面，已拒绝", "This request is not from this page")
        if method not in SAFE_METHODS and not _small(headers):
            return refuse(413, "too-large", "内容过长，已拒绝", "The request is too large")
        return None


def _small(headers: Headers) -> bool:
    """Every write says its length, so that no unread body can grow."""
    length = headers.get("content-length", "")
    return length.isascii() and length.isdigit() and int(length) <= LARGEST_BODY_BYTES


def refuse(status: int, code: str, message: str, message_en: str, field: str | None = None) -> JSONResponse:
    """An error as every HTTP API of ours words it."""
    body = {"error": {"code": code, "message": message, "message_en": message_en, "field": field}}
    return JSONResponse(body, status)
