"""Which rooms are on the line now, what they last said, and the way to ask one of them something.

Lives in the event loop. `status_of` and `notify` may be called from any thread. A room's outgoing queue holds 32
messages; when it is full the room is not reading and its link is dropped, so that it comes back afresh.
"""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass, field
from typing import Any

from control_api.errors import CenterError
from control_api.link.status import DeviceStatus

QUEUE_MESSAGES = 32
ANSWER_S = 15.0
MOST_ASKED = 8  # a quarter of the queue: no number of questions drops a room's line


class RoomOffline(CenterError):
    def __init__(self) -> None:
        super().__init__(
            "room-offline",
            "接谈室当前与中心没有连接；室内录像照常进行，恢复连接后可再试。",
            "The room has no line to the centre now; it goes on recording. Try again when it is back.",
            status=503,
        )


class RoomBusy(CenterError):
    def __init__(self) -> None:
        super().__init__(
            "room-busy",
            "接谈室正在应答其他请求，请过几秒再试；录像不受影响。",
            "The room is answering others at this moment; try again in a few seconds. Recording goes on.",
            status=503,
            retry_after_s=5,
        )


@dataclass
class DeviceLink:
    """One connected room PC. `status_wall_ns`: when the centre heard it, by the centre's clock."""

    device_id: str
    room_id: str
    outgoing: asyncio.Queue[dict[str, Any] | None] = field(default_factory=lambda: asyncio.Queue(QUEUE_MESSAGES))
    status: DeviceStatus | None = None
    status_wall_ns: int = 0
    waiting: dict[str, asyncio.Future[dict[str, Any]]] = field(default_factory=dict)

    def send(self, message: dict[str, Any] | None) -> None:
        """None closes the link."""
        try:
            self.outgoing.put_nowait(message)
        except asyncio.QueueFull:
            while not self.outgoing.empty():
                self.outgoing.get_nowait()
            self.outgoing.put_nowait(None)


class Links:
    def __init__(self) -> None:
        self._by_room: dict[str, DeviceLink] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._listeners: set[asyncio.Event] = set()

    def connect(self, device_id: str, room_id: str) -> DeviceLink:
        """A newer link of the same room ends the older one."""
        self._loop = asyncio.get_running_loop()
        older = self._by_room.get(room_id)
        if older is not None:
            older.send(None)
        link = DeviceLink(device_id, room_id)
        self._by_room[room_id] = link
        self.changed()
        return link

    def disconnect(self, link: DeviceLink) -> None:
        if self._by_room.get(link.room_id) is link:
            del self._by_room[link.room_id]
        for future in link.waiting.values():
            if not future.done():
                future.set_exception(RoomOffline())
        self.changed()

    def heard(self, link: DeviceLink, status: DeviceStatus, now_ns: int) -> None:
        link.status = status
        link.status_wall_ns = now_ns
        self.changed()

    def answered(self, link: DeviceLink, message: dict[str, Any]) -> None:
        """An answer to something that `ask` sent; one that nobody waits for is dropped."""
        future = link.waiting.pop(str(message.get("id", "")), None)
        if future is not None and not future.done():
            future.set_result(message)

    async def ask(self, room_id: str, message: dict[str, Any]) -> dict[str, Any]:
        """Send `message` with an id and wait for what answers it. Raises RoomOffline, RoomBusy."""
        link = self._by_room.get(room_id)
        if link is None:
            raise RoomOffline
        if len(link.waiting) >= MOST_ASKED:
            raise RoomBusy
        identifier = secrets.token_hex(16)
        future: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        link.waiting[identifier] = future
        link.send({**message, "id": identifier})
        try:
            return await asyncio.wait_for(future, ANSWER_S)
        except TimeoutError:
            raise RoomOffline from None
        finally:
            link.waiting.pop(identifier, None)

    def status_of(self, room_id: str) -> tuple[DeviceStatus, int] | None:
        """The last status and when it was heard; None when the room is not on the line or has not spoken yet."""
        link = self._by_room.get(room_id)
        return None if link is None or link.status is None else (link.status, link.status_wall_ns)

    def statuses(self) -> list[tuple[str, DeviceStatus]]:
        """Every room on the line that has spoken."""
        return [(room_id, link.status) for room_id, link in self._by_room.items() if link.status is not None]

    def connected(self, room_id: str) -> bool:
        return room_id in self._by_room

    def notify(self, room_id: str, message: dict[str, Any]) -> None:
        """Tell a room something if it is on the line; it asks by itself when it comes back."""
        self._in_loop(lambda link: link.send(message), room_id)

    def drop(self, device_id: str, room_id: str) -> None:
        """End the link of a device that was revoked or replaced."""
        self._in_loop(lambda link: link.send(None) if link.device_id == device_id else None, room_id)

    def close(self) -> None:
        for link in list(self._by_room.values()):
            link.send(None)

    def listen(self) -> asyncio.Event:
        """An event that is set at every change; hand it to `unlisten` afterwards."""
        event = asyncio.Event()
        self._listeners.add(event)
        return event

    def unlisten(self, event: asyncio.Event) -> None:
        self._listeners.discard(event)

    def changed(self) -> None:
        for event in self._listeners:
            event.set()

    def _in_loop(self, act: Any, room_id: str) -> None:
        def run() -> None:
            link = self._by_room.get(room_id)
            if link is not None:
                act(link)

        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(run)
