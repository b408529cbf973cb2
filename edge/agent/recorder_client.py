"""Asks the recorder. Owns the commands' names and arguments; keeps no state and never retries by itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from edge.agent.line_socket import SocketSilent, ask
from edge.agent.trouble import RecorderRefused, RecorderSilent

SignedIn = Literal["online", "offline"]


class Recorder:
    """Every method raises RecorderSilent or RecorderRefused."""

    def __init__(self, socket: Path, timeout_s: float = 5.0) -> None:
        self._socket = socket
        self._timeout_s = timeout_s

    async def _ask(self, command: str, **arguments: Any) -> dict[str, Any]:
        question = {"command": command} | {name: value for name, value in arguments.items() if value is not None}
        try:
            answer = await ask(self._socket, question, self._timeout_s)
        except SocketSilent:
            raise RecorderSilent from None
        if answer.get("ok") is True:
            return answer
        if answer.get("code") == "disk-hangs":
            raise RecorderSilent  # not refused: it may still be done
        raise RecorderRefused(
            str(answer.get("code", "unclear")),
            str(answer.get("message", "录像程序拒绝了这个操作，录像照常")),
            str(answer.get("message_en") or answer.get("message") or "The recorder refused; recording goes on"),
            answer,
        )

    async def identity(self) -> dict[str, Any]:
        return await self._ask("identity")

    async def prove(self, challenge: str) -> str:
        return str((await self._ask("prove", challenge=challenge))["signature"])

    async def pin(self, centre_key: str, device: str, room: str) -> None:
        await self._ask("pin", centre_key=centre_key, device=device, room=room)

    async def configure(self, configuration: str, sealing: str) -> None:
        await self._ask("configure", configuration=configuration, sealing=sealing)

    async def status(self) -> dict[str, Any]:
        return await self._ask("status")

    async def open_session(
        self, session: str, officer: str, signed_in: SignedIn, tag_sha256: str | None = None
    ) -> dict[str, Any]:
        return await self._ask(
            "open_session", session=session, officer=officer, signed_in=signed_in, tag_sha256=tag_sha256
        )

    async def tag_session(self, session: str, tag_sha256: str, officer: str, signed_in: SignedIn) -> dict[str, Any]:
        return await self._ask(
            "tag_session", session=session, tag_sha256=tag_sha256, officer=officer, signed_in=signed_in
        )

    async def close_session(self, session: str, officer: str, signed_in: SignedIn) -> dict[str, Any]:
        return await self._ask("close_session", session=session, officer=officer, signed_in=signed_in)

    async def decide_fault(
        self, session: str, choice: str, reason: str, officer: str, signed_in: SignedIn
    ) -> dict[str, Any]:
        return await self._ask(
            "decide_fault", session=session, choice=choice, reason=reason, officer=officer, signed_in=signed_in
        )

    async def preview(self) -> dict[str, Any]:
        return await self._ask("preview")

    async def receipt(self, receipt: str) -> None:
        await self._ask("receipt", receipt=receipt)

    async def refused(self, manifest_sha256: str, code: str, reason: str) -> None:
        await self._ask("refused", manifest_sha256=manifest_sha256, code=code[:60] or "refused", reason=reason[:500])
