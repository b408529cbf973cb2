"""The WebSocket of a room and the event stream of the pages. Nothing here touches a recording."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Annotated, Any

import structlog
from fastapi import APIRouter, Depends, Request, WebSocket, WebSocketDisconnect
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse
from pydantic import ValidationError

from control_api.accounts.actor import Actor
from control_api.accounts.guard import require
from control_api.accounts.permissions import Permission
from control_api.center import Center, center_of
from control_api.database import Device
from control_api.devices.guard import device_behind
from control_api.errors import CenterError
from control_api.link import room_alarms
from control_api.link.links import DeviceLink
from control_api.link.status import DeviceStatus
from control_api.rooms.overview import room_rows

log = structlog.get_logger()
router = APIRouter(tags=["rooms"])
MAX_MESSAGE_CHARACTERS = 1 << 20
SILENT_S = 30.0
SAVE_EVERY_NS = 30 * 10**9
EVENT_PAUSE_S = 1.0
HEARTBEAT_S = 15.0
STREAM_S = 600.0  # then the browser comes back, and is asked again who it is
POLICY_VIOLATION = 1008


@router.websocket("/api/device/link")
async def device_link(socket: WebSocket) -> None:
    """A room's line. Status in, wishes out; see ARCHITECTURE.md."""
    center = center_of(socket)
    try:
        device = await device_behind(center, socket.headers.get("authorization", ""))
    except CenterError as error:
        await socket.close(POLICY_VIOLATION, error.code)
        return
    if device.state != "active":
        await socket.close(POLICY_VIOLATION, "not-confirmed")
        return
    await socket.accept()
    link = center.links.connect(device.id, device.room_id)
    sending = asyncio.create_task(_send(socket, link))
    receiving = asyncio.create_task(_receive(center, socket, link))
    try:
        await asyncio.wait({sending, receiving}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (sending, receiving):
            task.cancel()
        await asyncio.gather(sending, receiving, return_exceptions=True)
        center.links.disconnect(link)
        with suppress(RuntimeError, WebSocketDisconnect):
            await socket.close()  # the room may have hung up first
        await run_in_threadpool(_save, center, link)


@router.get("/api/rooms/events", response_class=StreamingResponse)
async def room_events(
    request: Request, _actor: Annotated[Actor, Depends(require(Permission.SEE_ROOMS))]
) -> StreamingResponse:
    """Server-sent events: `rooms` with the list of `/api/rooms` whenever it changed. Ends after ten minutes."""
    return StreamingResponse(_events(center_of(request)), media_type="text/event-stream")


async def _send(socket: WebSocket, link: DeviceLink) -> None:
    while (message := await link.outgoing.get()) is not None:
        await socket.send_text(json.dumps(message, ensure_ascii=False))


async def _receive(center: Center, socket: WebSocket, link: DeviceLink) -> None:
    saved_ns, saved_state = 0, ""
    lasting = await run_in_threadpool(room_alarms.begin, center, link)
    with suppress(WebSocketDisconnect, TimeoutError):
        while True:
            text = await asyncio.wait_for(socket.receive_text(), SILENT_S)
            message = _read(text)
            if message is None:
                continue
            if message["type"] != "status":
                center.links.answered(link, message)
                continue
            status = _status(message)
            if status is None:
                continue
            now_ns = center.now_ns()
            center.links.heard(link, status, now_ns)
            if change := lasting.heard(status, now_ns):
                await run_in_threadpool(room_alarms.apply, center, link, change)
            if status.state != saved_state or now_ns - saved_ns > SAVE_EVERY_NS:
                saved_ns, saved_state = now_ns, status.state
                if not await run_in_threadpool(_save, center, link):
                    return


def _read(text: str) -> dict[str, Any] | None:
    """An object with a `type`, or None for nonsense, which is dropped."""
    if len(text) > MAX_MESSAGE_CHARACTERS:
        return None
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return message if isinstance(message, dict) and isinstance(message.get("type"), str) else None


def _status(message: dict[str, Any]) -> DeviceStatus | None:
    try:
        return DeviceStatus.model_validate(message)
    except ValidationError as error:
        keys = ",".join(sorted({str(item["loc"][0]) for item in error.errors() if item["loc"]}))
        log.warning("status-unclear", keys=keys)
        return None


def _save(center: Center, link: DeviceLink) -> bool:
    """Remember what the room said last, for when it is gone. False when the device was revoked meanwhile, elsewhere."""
    with center.database.writing() as session:
        row = session.get_one(Device, link.device_id)
        if link.status is not None:
            row.last_status = link.status.model_dump(mode="json")
            row.last_seen_wall_ns = link.status_wall_ns
            row.version = link.status.version[:40] or row.version
        return row.state == "active"


async def _events(center: Center) -> AsyncIterator[str]:
    changed = center.links.listen()
    until = asyncio.get_running_loop().time() + STREAM_S
    sent = ""
    try:
        while asyncio.get_running_loop().time() < until and not center.closing:
            rows = await run_in_threadpool(_rows, center)
            if rows != sent:
                sent = rows
                yield f"event: rooms\ndata: {rows}\n\n"
            else:
                yield ": still here\n\n"
            await asyncio.sleep(EVENT_PAUSE_S)
            with suppress(TimeoutError):
                await asyncio.wait_for(changed.wait(), HEARTBEAT_S)
            changed.clear()
    finally:
        center.links.unlisten(changed)


def _rows(center: Center) -> str:
    with center.database.reading() as session:
        return json.dumps(
            [row.as_json() for row in room_rows(session, center.links, center.now_ns())], ensure_ascii=False
        )
