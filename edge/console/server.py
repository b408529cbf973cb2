"""Serves the console on loopback inside the agent. Owns the socket, the application's layers and its orderly end."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections.abc import Iterator

import uvicorn
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from edge.agent.trouble import Trouble
from edge.console.api import Api
from edge.console.desk import ConsoleParts, Desk
from edge.console.events import Events
from edge.console.guard import Guard, loopback_hosts, refuse
from edge.console.screens import Screens
from edge.console.session_record import RoomSession
from pages.response_headers import ResponseHeaders

__all__ = ["Console", "ConsoleParts"]


class PortTaken(Trouble):
    def __init__(self, port: int) -> None:
        super().__init__(
            "console-port-taken",
            f"本机端口 {port} 已被占用，控制台页面无法打开；请关闭占用它的程序，或修改 console_port",
            f"Port {port} is in use and the console page can't open; end what uses it or change console_port",
        )


class _Server(uvicorn.Server):
    """Signals belong to the agent, which stops its parts in order."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class Console:
    def __init__(self, parts: ConsoleParts, host: str, port: int) -> None:
        self._desk = Desk(parts)
        self._host, self.port = host, port
        screens = Screens(self._desk)
        self._events = Events(self._desk, screens)
        self.application = self._build(screens)
        self._server: _Server | None = None
        self._serving: asyncio.Task[None] | None = None

    def _build(self, screens: Screens) -> FastAPI:
        application = FastAPI(title="Shilu room console", docs_url=None, redoc_url=None, openapi_url=None)
        application.include_router(screens.router)
        application.include_router(Api(self._desk).router)
        application.include_router(self._events.router)
        application.mount("/static", self._desk.assets)
        application.add_exception_handler(RequestValidationError, _bad_request)
        application.add_exception_handler(HTTPException, _not_there)
        application.add_middleware(Guard, hosts=lambda: loopback_hosts(self.port))
        application.add_middleware(ResponseHeaders)
        return application

    async def start(self) -> None:
        """Listen; `port` is the real one afterwards. Raises PortTaken."""
        listening = self._listen()
        self.port = listening.getsockname()[1]
        self._desk.board.console = f"http://{'[::1]' if self._host == '::1' else self._host}:{self.port}"
        config = uvicorn.Config(
            self.application,
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=2,
            lifespan="off",
            ws="none",
        )
        self._server = _Server(config)
        self._serving = asyncio.create_task(self._server.serve(sockets=[listening]), name="console")

    def _listen(self) -> socket.socket:
        address = "127.0.0.1" if self._host == "localhost" else self._host
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        listening = socket.socket(family, socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((address, self.port))
        except OSError:
            listening.close()
            raise PortTaken(self.port) from None
        return listening

    async def stop(self) -> None:
        self._events.stopping.set()
        if self._server is not None and self._serving is not None:
            self._server.should_exit = True
            await self._serving

    def follow_recorder(self) -> None:
        """After each word of the recorder: keep the page's own list of sessions true."""
        board = self._desk.board
        opened, wall_ns = board.recorder.get("session_opened_wall_ns"), board.recorder.get("wall_ns")
        self._desk.sessions.follow(
            board.open_session(),
            opened if isinstance(opened, int) else None,
            wall_ns if isinstance(wall_ns, int) else time.time_ns(),
        )
        board.locked_officers = len(self._desk.sign_in.locked_officers())

    def find_session(self, session: str) -> RoomSession | None:
        """As the page knows it."""
        return self._desk.room_sessions.find(session)

    def tag_settled(self, session: str, tag_sha256: str) -> None:
        """The chain shows a tag that was in doubt."""
        if self._desk.room_sessions.find(session) is None:
            self._desk.room_sessions.opened(session, "", time.time_ns(), None)
        self._desk.room_sessions.tagged(session, tag_sha256)


async def _bad_request(request: Request, error: Exception) -> Response:
    """Names no value: what was typed may be a case number."""
    return refuse(422, "bad-request", "请求格式不正确", "The request does not have the form this page expects")


async def _not_there(request: Request, error: Exception) -> Response:
    """A person who mistyped the address is brought to the room's page; a program is told."""
    if request.method == "GET" and "text/html" in request.headers.get("accept", ""):
        return RedirectResponse("/", 303)
    status = error.status_code if isinstance(error, HTTPException) else 500
    return refuse(status, "not-there", "没有这个页面", "There is no such page")
