"""What administrators do with enrolment codes and devices, as JSON. Thin: the services decide."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field

from control_api.accounts.actor import Actor
from control_api.accounts.guard import require
from control_api.accounts.permissions import Permission
from control_api.center import center_of
from control_api.database import Device
from control_api.devices import service
from control_api.devices.enrolment import make_code, open_codes, withdraw_code

router = APIRouter(prefix="/api", tags=["devices"])
Administrator = Annotated[Actor, Depends(require(Permission.MANAGE_DEVICES))]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class CodeMade(_Body):
    """`code` is shown this once; only its digest is kept."""

    id: str
    code: str = Field(examples=["4T6G-9K2M-…"])
    expires_wall_ns: int


class CodeShown(_Body):
    id: str
    room: str
    made_wall_ns: int
    expires_wall_ns: int


class DeviceShown(_Body):
    id: str
    room: str
    name: str
    state: str = Field(examples=["pending"])
    fingerprint: str = Field(examples=["1A2B 3C4D 5E6F 7081 92A3 B4C5 D6E7 F809"])
    version: str
    enrolled_wall_ns: int
    confirmed_wall_ns: int | None
    ended_wall_ns: int | None
    ended_reason: str
    last_seen_wall_ns: int | None
    last_proved_wall_ns: int | None
    head_number: int


class FingerprintBody(_Body):
    fingerprint: str = Field(max_length=80, examples=["1A2B 3C4D 5E6F 7081 92A3 B4C5 D6E7 F809"])


class NameBody(_Body):
    name: str = Field(examples=["一楼东"])


class ReasonBody(_Body):
    reason: str = Field(max_length=200, examples=["主机被盗"])


@router.post("/rooms/{room_id}/codes", status_code=201)
def new_code(room_id: str, request: Request, actor: Administrator) -> CodeMade:
    """A code for one room, one use, as many hours as the county set."""
    center = center_of(request)
    with center.database.writing() as session:
        text, row = make_code(
            session,
            actor,
            center.now_ns(),
            room_id,
            hours=center.settings.enrolment_hours,
            centre_key=center.keys.signing.public,
        )
        return CodeMade(id=row.id, code=text, expires_wall_ns=row.expires_wall_ns)


@router.get("/rooms/{room_id}/codes")
def codes(room_id: str, request: Request, _actor: Administrator) -> list[CodeShown]:
    center = center_of(request)
    with center.database.reading() as session:
        return [
            CodeShown(id=row.id, room=row.room_id, made_wall_ns=row.made_wall_ns, expires_wall_ns=row.expires_wall_ns)
            for row in open_codes(session, center.now_ns(), room_id)
        ]


@router.delete("/codes/{code_id}", status_code=204)
def withdraw(code_id: str, request: Request, actor: Administrator) -> None:
    center = center_of(request)
    with center.database.writing() as session:
        withdraw_code(session, actor, center.now_ns(), code_id)


@router.get("/rooms/{room_id}/devices")
def devices(room_id: str, request: Request, _actor: Administrator) -> list[DeviceShown]:
    """All devices that the room has had, newest first."""
    with center_of(request).database.reading() as session:
        return [_shown(device) for device in service.list_devices(session, room_id)]


@router.post("/devices/{device_id}/confirm")
def confirm(device_id: str, body: FingerprintBody, request: Request, actor: Administrator) -> DeviceShown:
    """Confirm the fingerprint that the room shows. The room's device before becomes `replaced`."""
    center = center_of(request)
    with center.database.writing() as session:
        before = service.active_device_of(session, service.get_device(session, device_id).room_id)
        shown = _shown(service.confirm_device(session, actor, center.now_ns(), device_id, body.fingerprint))
    if before is not None:
        center.links.drop(before.id, before.room_id)
    return shown


@router.patch("/devices/{device_id}")
def rename(device_id: str, body: NameBody, request: Request, actor: Administrator) -> DeviceShown:
    with center_of(request).database.writing() as session:
        return _shown(service.rename_device(session, actor, device_id, body.name))


@router.post("/devices/{device_id}/revoke")
def revoke(device_id: str, body: ReasonBody, request: Request, actor: Administrator) -> DeviceShown:
    """Its tokens and its line end at once. What it archived stays."""
    center = center_of(request)
    with center.database.writing() as session:
        shown = _shown(service.revoke_device(session, actor, center.now_ns(), device_id, body.reason))
    center.links.drop(shown.id, shown.room)
    return shown


def _shown(device: Device) -> DeviceShown:
    return DeviceShown(
        id=device.id,
        room=device.room_id,
        name=device.name,
        state=device.state,
        fingerprint=device.fingerprint,
        version=device.version,
        enrolled_wall_ns=device.enrolled_wall_ns,
        confirmed_wall_ns=device.confirmed_wall_ns,
        ended_wall_ns=device.ended_wall_ns,
        ended_reason=device.ended_reason,
        last_seen_wall_ns=device.last_seen_wall_ns,
        last_proved_wall_ns=device.last_proved_wall_ns,
        head_number=device.head_number,
    )
