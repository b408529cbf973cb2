"""Rooms and their configuration as JSON. Thin: the services decide."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field

from control_api.accounts.actor import Actor
from control_api.accounts.guard import require
from control_api.accounts.permissions import Permission
from control_api.center import center_of
from control_api.database import ConfigurationVersion, Room
from control_api.rooms import service
from control_api.rooms.configuration import without_secrets
from control_api.rooms.overview import room_rows

router = APIRouter(prefix="/api/rooms", tags=["rooms"])
Viewer = Annotated[Actor, Depends(require(Permission.SEE_ROOMS))]
Administrator = Annotated[Actor, Depends(require(Permission.MANAGE_ROOMS))]
_SETTINGS = {"camera": {"kind": "rtsp", "url": "rtsp://camera.example/1"}, "microphone": {"kind": "microphone"}}


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class RoomBody(_Body):
    name: str = Field(examples=["1号接谈室"])
    unit: str
    kind: str = Field("interview", examples=["interview"])
    settings: dict[str, Any] = Field(default_factory=dict, examples=[_SETTINGS])


class RoomShown(_Body):
    id: str
    name: str
    unit: str
    kind: str
    configuration_version: int


class NameBody(_Body):
    name: str = Field(examples=["2号接谈室"])


class ConfigurationBody(_Body):
    """`based_on`: the version that was changed from, so that nobody's change is lost."""

    settings: dict[str, Any] = Field(examples=[_SETTINGS])
    reason: str = Field("", examples=["换了摄像头"])
    based_on: int | None = Field(None, examples=[1])


class ConfigurationShown(_Body):
    version: int
    settings: dict[str, Any]
    reason: str
    made_wall_ns: int
    made_by: str | None


@router.get("")
def rooms(request: Request, _actor: Viewer) -> list[dict[str, Any]]:
    """Every room with its live state, those that need a person first."""
    center = center_of(request)
    with center.database.reading() as session:
        return [row.as_json() for row in room_rows(session, center.links, center.now_ns())]


@router.post("", status_code=201)
def add_room(body: RoomBody, request: Request, actor: Administrator) -> RoomShown:
    center = center_of(request)
    with center.database.writing() as session:
        room = service.create_room(
            session,
            actor,
            center.now_ns(),
            name=body.name,
            unit_id=body.unit,
            kind=body.kind,
            settings=body.settings,
        )
        return _room(room)


@router.patch("/{room_id}")
def rename(room_id: str, body: NameBody, request: Request, actor: Administrator) -> RoomShown:
    center = center_of(request)
    with center.database.writing() as session:
        shown = _room(service.rename_room(session, actor, center.now_ns(), room_id, body.name))
    center.links.notify(room_id, {"type": "configuration-changed"})
    return shown


@router.get("/{room_id}/configuration")
def configuration(room_id: str, request: Request, _actor: Administrator) -> ConfigurationShown:
    with center_of(request).database.reading() as session:
        return _version(service.current_configuration(session, room_id))


@router.get("/{room_id}/configuration/history")
def history(room_id: str, request: Request, _actor: Administrator) -> list[ConfigurationShown]:
    with center_of(request).database.reading() as session:
        return [_version(version) for version in service.configuration_history(session, room_id)]


@router.put("/{room_id}/configuration")
def change(room_id: str, body: ConfigurationBody, request: Request, actor: Administrator) -> ConfigurationShown:
    """A new version, checked here and once more by the room, which is told at once."""
    center = center_of(request)
    with center.database.writing() as session:
        version = service.change_configuration(
            session, actor, center.now_ns(), room_id, body.settings, reason=body.reason, based_on=body.based_on
        )
        shown = _version(version)
    center.links.notify(room_id, {"type": "configuration-changed"})
    return shown


def _room(room: Room) -> RoomShown:
    return RoomShown(
        id=room.id,
        name=room.name,
        unit=room.unit_id,
        kind=room.kind,
        configuration_version=room.configuration_version,
    )


def _version(version: ConfigurationVersion) -> ConfigurationShown:
    return ConfigurationShown(
        version=version.version,
        settings=without_secrets(version.settings),
        reason=version.reason,
        made_wall_ns=version.made_wall_ns,
        made_by=version.made_by,
    )
