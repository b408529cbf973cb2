"""Rooms and devices for the administrator: enrolment codes, comparing fingerprints, replacing, revoking."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from control_api.accounts.actor import Actor
from control_api.accounts.guard import require
from control_api.accounts.people import create_unit, list_units
from control_api.accounts.permissions import Permission
from control_api.center import center_of
from control_api.devices.enrolment import make_code, open_codes, withdraw_code
from control_api.devices.service import confirm_device, get_device, list_devices, rename_device, revoke_device
from control_api.errors import CenterError, NotFound
from control_api.rooms.service import create_room, rename_room
from control_api.web.page import PageRoute, error_text, go, language_of, pages_of, render
from control_api.web.room_queries import view_room, view_rooms
from control_api.web.words import DEVICE_STATES, ROOM_KINDS

router = APIRouter(route_class=PageRoute, include_in_schema=False)
Manager = Annotated[Actor, Depends(require(Permission.MANAGE_DEVICES))]
RoomMaker = Annotated[Actor, Depends(require(Permission.MANAGE_ROOMS))]
Text = Annotated[str, Form()]
HOUR_NS = 3600 * 10**9
NEW_ROOM = {"unit": "", "unit_name": "", "name": "", "kind": "interview"}


@router.get("/devices")
def show_devices(request: Request, actor: Manager) -> Response:
    return _devices_page(request, actor)


@router.post("/devices")
def make_room(
    request: Request, actor: RoomMaker, unit: Text = "", unit_name: Text = "", name: Text = "", kind: Text = "interview"
) -> Response:
    center = center_of(request)
    try:
        with center.database.writing() as db:
            unit_id = unit or _new_unit(db, actor, center.now_ns(), unit_name)
            room = create_room(db, actor, center.now_ns(), name=name, unit_id=unit_id, kind=kind)
    except CenterError as error:
        field = "name" if unit else "unit"
        typed = {"unit": unit, "unit_name": unit_name, "name": name, "kind": kind}
        return _devices_page(request, actor, error=error, field=error.field or field, typed=typed)
    return go(f"/devices/{room.id}")


def _new_unit(db: Session, actor: Actor, now_ns: int, name: str) -> str:
    """Its id. A refusal stands beside the unit's name, not the room's."""
    try:
        return create_unit(db, actor, now_ns, name=name, kind="township").id
    except CenterError as error:
        error.field = "unit_name"
        raise


def _devices_page(
    request: Request,
    actor: Actor,
    *,
    error: CenterError | None = None,
    field: str = "",
    typed: dict[str, str] | None = None,
) -> Response:
    center, language = center_of(request), language_of(request)
    with center.database.reading() as db:
        rooms = sorted(view_rooms(db, center, pages_of(request).county_time), key=lambda room: (room.unit, room.name))
        units = [(unit.id, unit.name) for unit in list_units(db)]
    errors = {"name": "", "unit": "", "unit_name": "", "kind": ""}
    if error is not None:
        errors[field if field in errors else "name"] = error_text(language, error)
    context = {
        "rooms": rooms,
        "room_kinds": ROOM_KINDS,
        "unit_options": units,
        "kind_options": [(code, pages_of(request).text(language, word)) for code, word in ROOM_KINDS.items()],
        "errors": errors,
        "typed": typed or (NEW_ROOM | {"unit": units[0][0] if units else ""}),
    }
    return render(request, actor, "devices.html", context, section="devices", status=error.status if error else 200)


@router.get("/devices/{room_id}")
def show_device(request: Request, actor: Manager, room_id: str) -> Response:
    return _device_page(request, actor, room_id)


@router.post("/devices/{room_id}/codes")
def hand_out_code(request: Request, actor: Manager, room_id: str) -> Response:
    """The code is shown in this answer and nowhere else, so this page is not one to go back to."""
    center = center_of(request)
    with center.database.writing() as db:
        code, row = make_code(
            db,
            actor,
            center.now_ns(),
            room_id,
            hours=center.settings.enrolment_hours,
            centre_key=center.keys.signing.public,
        )
        expires_ns = row.expires_wall_ns
    return _device_page(request, actor, room_id, new_code=code, code_expires_ns=expires_ns)


@router.post("/devices/{room_id}/codes/{code_id}/withdraw")
def withdraw(request: Request, actor: Manager, room_id: str, code_id: str) -> Response:
    center = center_of(request)
    with center.database.writing() as db:
        withdraw_code(db, actor, center.now_ns(), code_id)
    return go(f"/devices/{room_id}")


@router.post("/devices/{room_id}/confirm")
def confirm(request: Request, actor: Manager, room_id: str, device: Text = "", fingerprint: Text = "") -> Response:
    center = center_of(request)
    try:
        with center.database.writing() as db:
            _check_room(get_device(db, device).room_id, room_id)
            before = [one.id for one in list_devices(db, room_id) if one.state == "active"]
            confirm_device(db, actor, center.now_ns(), device, fingerprint)
    except CenterError as error:
        if error.field != "fingerprint":
            raise
        return _device_page(request, actor, room_id, errors={"fingerprint": error_text(language_of(request), error)})
    for device_id in before:
        center.links.drop(device_id, room_id)
    return go(f"/devices/{room_id}")


@router.post("/devices/{room_id}/revoke")
def revoke(request: Request, actor: Manager, room_id: str, device: Text = "", reason: Text = "") -> Response:
    center = center_of(request)
    with center.database.writing() as db:
        _check_room(get_device(db, device).room_id, room_id)
        revoke_device(db, actor, center.now_ns(), device, reason)
    center.links.drop(device, room_id)
    return go(f"/devices/{room_id}")


@router.post("/devices/{room_id}/rename")
def rename(request: Request, actor: Manager, room_id: str, device: Text = "", device_name: Text = "") -> Response:
    with center_of(request).database.writing() as db:
        _check_room(get_device(db, device).room_id, room_id)
        rename_device(db, actor, device, device_name)
    return go(f"/devices/{room_id}")


@router.post("/devices/{room_id}/name")
def name_room(request: Request, actor: RoomMaker, room_id: str, name: Text = "") -> Response:
    center = center_of(request)
    try:
        with center.database.writing() as db:
            rename_room(db, actor, center.now_ns(), room_id, name)
    except CenterError as error:
        if isinstance(error, NotFound):
            raise
        return _device_page(request, actor, room_id, errors={"name": error_text(language_of(request), error)})
    center.links.notify(room_id, {"type": "configuration-changed"})
    return go(f"/devices/{room_id}")


def _check_room(actual: str, room_id: str) -> None:
    if actual != room_id:
        raise NotFound


def _device_page(
    request: Request,
    actor: Actor,
    room_id: str,
    *,
    errors: dict[str, str] | None = None,
    new_code: str = "",
    code_expires_ns: int = 0,
) -> Response:
    center = center_of(request)
    with center.database.reading() as db:
        room = view_room(db, center, pages_of(request).county_time, room_id)
        if room is None:
            raise NotFound
        context: dict[str, Any] = {
            "room": room,
            "devices": list_devices(db, room_id),
            "codes": [] if new_code else open_codes(db, center.now_ns(), room_id),
            "device_states": DEVICE_STATES,
            "errors": {"fingerprint": "", "name": ""} | (errors or {}),
            "new_code": new_code,
            "code_expires_ns": code_expires_ns,
            "public_url": center.settings.public_url,
        }
    status = 422 if errors else 200
    return render(request, actor, "device.html", context, section="devices", status=status)
