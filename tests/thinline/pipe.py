"""A thin line in user space: one queue for everything that goes up, emptied at the line's rate, then some latency.

TCP waits for a place in the queue, as it does for a router's acknowledgements; datagrams that find it full are lost.
What comes down is only delayed: rooms receive next to nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections import deque
from collections.abc import Callable
from urllib.parse import urlsplit

READ_BYTES = 4 << 10
QUEUE_BYTES = 64 << 10  # 0.13 s at 4 Mbit/s: what a small router holds
HEADERS_BYTES = 40  # IP and TCP on each 1460 bytes


class Pipe:
    """`up_bytes` counts what TCP brought through, `at` when."""

    def __init__(self, kbps: int, latency_s: float) -> None:
        self._bytes_s, self._latency_s = kbps * 125, latency_s
        self._queue: deque[tuple[int, Callable[[], None]]] = deque()
        self._queued_bytes = 0
        self._more, self._room = asyncio.Event(), asyncio.Event()
        self._room.set()
        self.up_bytes = 0
        self._emptying = asyncio.create_task(self._empty())

    async def stop(self) -> None:
        self._emptying.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._emptying

    async def send(self, size: int, deliver: Callable[[], None]) -> None:
        """As TCP: waits until the queue has a place."""
        while self._queued_bytes + size > QUEUE_BYTES:
            self._room.clear()
            await self._room.wait()
        self.up_bytes += size
        self._put(size, deliver)

    def datagram(self, size: int, deliver: Callable[[], None]) -> bool:
        """As UDP: False when it is lost."""
        if self._queued_bytes + size > QUEUE_BYTES:
            return False
        self._put(size, deliver)
        return True

    def _put(self, size: int, deliver: Callable[[], None]) -> None:
        self._queue.append((size, deliver))
        self._queued_bytes += size
        self._more.set()

    async def _empty(self) -> None:
        loop = asyncio.get_running_loop()
        free_s = time.monotonic()
        while True:
            while not self._queue:
                self._more.clear()
                await self._more.wait()
                free_s = max(free_s, time.monotonic())
            size, deliver = self._queue.popleft()
            free_s += size * (1 + HEADERS_BYTES / 1460) / self._bytes_s
            if (wait_s := free_s - time.monotonic()) > 0.002:
                await asyncio.sleep(wait_s)
            self._queued_bytes -= size
            self._room.set()
            loop.call_later(self._latency_s, deliver)


class Proxy:
    """Stands for the centre and its archive at `url`; everything from there goes through the pipe."""

    def __init__(self, pipe: Pipe, centre_url: str, latency_s: float) -> None:
        self._pipe, self._latency_s = pipe, latency_s
        self._to_port = urlsplit(centre_url).port
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.url = ""

    async def start(self) -> None:
        listening = socket.socket()
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, READ_BYTES)  # what waits, waits at the sender
        listening.bind(("127.0.0.1", 0))
        self._server = await asyncio.start_server(self._serve, sock=listening, limit=READ_BYTES)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        there_reader, there_writer = await asyncio.open_connection("127.0.0.1", self._to_port)
        ways = [
            asyncio.create_task(self._up(reader, there_writer)),
            asyncio.create_task(self._down(there_reader, writer)),
        ]
        try:
            with contextlib.suppress(asyncio.CancelledError):  # the line is taken down
                await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
                await asyncio.sleep(2 * self._latency_s)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            writer.close()
            there_writer.close()

    async def _up(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(READ_BYTES):
            await self._pipe.send(len(data), lambda data=data: writer.write(data))  # type: ignore[misc]

    async def _down(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(64 << 10):
            await asyncio.sleep(self._latency_s)
            writer.write(data)
            await writer.drain()


class LiveStream:
    """Stands for what a viewer is sent: datagrams of a live picture at its rate. One that comes over 0.4 s late is
    lost too: a viewer's player has gone on by then."""

    def __init__(self, pipe: Pipe, kbps: int) -> None:
        self._pipe, self._kbps = pipe, kbps
        self.sent = self.arrived = 0

    async def run(self, seconds: float) -> None:
        every_s = 1200 * 8 / (self._kbps * 1000)
        began = time.monotonic()
        while (now := time.monotonic()) - began < seconds:
            while self.sent * every_s < now - began:
                self.sent += 1
                self._pipe.datagram(1200, lambda sent_s=now: self._came(sent_s))  # type: ignore[misc]
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.5)

    def _came(self, sent_s: float) -> None:
        self.arrived += time.monotonic() - sent_s < 0.4

    @property
    def loss_pct(self) -> float:
        return 100 * (1 - self.arrived / self.sent) if self.sent else 0.0
