"""Runs the agent's duties for ever. The one place of this process where errors are handled.

A duty does one step and says how long to rest. Trouble that is expected becomes a sentence on the board and a
growing pause; anything else is logged with its place (never with values) and treated alike. No duty stops another.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import traceback
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import structlog

from edge.agent.backoff import delay_s
from edge.agent.board import Board
from edge.agent.trouble import CentreRefused, Trouble
from storage.errors import StorageError

log = structlog.get_logger(__name__)
LONGEST_PAUSE_S = 30.0


class Unexpected(Trouble):
    def __init__(self) -> None:
        super().__init__(
            "agent-unexpected",
            "接谈室联络程序遇到意外错误，录像照常，稍后自动重试；长时间如此请联系管理员",
            "The room's agent met an unexpected error; recording goes on and it tries again; if it lasts,"
            " call the administrator",
        )


@dataclass
class Duty:
    """`step` returns seconds to rest. `wake` ends a rest or a pause early."""

    name: str
    step: Callable[[], Awaitable[float]]
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    attempt: int = 0


class Supervisor:
    def __init__(self, board: Board, first_pause_s: float = 1.0) -> None:
        self._board = board
        self._first_pause_s = first_pause_s
        self._duties: dict[str, Duty] = {}

    def add(self, name: str, step: Callable[[], Awaitable[float]]) -> None:
        self._duties[name] = Duty(name, step)

    def wake(self, *names: str) -> None:
        """Let these duties do their next step now."""
        for name in names:
            self._duties[name].wake.set()

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as group:
            for duty in self._duties.values():
                group.create_task(self._serve(duty), name=duty.name)

    async def _serve(self, duty: Duty) -> None:
        while True:
            duty.wake.clear()
            rest_s = await self._step(duty)
            if rest_s <= 0:
                await asyncio.sleep(0)
                continue
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(rest_s):  # wait_for may lose a cancellation in Python 3.11
                    await duty.wake.wait()

    async def _step(self, duty: Duty) -> float:
        try:
            rest_s = await duty.step()
        except (Trouble, StorageError) as error:
            trouble = error if isinstance(error, Trouble) else Trouble(error.code, error.message, error.message_en)
            return self._pause(duty, trouble)
        except Exception as error:  # noqa: BLE001 - the one place; a duty that died would be silent
            log.error("duty-failed", duty=duty.name, error=type(error).__name__, place=place(error))
            return self._pause(duty, Unexpected())
        if duty.attempt:
            log.info("duty-recovered", duty=duty.name, attempts=duty.attempt)
        duty.attempt = 0
        self._board.trouble(duty.name, None)
        return rest_s

    def _pause(self, duty: Duty, trouble: Trouble) -> float:
        if isinstance(trouble, CentreRefused) and trouble.code == "revoked":
            self._board.enrolment = "revoked"
        self._board.trouble(duty.name, trouble)
        pause_s = delay_s(duty.attempt, random.random(), self._first_pause_s, LONGEST_PAUSE_S)  # noqa: S311 - jitter
        if duty.attempt in {0, 5} or duty.attempt % 50 == 0:
            log.warning("duty-paused", duty=duty.name, code=trouble.code, what=trouble.message_en, attempt=duty.attempt)
        duty.attempt += 1
        asked_s = trouble.retry_after_s if isinstance(trouble, CentreRefused) else None
        return max(pause_s, min(asked_s or 0.0, 300.0))


def place(error: BaseException) -> list[str]:
    """Where it happened, as `function (file)`; an error's own text may hold what a person typed."""
    frames = traceback.extract_tb(error.__traceback__)[-4:]
    return [f"{frame.name} ({frame.filename.rpartition('/')[2]}:{frame.lineno})" for frame in frames]
