"""Rooms and every version of their configuration. A room keeps its identity when its device is replaced."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from control_api.database.base import Base, Code, Identifier, IdentifierKey, Name, RowNumber, WallNs, refers
from control_api.database.people import Unit


class Room(Base):
    __tablename__ = "rooms"
    __table_args__ = (UniqueConstraint("unit_id", "name"),)

    id: Mapped[IdentifierKey]
    name: Mapped[Name]
    unit_id: Mapped[str] = refers("units.id")
    kind: Mapped[Code]  # interview, registration
    configuration_version: Mapped[int]
    made_wall_ns: Mapped[WallNs]
    made_by: Mapped[Identifier | None]
    disabled_wall_ns: Mapped[WallNs | None]

    unit: Mapped[Unit] = relationship(lazy="joined")


class ConfigurationVersion(Base):
    """What an administrator decided, from `version` on. `settings`: sources, picture, sound, spool; names and ids of
    room and device are added when it is signed for a device."""

    __tablename__ = "configuration_versions"
    __table_args__ = (UniqueConstraint("room_id", "version"),)

    number: Mapped[RowNumber]
    room_id: Mapped[str] = refers("rooms.id")
    version: Mapped[int]
    settings: Mapped[dict[str, Any]] = mapped_column(JSON)
    reason: Mapped[str] = mapped_column(default="")
    made_wall_ns: Mapped[WallNs]
    made_by: Mapped[Identifier | None]
