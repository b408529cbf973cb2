"""Rooms, every version of their configuration, the county's calendar. A replaced device leaves a room what it is."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import JSON, CheckConstraint, Date, UniqueConstraint
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


CALENDAR_ACTS = ("set", "removed")


class CalendarChange(Base):
    """One holiday or make-up day of the county, set or taken out. A day's newest row counts; none is changed."""

    __tablename__ = "calendar_changes"
    __table_args__ = (CheckConstraint(f"act IN {CALENDAR_ACTS!r}", name="act"),)

    number: Mapped[RowNumber]
    day: Mapped[date] = mapped_column(Date, index=True)
    act: Mapped[Code]
    like: Mapped[Code | None] = mapped_column("like_day")  # the weekday whose hours count; None: closed
    made_wall_ns: Mapped[WallNs]
    made_by: Mapped[Identifier | None]
