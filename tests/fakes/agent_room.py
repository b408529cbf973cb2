"""The real agent between the two sockets and a scripted centre, in one event loop and one directory."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx

from config.process import AgentSettings
from edge.agent.agent import Agent, Timing
from edge.agent.configuration_sync import SyncTiming
from tests.fakes.room_sockets import LiveSocket, RecorderSocket
from tests.fakes.scripted_centre import ScriptedCentre

QUICK = Timing(
    status_s=0.05,
    status_watched_s=0.05,
    viewers_s=0.1,
    idle_s=0.05,
    link_s=0.1,
    first_pause_s=0.05,
    sync=SyncTiming(pending_s=0.1, active_s=0.3),
)


async def until(condition: Callable[[], Any], what: str, timeout_s: float = 8.0) -> None:
    """Wait for `condition`; fails with `what` was waited for."""
    end = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end, f"waited {timeout_s} s for: {what}"
        await asyncio.sleep(0.02)


class AgentRoom:
    def __init__(self, directory: Path) -> None:
        self.data, self.run = directory / "data", directory / "run"
        self.centre = ScriptedCentre()
        self.recorder = RecorderSocket(self.data, self.run / "recorder.sock")
        self.live = LiveSocket(self.run / "live.sock")
        self.line_url = ""  # what the agent takes for the centre; empty: the centre itself
        self.timing = QUICK
        self.agent: Agent
        self.browser: httpx.AsyncClient
        self._running: asyncio.Task[None] | None = None
        self.csrf = ""

    async def start_agent(self) -> None:
        settings = AgentSettings(
            data_directory=self.data,
            run_directory=self.run,
            centre_url=self.line_url or self.centre.url,
            console_port=0,
        )
        self.agent = Agent(settings, self.timing)
        self._running = asyncio.create_task(self.agent.run())
        await until(lambda: self.agent.console.port != 0, "the console to listen")
        self.browser = httpx.AsyncClient(base_url=f"http://127.0.0.1:{self.agent.console.port}")
        await until(self.agent.board.recorder_answers, "the recorder's first word")
        await self.status()

    async def stop_agent(self) -> None:
        await self.browser.aclose()
        if self._running is not None:
            self._running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._running
            self._running = None

    async def status(self) -> dict[str, Any]:
        answer = (await self.browser.get("/api/status")).json()
        self.csrf = answer["csrf"]
        return dict(answer)

    async def post(self, path: str, **body: Any) -> httpx.Response:
        return await self.browser.post(path, json=body, headers={"x-csrf-token": self.csrf})

    async def enrol(self) -> None:
        """From a new PC to a confirmed, configured room."""
        answer = await self.post("/api/enrol", code=self.centre.code.text)
        assert answer.status_code == 200, answer.text
        await until(lambda: self.agent.board.enrolment == "pending", "pending")
        self.centre.state = "active"
        await until(lambda: self.recorder.configured, "the configuration at the recorder")

    async def sign_in(self, pin: str = "4711") -> httpx.Response:
        answer = await self.post("/api/sign-in", number="03", pin=pin)
        if answer.status_code == 200:
            self.csrf = answer.json()["csrf"]
        return answer


@contextlib.asynccontextmanager
async def agent_room(directory: Path, *, enrolled: bool = True, live: bool = False) -> AsyncIterator[AgentRoom]:
    room = AgentRoom(directory)
    await room.centre.start()
    await room.recorder.start()
    if live:
        await room.live.start()
    await room.start_agent()
    try:
        if enrolled:
            await room.enrol()
        yield room
    finally:
        await room.stop_agent()
        await room.live.stop()
        await room.recorder.stop()
        await room.centre.stop()
        room.recorder.index.close()
