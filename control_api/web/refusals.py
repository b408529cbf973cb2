"""Refusals that no page's own route gives: unknown addresses, faults. Pages for browsers, JSON for programs."""

from __future__ import annotations

from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from control_api.accounts.guard import signed_in
from control_api.errors import CenterError, http_error, unexpected, wants_page
from control_api.web.page import go, refusal_page


def install_refusal_pages(app: FastAPI) -> None:
    app.add_exception_handler(HTTPException, _http_refusal)
    app.add_exception_handler(Exception, _fault)


async def _http_refusal(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this type
    if not wants_page(request):
        return await http_error(request, error)
    if error.status_code == 405 and request.method == "GET":
        # The address of a form: somebody reloaded a refused form's page, or changed its language.
        return go(request.url.path.rstrip("/").rpartition("/")[0] or "/")
    actor = await signed_in(request)
    return await run_in_threadpool(refusal_page, request, actor, _no_page(error.status_code))


def _no_page(status: int) -> CenterError:
    if status == 404:
        message, message_en = (
            "没有这个页面，地址可能有误或已改变。",
            "There is no such page: the address is wrong or old.",
        )
    else:
        message, message_en = "请求未被接受，未作任何更改。", "The request was not accepted; nothing was changed."
    return CenterError("no-page", message, message_en, status=status)


async def _fault(request: Request, error: Exception) -> Response:
    answer = await unexpected(request, error)
    if not wants_page(request):
        return answer
    # Nobody's page: who is signed in stands in the database, which may be what failed.
    fault = CenterError(
        "center-fault",
        "中心出现内部错误，录像不受影响；请稍后重试，仍不行请联系管理员。",
        "The centre met a fault of its own; recording goes on. Try again, then ask the administrator.",
        status=500,
    )
    return refusal_page(request, None, fault)
