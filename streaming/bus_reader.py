"""Reads the media bus: one for asyncio, one that waits. Keeps no queue of its own; reconnecting is the caller's."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections import deque
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from streaming.bus import KEY_FRAME_WANTED, BusFrame, FrameReader

PIECE_BYTES = 256 << 10


class AsyncBusReader:
    """`async with AsyncBusReader(path) as reader: async for frame in reader.frames(): …`; ends with the recorder."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._frames = FrameReader()
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def __aenter__(self) -> AsyncBusReader:
        """Raises OSError when no recorder serves there."""
        self._reader, self._writer = await asyncio.open_unix_connection(str(self._path), limit=PIECE_BYTES)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._writer is not None:
            self._writer.close()
            with contextlib.suppress(OSError):
                await self._writer.wait_closed()

    async def frames(self) -> AsyncIterator[BusFrame]:
        """Raises BusError when what comes is not a bus."""
        if self._reader is None:
            raise RuntimeError("the bus reader is not connected")
        while data := await self._reader.read(PIECE_BYTES):
            for frame in self._frames.feed(data):
                yield frame

    def want_key_frame(self) -> None:
        """Ask for a key frame soon. At most one a second is made, however often one asks."""
        if self._writer is not None and not self._writer.is_closing():
            self._writer.write(KEY_FRAME_WANTED)


class BusReader:
    """The same for a thread that may wait: iterate over it. Raises OSError, BusError, and TimeoutError on silence."""

    def __init__(self, path: Path, timeout_s: float | None = None) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(timeout_s)
        self._frames = FrameReader()
        self._ready: deque[BusFrame] = deque()
        try:
            self._socket.connect(str(path))
        except BaseException:
            self._socket.close()
            raise

    def __enter__(self) -> BusReader:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def __iter__(self) -> Iterator[BusFrame]:
        return self

    def __next__(self) -> BusFrame:
        while not self._ready:
            data = self._socket.recv(PIECE_BYTES)
            if not data:
                raise StopIteration
            self._ready.extend(self._frames.feed(data))
        return self._ready.popleft()

    def want_key_frame(self) -> None:
        self._socket.sendall(KEY_FRAME_WANTED)
