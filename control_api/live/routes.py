"""WHEP: a browser posts its offer, the room answers; deleting the resource ends the watching. No media passes here."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import unquote

from fastapi import APIRouter, Depends, Header, Request, Response
from fastapi.concurrency import run_in_threadpool

from control_api.accounts.actor import Actor
from control_api.accounts.guard import require
from control_api.accounts.permissions import Permission
from control_api.center import Center, center_of
from control_api.database import new_id
from control_api.errors import CenterError, NotFound
from control_api.link.links import RoomOffline
from control_api.live.supervision import end_watching
from control_api.live.watching import Watching
from control_api.register.service import grant_access

MAX_SDP_BYTES = 64 * 1024
SDP = "application/sdp"
router = APIRouter(prefix="/api/live", tags=["live"])
Watcher = Annotated[Actor, Depends(require(Permission.WATCH_LIVE))]


@router.post(
    "/rooms/{room_id}/whep",
    status_code=201,
    response_class=Response,
    responses={201: {"content": {SDP: {"example": "v=0\r\n…"}}}},
    openapi_extra={"requestBody": {"content": {SDP: {"schema": {"type": "string"}, "example": "v=0\r\n…"}}}},
)
async def watch(
    room_id: str,
    request: Request,
    actor: Watcher,
    x_access_reason: Annotated[str, Header(description="the reason, percent-encoded UTF-8", max_length=2000)] = "",
) -> Response:
    """Watch a room. The register's row is written before the offer leaves for the room."""
    center = center_of(request)
    offer = await _read_offer(request)
    if not center.links.connected(room_id):
        raise RoomOffline
    center.watching.check_place(room_id, actor.account_id)
    grant_id = await run_in_threadpool(_register, center, actor, room_id, unquote(x_access_reason))
    viewer = new_id()
    watching = Watching(room_id, actor.account_id, actor.web_session, grant_id, center.now_ns())
    center.watching.add(viewer, watching)  # before the offer leaves: nobody is watched over too late
    wish = {"type": "live-offer", "viewer": viewer, "sdp": offer, "name": actor.name, "unit": actor.unit_name}
    try:
        answer = await center.links.ask(room_id, wish)
        if answer.get("type") != "live-answer" or not isinstance(answer.get("sdp"), str):
            raise _room_refused(answer)
    except BaseException:
        center.watching.remove(viewer)
        center.links.notify(room_id, {"type": "live-close", "viewer": viewer})  # it may answer yet, too late
        raise
    watching.answered_wall_ns = center.now_ns()
    location = f"/api/live/rooms/{room_id}/whep/{viewer}"
    headers = {"Location": location, "X-Access-Grant": grant_id}
    return Response(answer["sdp"], status_code=201, media_type=SDP, headers=headers)


@router.delete("/rooms/{room_id}/whep/{viewer}", status_code=204)
async def stop(room_id: str, viewer: str, request: Request, actor: Watcher) -> None:
    """End one's own watching. Ending it twice is no fault."""
    center = center_of(request)
    known = center.watching.get(viewer)
    if known is None:
        return
    if (known.room_id, known.account_id) != (room_id, actor.account_id):
        raise NotFound
    await end_watching(center, viewer, center.now_ns())


async def _read_offer(request: Request) -> str:
    if request.headers.get("content-type", "").split(";")[0].strip().lower() != SDP:
        raise CenterError("not-sdp", "请求须为 application/sdp。", "Post the offer as application/sdp.", status=415)
    body = await request.body()
    try:
        offer = body[: MAX_SDP_BYTES + 1].decode()
    except UnicodeDecodeError:
        offer = ""
    if not offer.startswith("v=0") or len(body) > MAX_SDP_BYTES:
        raise CenterError("bad-offer", "不是有效的会话描述。", "This is no usable offer.", status=422)
    return offer


def _register(center: Center, actor: Actor, room_id: str, reason: str) -> str:
    with center.database.writing() as session:
        return grant_access(session, center, actor, center.now_ns(), what="live", room_id=room_id, reason=reason).id


def _room_refused(answer: dict[str, object]) -> CenterError:
    code = str(answer.get("code", "refused"))[:40]
    said = str(answer.get("message", ""))[:200]
    return CenterError(
        "live-refused",
        f"接谈室暂时无法提供实时画面（{said or code}），录像不受影响。",
        f"The room can't show its picture now ({code}); recording goes on.",
        status=503,
    )
