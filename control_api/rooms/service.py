"""Rooms and the versions of their configuration. Every change is a new version; none is rewritten."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from control_api.accounts.actor import Actor
from control_api.accounts.people import check_name
from control_api.accounts.permissions import Permission
from control_api.database import ConfigurationVersion, Room, Unit, new_id
from control_api.errors import CenterError, NotFound
from control_api.rooms.configuration import RoomSettings, check_room_settings, with_kept_secrets

KINDS = ("interview", "registration")


def list_rooms(session: Session) -> list[Room]:
    query = select(Room).join(Unit).where(Room.disabled_wall_ns.is_(None)).order_by(Unit.name, Room.name)
    return list(session.scalars(query))


def get_room(session: Session, room_id: str) -> Room:
    room = session.get(Room, room_id)
    if room is None:
        raise NotFound
    return room


def create_room(
    session: Session,
    actor: Actor,
    now_ns: int,
    *,
    name: str,
    unit_id: str,
    kind: str = "interview",
    settings: dict[str, Any] | None = None,
) -> Room:
    """A room without a device, its first configuration as `settings` say. Raises CenterError."""
    actor.check(Permission.MANAGE_ROOMS)
    name = check_name(name)
    if kind not in KINDS:
        raise CenterError("bad-kind", "房间类型不正确。", f"A room is one of {', '.join(KINDS)}.", field="kind")
    if session.get(Unit, unit_id) is None:
        raise CenterError("no-unit", "没有这个单位。", "There is no such unit.", field="unit")
    _check_free(session, unit_id, name)
    room = Room(
        id=new_id(),
        name=name,
        unit_id=unit_id,
        kind=kind,
        configuration_version=0,
        made_wall_ns=now_ns,
        made_by=actor.account_id,
    )
    session.add(room)
    session.flush()
    checked = check_room_settings(settings or {})
    _add_version(session, actor, now_ns, room, checked, "")
    return room


def rename_room(session: Session, actor: Actor, now_ns: int, room_id: str, name: str) -> Room:
    """The name stands on the picture, so that it is a new version of the configuration too."""
    actor.check(Permission.MANAGE_ROOMS)
    room = get_room(session, room_id)
    name = check_name(name)
    if name == room.name:
        return room
    _check_free(session, room.unit_id, name)
    room.name = name
    repeat_version(session, actor, now_ns, room, "renamed")
    return room


def repeat_version(session: Session, actor: Actor, now_ns: int, room: Room, reason: str) -> None:
    """The same settings as a new version: what is put in when it is signed has changed (a name, the calendar)."""
    standing = check_room_settings(current_configuration(session, room.id).settings)
    _add_version(session, actor, now_ns, room, standing, reason)


def current_configuration(session: Session, room_id: str) -> ConfigurationVersion:
    room = get_room(session, room_id)
    query = select(ConfigurationVersion).where(
        ConfigurationVersion.room_id == room_id, ConfigurationVersion.version == room.configuration_version
    )
    return session.scalars(query).one()


def configuration_history(session: Session, room_id: str) -> list[ConfigurationVersion]:
    """Newest first."""
    query = select(ConfigurationVersion).where(ConfigurationVersion.room_id == room_id)
    return list(session.scalars(query.order_by(ConfigurationVersion.version.desc())))


def change_configuration(
    session: Session,
    actor: Actor,
    now_ns: int,
    room_id: str,
    settings: dict[str, Any],
    *,
    reason: str = "",
    based_on: int | None = None,
) -> ConfigurationVersion:
    """A new version. `based_on`: the version the administrator started from. Tell the room afterwards (`Links.notify`).

    Raises CenterError `bad-configuration`, `changed-meanwhile`.
    """
    actor.check(Permission.MANAGE_ROOMS)
    room = get_room(session, room_id)
    if based_on is not None and based_on != room.configuration_version:
        raise CenterError(
            "changed-meanwhile",
            "配置已被他人修改，未作更改；请刷新后重试。",
            "Somebody else changed it meanwhile; nothing was changed. Reload and try again.",
            status=409,
        )
    before = current_configuration(session, room_id).settings
    return _add_version(session, actor, now_ns, room, check_room_settings(with_kept_secrets(settings, before)), reason)


def _add_version(
    session: Session, actor: Actor, now_ns: int, room: Room, settings: RoomSettings, reason: str
) -> ConfigurationVersion:
    room.configuration_version += 1
    version = ConfigurationVersion(
        room_id=room.id,
        version=room.configuration_version,
        settings=settings.model_dump(mode="json"),
        reason=reason.strip()[:200],
        made_wall_ns=now_ns,
        made_by=actor.account_id,
    )
    session.add(version)
    session.flush()
    return version


def _check_free(session: Session, unit_id: str, name: str) -> None:
    if session.scalar(select(Room.id).where(Room.unit_id == unit_id, Room.name == name)) is not None:
        raise CenterError("name-taken", "该单位已有同名房间。", "The unit has a room of this name.", status=409)
