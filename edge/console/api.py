"""The JSON behind the page, for the page's own script and for the demo's smoke test.

Every write needs the form token of the browser's web session in `X-CSRF-Token`; GET /api/status hands it out.
Bodies are read by hand: a framework's validation error would repeat what was typed, and a case number with it.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from edge.agent.supervision import Unexpected, place
from edge.agent.trouble import RecorderRefused, RecorderSilent, Trouble
from edge.console.desk import COOKIE, Desk
from edge.console.guard import refuse
from edge.console.sessions import Acting
from edge.console.status import status_json
from edge.console.web_sessions import LONGEST_NS, WebSession
from pages.form_safety import TOKEN_HEADER, token_matches
from storage.enrolment_code import BadCode
from storage.errors import StorageError

log = structlog.get_logger(__name__)
_STATUS = {
    "wrong-pin": 401,
    "not-signed-in": 401,
    "wrong-token": 403,
    "locked": 423,
    "recorder-silent": 503,
    "centre-unreachable": 503,
    "centre-unclear": 502,
    "session-unknown": 404,
}
Body = dict[str, Any]
Write = Callable[[WebSession, Body], Awaitable[Response]]


class NotSignedIn(Trouble):
    def __init__(self) -> None:
        super().__init__(
            "not-signed-in",
            "登录已过期或尚未登录，未作改动；请重新登录，录像不受影响",
            "You are not signed in, nothing was changed; sign in again. Recording is not affected",
        )


def worded(trouble: Trouble | StorageError, field: str | None = None) -> JSONResponse:
    """A trouble as the API says it."""
    if trouble.code.startswith("case-id-"):
        return refuse(422, trouble.code, trouble.message, trouble.message_en, "case_id")
    status = _STATUS.get(trouble.code, 409 if isinstance(trouble, RecorderRefused) else 422)
    return refuse(status, trouble.code, trouble.message, trouble.message_en, field)


def set_cookie(response: Response, web_session: WebSession) -> None:
    response.set_cookie(
        COOKIE, web_session.token, max_age=LONGEST_NS // 1_000_000_000, httponly=True, samesite="strict", path="/"
    )


class Api:
    """The handlers; `router` names their addresses."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.router = APIRouter(prefix="/api")
        self.router.add_api_route("/status", self.status, methods=["GET"])
        self.router.add_api_route("/preview.jpeg", self.preview, methods=["GET"])
        for path, write in {
            "/sign-in": self.sign_in,
            "/sign-out": self.sign_out,
            "/enrol": self.enrol,
            "/sessions/open": self.open_session,
            "/sessions/tag": self.tag_session,
            "/sessions/close": self.close_session,
            "/sessions/fault": self.decide_fault,
        }.items():
            self.router.add_api_route(path, self._guarded(write), methods=["POST"], name=path)

    def _guarded(self, write: Write) -> Callable[[Request], Awaitable[Response]]:
        """Token, body and words for whatever goes wrong: the same for every write."""

        async def handle(request: Request) -> Response:
            web_session = self._desk.web_session(request)
            token = request.headers.get(TOKEN_HEADER)
            if web_session is None or not token_matches(self._desk.secret, web_session.token, token):
                return refuse(403, "wrong-token", "页面已过期，请刷新后再试", "This page is out of date; reload it")
            self._desk.web.seen(web_session, time.monotonic_ns())
            body = _read(await request.body())
            if body is None:
                return refuse(422, "bad-request", "请求格式不正确", "The request is not a JSON object of texts")
            try:
                return await write(web_session, body)
            except (Trouble, StorageError) as trouble:
                return worded(trouble)
            except Exception as error:  # noqa: BLE001 - a server's log of it would repeat what was typed
                log.error("console-failed", path=request.url.path, error=type(error).__name__, place=place(error))
                return refuse(500, Unexpected().code, Unexpected().message, Unexpected().message_en)

        return handle

    async def status(self, request: Request) -> Response:
        web_session = self._desk.web_session(request) or self._desk.web.begin(time.monotonic_ns())
        facts = self._desk.facts(web_session)
        response = JSONResponse(status_json(facts) | {"csrf": self._desk.form_token(web_session)})
        set_cookie(response, web_session)
        return response

    async def preview(self, request: Request) -> Response:
        web_session = self._desk.web_session(request)
        if web_session is None or self._desk.acting(web_session) is None:
            return worded(NotSignedIn())
        try:
            return picture_response(await self._desk.recorder.preview())
        except (RecorderRefused, RecorderSilent) as trouble:
            return refuse(503, trouble.code, trouble.message, trouble.message_en)

    async def sign_in(self, web_session: WebSession, body: Body) -> Response:
        officer = await self._desk.sign_in.check(_text(body, "number"), _text(body, "pin"))
        self._desk.web.end(web_session.token)
        way = "online" if self._desk.board.centre_reachable() else "offline"
        fresh = self._desk.web.begin(time.monotonic_ns(), officer, "online" if way == "online" else "offline")
        answer = {"officer": officer.id, "name": officer.name, "signed_in": way, "csrf": self._desk.form_token(fresh)}
        response = JSONResponse(answer)
        set_cookie(response, fresh)
        return response

    async def sign_out(self, web_session: WebSession, body: Body) -> Response:
        self._desk.web.end(web_session.token)
        response = JSONResponse({"signed_out": True})
        response.delete_cookie(COOKIE, path="/")
        return response

    async def enrol(self, web_session: WebSession, body: Body) -> Response:
        try:
            await self._desk.enrol(_text(body, "code"))
        except (Trouble, BadCode) as trouble:
            return worded(trouble, "code")
        return JSONResponse({"state": self._desk.board.enrolment})

    async def open_session(self, web_session: WebSession, body: Body) -> Response:
        session = await self._desk.sessions.open(self._acting(web_session), _text(body, "case_id"))
        await self._desk.look_again()
        return JSONResponse({"session": session, "tagged": bool(_text(body, "case_id").strip())})

    async def tag_session(self, web_session: WebSession, body: Body) -> Response:
        session, case_id = _text(body, "session"), _text(body, "case_id")
        replace = body.get("replace") in {True, "true"}
        await self._desk.sessions.tag(
            self._acting(web_session), session, case_id, replace=replace, reason=_text(body, "reason")[:200]
        )
        return JSONResponse({"session": session, "tagged": True})

    async def close_session(self, web_session: WebSession, body: Body) -> Response:
        session = _text(body, "session")
        closed_wall_ns = await self._desk.sessions.close(self._acting(web_session), session)
        await self._desk.look_again()
        return JSONResponse({"session": session, "closed_wall_ns": closed_wall_ns})

    async def decide_fault(self, web_session: WebSession, body: Body) -> Response:
        session = _text(body, "session")
        made_wall_ns = await self._desk.sessions.decide_fault(
            self._acting(web_session), session, _text(body, "choice"), _text(body, "reason")[:40]
        )
        await self._desk.look_again()
        return JSONResponse({"session": session, "choice": _text(body, "choice"), "made_wall_ns": made_wall_ns})

    def _acting(self, web_session: WebSession) -> Acting:
        acting = self._desk.acting(web_session)
        if acting is None:
            raise NotSignedIn
        return acting


def picture_response(picture: dict[str, Any]) -> Response:
    """The recorder's preview as a picture; 503 when it holds none."""
    try:
        jpeg = base64.b64decode(str(picture.get("jpeg", "")), validate=True)
    except ValueError:
        jpeg = b""
    if not jpeg:
        return refuse(503, "no-picture", "暂时没有画面", "There is no picture at the moment")
    return Response(jpeg, media_type="image/jpeg", headers={"cache-control": "no-store"})


def _read(body: bytes) -> Body | None:
    try:
        value = json.loads(body or b"{}")
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict) or not all(isinstance(one, str | bool | None) for one in value.values()):
        return None
    return value


def _text(body: Body, key: str) -> str:
    value = body.get(key)
    return value if isinstance(value, str) else ""
