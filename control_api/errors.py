"""The one shape of every refusal over HTTP. Says what happened, what goes on regardless and what to do.

`{"error": {"code": "kebab-code", "message": "中文", "message_en": "English", "field": null}}`
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse, Response
from starlette.exceptions import HTTPException

from storage.errors import StorageError

log = structlog.get_logger()


class CenterError(Exception):
    """A refusal that a caller can act on. Services raise it, the application answers with it."""

    def __init__(
        self,
        code: str,
        message: str,
        message_en: str,
        *,
        status: int = 400,
        field: str | None = None,
        retry_after_s: int | None = None,
    ) -> None:
        super().__init__(message_en)
        self.code = code
        self.message = message
        self.message_en = message_en
        self.status = status
        self.field = field
        self.retry_after_s = retry_after_s


class NotSignedIn(CenterError):
    def __init__(self) -> None:
        super().__init__("not-signed-in", "请先登录。", "Sign in first.", status=401)


class NotAllowed(CenterError):
    def __init__(self) -> None:
        super().__init__(
            "not-allowed",
            "您的岗位没有此项权限；如需办理，请联系本县管理员。",
            "Your role does not allow this; ask the county's administrator.",
            status=403,
        )


class NotFound(CenterError):
    def __init__(self) -> None:
        super().__init__(
            "not-found", "没有找到，或已不存在。", "There is no such thing here, or it is gone.", status=404
        )


def error_body(code: str, message: str, message_en: str, field: str | None = None) -> dict[str, Any]:
    return {"error": {"code": code, "message": message, "message_en": message_en, "field": field}}


def install_error_handlers(app: FastAPI) -> None:
    app.add_exception_handler(CenterError, _center_error)
    app.add_exception_handler(StorageError, _storage_error)
    app.add_exception_handler(RequestValidationError, validation_error)
    app.add_exception_handler(HTTPException, http_error)
    app.add_exception_handler(Exception, unexpected)


async def _center_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, CenterError)  # noqa: S101 - registered for this type
    if isinstance(error, NotSignedIn) and wants_page(request):
        # Who was signed in is told why that is over.
        known = request.app.state.center.cookie_name in request.cookies
        return RedirectResponse("/sign-in?ended=1" if known else "/sign-in", status_code=303)
    headers = {} if error.retry_after_s is None else {"Retry-After": str(error.retry_after_s)}
    body = error_body(error.code, error.message, error.message_en, error.field)
    return JSONResponse(body, status_code=error.status, headers=headers)


async def _storage_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, StorageError)  # noqa: S101 - registered for this type
    unavailable = bool(getattr(error, "recoverable", False))
    body = error_body(error.code, error.message, error.message_en)
    return JSONResponse(body, status_code=503 if unavailable else 422)


async def validation_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for this type
    first = error.errors()[0]
    field = ".".join(str(part) for part in first["loc"][1:]) or None
    # The value stays out: it may be a person's.
    message = f"字段 {field or '请求内容'} 不符合要求，未作任何更改。"
    return JSONResponse(
        error_body("bad-request", message, f"{field or 'body'}: {first['msg']}", field), status_code=422
    )


async def http_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this type
    phrase = HTTPStatus(error.status_code).phrase
    messages = {404: "没有这个地址。", 405: "这个地址不接受此种请求。", 413: "内容过大，未被接收。"}
    message = messages.get(error.status_code, "请求未被接受。")
    code = "-".join(phrase.lower().split())
    return JSONResponse(error_body(code, message, f"{phrase}."), status_code=error.status_code, headers=error.headers)


async def unexpected(request: Request, error: Exception) -> Response:
    log.error("request-failed", path=_route_path(request), error=type(error).__name__, exc_info=error)
    return JSONResponse(
        error_body(
            "center-fault",
            "中心出现内部错误，录像不受影响；请稍后重试，仍不行请联系管理员。",
            "The centre met a fault of its own; recording goes on. Try again, then ask the administrator.",
        ),
        status_code=500,
    )


def wants_page(request: Request) -> bool:
    """Whether a browser asked for a page rather than a program for JSON."""
    return not request.url.path.startswith("/api/") and "text/html" in request.headers.get("accept", "")


def _route_path(request: Request) -> str:
    """The route's pattern, so that nothing a person typed into an address reaches the log."""
    return str(getattr(request.scope.get("route"), "path", "unmatched"))
