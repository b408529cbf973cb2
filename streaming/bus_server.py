"""Serves the media bus on a unix socket. Publishing is for any thread and never waits; sockets are asyncio's.

Readers are processes of its own user and of those it is told. None of them can slow the recorder: each has its bounded
queue, and wishes for key frames are answered at most once a second all together.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from streaming.bus import (
    KEY_FRAME_WANTED,
    BusFrame,
    description_frame,
    encode_frame,
    picture_frame,
    sound_frame,
)
from streaming.bus_queue import ReaderQueue
from streaming.local_socket import OWN_USER, Peers, listen
from streaming.packet import Packet, PcmBlock

MAX_READERS = 16
KEY_FRAMES_EVERY_S = 1.0
UNSENT_BYTES = 256 << 10  # what the socket may hold beyond the reader's own queue


class BusServer:
    """`start` and `stop` in an event loop; `describe`, `publish_picture` and `publish_sound` from any thread."""

    def __init__(
        self,
        path: Path,
        on_key_frame_wanted: Callable[[], None],
        peers: Peers = OWN_USER,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._path, self._peers = path, peers
        self._on_key_frame_wanted = on_key_frame_wanted
        self._monotonic_s = monotonic_s
        self._lock = threading.Lock()
        self._readers: dict[ReaderQueue, asyncio.Event] = {}
        self._description: dict[str, Any] | None = None
        self._sequences = [0, 0, 0]
        self._asked_at_s: float | None = None
        self._key_timer: asyncio.TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def readers(self) -> int:
        return len(self._readers)

    async def start(self) -> None:
        """Listen; the directory is the caller's."""
        self._loop = asyncio.get_running_loop()
        self._server = await listen(self._path, self._serve, self._peers)

    async def stop(self) -> None:
        if self._server is None:
            return
        self._server.close()
        if self._key_timer is not None:
            self._key_timer.cancel()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._path.unlink(missing_ok=True)

    def describe(self, description: dict[str, Any]) -> None:
        """What is on the bus from now on: `video` and `audio`, each an object or null. Sent to every reader."""
        with self._lock:
            if description == self._description:
                return
            self._description = description
            for queue in self._readers:
                queue.has_pictures = description.get("video") is not None
            self._offer(description_frame(description, self._next(2)))

    def publish_picture(self, packet: Packet) -> None:
        with self._lock:
            self._offer(picture_frame(packet, self._next(0)))

    def publish_sound(self, block: PcmBlock) -> None:
        with self._lock:
            self._offer(sound_frame(block, self._next(1)))

    def _next(self, counter: int) -> int:
        self._sequences[counter] += 1
        return self._sequences[counter] - 1

    def _offer(self, frame: BusFrame) -> None:
        wanted = False
        for queue in self._readers:
            waited = queue.wants_key
            queue.put(frame)
            wanted = wanted or (queue.wants_key and not waited)
        if self._readers and self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._wake, wanted)

    def _wake(self, key_frame_wanted: bool) -> None:
        for arrived in list(self._readers.values()):
            arrived.set()
        if key_frame_wanted:
            self._want_key_frame()

    def _want_key_frame(self) -> None:
        """At most one wish a second goes on; one that comes too early waits for its time, and others join it."""
        if self._loop is None or self._key_timer is not None:
            return
        now_s = self._monotonic_s()
        wait_s = 0.0 if self._asked_at_s is None else self._asked_at_s + KEY_FRAMES_EVERY_S - now_s
        if wait_s > 0:
            self._key_timer = self._loop.call_later(wait_s, self._ask_now)
        else:
            self._ask_now()

    def _ask_now(self) -> None:
        self._key_timer = None
        self._asked_at_s = self._monotonic_s()
        self._on_key_frame_wanted()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        try:
            if self._peers.admit(writer) and len(self._readers) < MAX_READERS:
                await self._attend(reader, writer)
        except (OSError, asyncio.CancelledError):
            pass  # the reader went away, or the server stops
        finally:
            writer.close()
            with contextlib.suppress(OSError, asyncio.CancelledError):
                await writer.wait_closed()

    async def _attend(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.transport.set_write_buffer_limits(high=UNSENT_BYTES)
        queue, arrived = ReaderQueue(), asyncio.Event()
        with self._lock:
            if self._description is not None:
                queue.has_pictures = self._description.get("video") is not None
                queue.put(description_frame(self._description, self._next(2)))
            self._readers[queue] = arrived
        arrived.set()
        self._want_key_frame()
        wishes = asyncio.ensure_future(self._listen(reader))
        sending = asyncio.ensure_future(self._send(queue, arrived, writer))
        try:
            await asyncio.wait({wishes, sending}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            with self._lock:
                del self._readers[queue]
            wishes.cancel()
            sending.cancel()
            await asyncio.gather(wishes, sending, return_exceptions=True)

    async def _send(self, queue: ReaderQueue, arrived: asyncio.Event, writer: asyncio.StreamWriter) -> None:
        while True:
            await arrived.wait()
            arrived.clear()
            while True:
                with self._lock:
                    frame = queue.take()
                if frame is None:
                    break
                writer.write(encode_frame(frame))
                await writer.drain()

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        while wishes := await reader.read(64):
            if KEY_FRAME_WANTED in wishes:
                self._want_key_frame()
