"""The one WebSocket to the centre: the room's status out every two seconds, the centre's wishes in.

Nothing that arrives here can touch a recording: a wish is a new look at the configuration or an offer for the live
process. What isn't understood is dropped.
"""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidMessage, InvalidStatus

from edge.agent.board import Board
from edge.agent.centre_client import Centre
from edge.agent.live_client import Live
from edge.agent.trouble import CentreRefused, CentreUnclear, CentreUnreachable, LiveRefused, Trouble

log = structlog.get_logger(__name__)
STATUS_EVERY_S = 2.0
LONGEST_MESSAGE_BYTES = 1 << 20
MOST_WISHES = 8  # in hand at one time; more are refused


class Link:
    def __init__(self, centre: Centre, certificates: ssl.SSLContext, live: Live, board: Board) -> None:
        self._centre = centre
        self._certificates = certificates
        self._live = live
        self._board = board
        self._wishes: set[asyncio.Task[None]] = set()
        self.configuration_changed: Callable[[], None] = lambda: None
        self.came_up: Callable[[], None] = lambda: None
        self.every_s = STATUS_EVERY_S

    async def step(self) -> float:
        """Connect and stay until the line ends. Returns seconds until the next try."""
        if self._board.enrolment != "active":
            return 1.0
        connection = await self._connect(await self._centre.token())
        try:
            self._board.link_is(True)
            self.came_up()
            await self._talk(connection)
        except ConnectionClosed:
            raise CentreUnreachable("ConnectionClosed") from None
        finally:
            self._board.link_is(False)
            for wish in self._wishes:
                wish.cancel()
            await connection.close()
        return 0.0

    async def _connect(self, token: str) -> ClientConnection:
        url = "ws" + self._centre.url.removeprefix("http") + "/api/device/link"
        try:
            return await connect(
                url,
                additional_headers={"Authorization": f"Bearer {token}"},
                ssl=self._certificates if url.startswith("wss") else None,
                proxy=None,
                open_timeout=10,
                close_timeout=2,
                max_size=LONGEST_MESSAGE_BYTES,
                process_exception=lambda error: error,
            )
        except InvalidStatus as error:
            raise self._refused(error.response.status_code) from None
        except (OSError, TimeoutError, EOFError) as error:
            raise CentreUnreachable(type(error).__name__) from None
        except (InvalidHandshake, InvalidMessage) as error:
            raise CentreUnclear(f"link: {type(error).__name__}") from None

    def _refused(self, status: int) -> Trouble:
        if status in {401, 403}:
            self._centre.forget_token()
            return CentreRefused(
                "link-refused",
                "县中心暂不接受本机的连接，录像照常，稍后自动重试",
                "The centre does not accept this PC's link at the moment; recording goes on and it tries again",
                status,
            )
        return CentreUnclear(f"link: HTTP {status}", status)

    async def _talk(self, connection: ClientConnection) -> None:
        """Both directions until either ends."""
        both = [asyncio.create_task(self._report(connection)), asyncio.create_task(self._listen(connection))]
        try:
            done, _ = await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in both:
                task.cancel()
            await asyncio.gather(*both, return_exceptions=True)
        for task in done:
            task.result()

    async def _report(self, connection: ClientConnection) -> None:
        while True:
            await connection.send(json.dumps(self._board.link_status(), ensure_ascii=False))
            await asyncio.sleep(self.every_s)

    async def _listen(self, connection: ClientConnection) -> None:
        async for text in connection:
            wish = read_wish(text)
            if wish is None:
                log.warning("link-message-unclear")
            elif wish["type"] == "configuration-changed":
                self.configuration_changed()
            elif len(self._wishes) >= MOST_WISHES:
                await _refuse(connection, wish, "busy", "接谈室正忙，请稍后再试")
            else:
                self._take_up(connection, wish)

    def _take_up(self, connection: ClientConnection, wish: dict[str, Any]) -> None:
        task = asyncio.create_task(self._fulfil(connection, wish))
        self._wishes.add(task)
        task.add_done_callback(self._wishes.discard)

    async def _fulfil(self, connection: ClientConnection, wish: dict[str, Any]) -> None:
        handlers: dict[str, Callable[[dict[str, Any]], Awaitable[dict[str, Any] | None]]] = {
            "live-offer": self._offer,
            "live-close": self._close,
        }
        handler = handlers.get(wish["type"])
        try:
            answer = await handler(wish) if handler else None
            if answer is not None:
                await connection.send(json.dumps(answer, ensure_ascii=False))
        except Trouble as trouble:
            await _refuse(connection, wish, trouble.code, trouble.message)
        except ConnectionClosed:
            log.info("link-answer-lost", type=wish["type"])

    async def _offer(self, wish: dict[str, Any]) -> dict[str, Any]:
        viewer, sdp, name, unit = (wish.get(key) for key in ("viewer", "sdp", "name", "unit"))
        if not (isinstance(viewer, str) and isinstance(sdp, str) and isinstance(name, str) and isinstance(unit, str)):
            raise LiveRefused("bad-offer", "连接请求不完整", "The offer is incomplete")
        self._board.live_asked()  # uploads give way now, not when the live process is asked next
        return {"type": "live-answer", "id": wish.get("id"), "sdp": await self._live.offer(viewer, sdp, name, unit)}

    async def _close(self, wish: dict[str, Any]) -> None:
        if isinstance(wish.get("viewer"), str):
            await self._live.close(wish["viewer"])


def read_wish(text: str | bytes) -> dict[str, Any] | None:
    """A message of the centre as an object with a `type`; None when it is nonsense."""
    try:
        wish = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return wish if isinstance(wish, dict) and isinstance(wish.get("type"), str) else None


async def _refuse(connection: ClientConnection, wish: dict[str, Any], code: str, message: str) -> None:
    refusal = {"type": "refusal", "id": wish.get("id"), "code": code, "message": message}
    try:
        await connection.send(json.dumps(refusal, ensure_ascii=False))
    except ConnectionClosed:
        log.info("link-refusal-lost", code=code)
