"""Asks the live process to answer a viewer's offer. Keeps no state."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from edge.agent.line_socket import SocketSilent, ask
from edge.agent.trouble import LiveRefused


class Live:
    """Every method raises LiveRefused."""

    def __init__(self, socket: Path, timeout_s: float = 10.0) -> None:
        self._socket = socket
        self._timeout_s = timeout_s

    async def _ask(self, command: str, **arguments: Any) -> dict[str, Any]:
        try:
            answer = await ask(self._socket, {"command": command, **arguments}, self._timeout_s)
        except SocketSilent:
            raise LiveRefused(
                "live-silent",
                "接谈室的实时画面程序没有应答，录像照常；请稍后再试",
                "The room's live program does not answer; recording goes on; try again later",
            ) from None
        if answer.get("ok") is True:
            return answer
        message = str(answer.get("message", "接谈室拒绝了实时画面，录像照常"))
        raise LiveRefused(str(answer.get("code", "unclear")), message, str(answer.get("message_en") or message))

    async def offer(self, viewer: str, sdp: str, name: str, unit: str) -> str:
        return str((await self._ask("offer", viewer=viewer, sdp=sdp, name=name, unit=unit)).get("sdp", ""))

    async def close(self, viewer: str) -> None:
        await self._ask("close", viewer=viewer)

    async def viewers(self) -> list[dict[str, Any]]:
        viewers = (await self._ask("viewers")).get("viewers", [])
        return [viewer for viewer in viewers if isinstance(viewer, dict)] if isinstance(viewers, list) else []
