"""One question and one answer over a local socket, a JSON object per line. Knows no command."""

from __future__ import annotations

import asyncio
import contextlib
import json
from pathlib import Path
from typing import Any

LONGEST_LINE_BYTES = 8 << 20


class SocketSilent(Exception):
    """Nobody there, no answer in time, or no JSON object."""


async def ask(socket: Path, question: dict[str, Any], timeout_s: float) -> dict[str, Any]:
    """A connection per question: no state to mend after the other side was restarted. Raises SocketSilent."""
    try:
        async with asyncio.timeout(timeout_s):
            line = await _exchange(socket, question)
        answer = json.loads(line)
    except (OSError, TimeoutError, ValueError, asyncio.LimitOverrunError) as error:
        raise SocketSilent(type(error).__name__) from None  # the cause's text may repeat what was asked
    if not isinstance(answer, dict):
        raise SocketSilent("not an object")
    return answer


async def _exchange(socket: Path, question: dict[str, Any]) -> bytes:
    reader, writer = await asyncio.open_unix_connection(str(socket), limit=LONGEST_LINE_BYTES)
    try:
        writer.write(json.dumps(question, ensure_ascii=False).encode() + b"\n")
        await writer.drain()
        return await reader.readline()
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
