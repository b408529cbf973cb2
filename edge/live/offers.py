"""live.sock: takes viewers' offers from the agent, one JSON object per line each way. Knows no WebRTC."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import structlog
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from streaming.local_socket import OWN_USER, Peers, listen
from streaming.watcher import OfferRefused
from streaming.watching import Watching

LONGEST_LINE_BYTES = 1 << 20
ANSWER_S = 8.0
log = structlog.get_logger()


class _Offer(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    viewer: str = Field(pattern=r"^[0-9a-f]{32}$")
    sdp: str = Field(max_length=200_000)
    name: str = Field("", max_length=60)
    unit: str = Field("", max_length=60)


class _Close(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    viewer: str = Field(pattern=r"^[0-9a-f]{32}$")


class Offers:
    """Answers the commands `offer`, `close` and `viewers`; everything else is refused by name."""

    def __init__(self, watching: Watching, peers: Peers = OWN_USER) -> None:
        self._watching, self._peers = watching, peers
        self._commands: dict[str, Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]] = {
            "offer": self._offer,
            "close": self._close,
            "viewers": self._viewers,
        }

    async def serve(self, socket: Path) -> asyncio.Server:
        """Listen at `socket`, for the users it is told."""
        socket.parent.mkdir(mode=0o750, parents=True, exist_ok=True)  # as far as the umask lets it
        return await listen(socket, self._talk, self._peers, LONGEST_LINE_BYTES)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, ValueError, asyncio.LimitOverrunError):
            while self._peers.admit(writer) and (line := await reader.readline()):
                writer.write(json.dumps(await self.answer(line), ensure_ascii=False).encode() + b"\n")
                await writer.drain()
        writer.close()

    async def answer(self, line: bytes) -> dict[str, Any]:
        """One answer to one line; never raises for what the other side sent."""
        try:
            question = json.loads(line)
            command = self._commands[question["command"]]
        except (ValueError, TypeError, KeyError):
            return _refusal("unknown-command", "实时画面程序不认识这条命令", "No such command: offer, close, viewers")
        try:
            async with asyncio.timeout(ANSWER_S):
                return {"ok": True, **await command(question)}
        except ValidationError as error:
            key = ".".join(str(part) for part in error.errors()[0]["loc"])
            return _refusal("bad-argument", f"参数 {key} 不正确", f"The argument {key} is wrong")
        except OfferRefused as refused:
            return _refusal(refused.code, refused.message, refused.message_en)
        except TimeoutError:
            return _refusal(
                "live-slow",
                "接通实时画面超时，录像不受影响；请重试",
                "The connection was not made in time; recording goes on; try again",
            )

    async def _offer(self, question: dict[str, Any]) -> dict[str, Any]:
        offer = _Offer.model_validate(question)
        sdp = await self._watching.offer(offer.viewer, offer.sdp, offer.name, offer.unit)
        log.info("viewer-connecting", viewer=offer.viewer)
        return {"sdp": sdp}

    async def _close(self, question: dict[str, Any]) -> dict[str, Any]:
        await self._watching.close(_Close.model_validate(question).viewer)
        return {}

    async def _viewers(self, question: dict[str, Any]) -> dict[str, Any]:
        return {"viewers": [asdict(viewer) for viewer in self._watching.viewers()]}


def _refusal(code: str, message: str, message_en: str) -> dict[str, Any]:
    return {"ok": False, "code": code, "message": message, "message_en": message_en}
