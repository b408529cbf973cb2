"""Serves `recorder.sock`: one JSON object per line each way, for its own user and those it is told."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from streaming.local_socket import OWN_USER, Peers, listen

LONGEST_LINE_BYTES = 4 << 20
SILENCE_S = 60.0
MAX_PEERS = 32


class CommandServer:
    """`answer` is called in a thread of its own for each peer, so that a slow disk holds up one peer only."""

    def __init__(self, path: Path, answer: Callable[[bytes], dict[str, Any]], allowed: Peers = OWN_USER) -> None:
        self._path, self._answer, self._allowed = path, answer, allowed
        self._threads = ThreadPoolExecutor(MAX_PEERS, thread_name_prefix="commands")
        self._server: asyncio.Server | None = None
        self._peers: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Listen; the directory is the caller's."""
        self._server = await listen(self._path, self._serve, self._allowed, LONGEST_LINE_BYTES)

    async def stop(self) -> None:
        if self._server is None:
            return
        self._server.close()
        for peer in list(self._peers):
            peer.cancel()
        await asyncio.gather(*self._peers, return_exceptions=True)
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None:
            return
        self._peers.add(task)
        task.add_done_callback(self._peers.discard)
        try:
            if self._allowed.admit(writer) and len(self._peers) <= MAX_PEERS:
                await self._converse(reader, writer)
        except (OSError, TimeoutError, asyncio.CancelledError):
            pass  # the peer went away or fell silent, or the server stops
        finally:
            writer.close()
            with contextlib.suppress(OSError, asyncio.CancelledError):
                await writer.wait_closed()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            try:
                async with asyncio.timeout(SILENCE_S):
                    line = await reader.readline()
            except ValueError:
                await _send(writer, {"ok": False, "code": "too-long", "message": "命令过长。"})
                return
            if not line.endswith(b"\n"):
                return
            loop = asyncio.get_running_loop()
            await _send(writer, await loop.run_in_executor(self._threads, self._answer, line))


async def _send(writer: asyncio.StreamWriter, answer: dict[str, Any]) -> None:
    writer.write(json.dumps(answer, ensure_ascii=False).encode() + b"\n")
    async with asyncio.timeout(SILENCE_S):
        await writer.drain()
