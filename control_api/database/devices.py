"""Devices, how they enrol and how they prove themselves afterwards."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, BigInteger, CheckConstraint, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from control_api.database.base import Base, Code, Digest, DigestKey, Identifier, IdentifierKey, Name, WallNs, refers
from control_api.database.rooms import Room

STATES = ("pending", "active", "revoked", "replaced")


class Device(Base):
    """One mini-PC. `chain_key` signs its chain, `transport_key` its calls; both base64url of raw Ed25519."""

    __tablename__ = "devices"
    __table_args__ = (
        CheckConstraint(f"state IN {STATES!r}", name="state"),
        # A room has one active device at most, whatever races.
        Index(
            "ix_devices_active_room",
            "room_id",
            unique=True,
            sqlite_where=text("state = 'active'"),
            postgresql_where=text("state = 'active'"),
        ),
    )

    id: Mapped[IdentifierKey]
    room_id: Mapped[str] = refers("rooms.id")
    name: Mapped[Name]
    state: Mapped[Code]
    chain_key: Mapped[str] = mapped_column(String(64), unique=True)
    transport_key: Mapped[str] = mapped_column(String(64), unique=True)
    fingerprint: Mapped[str] = mapped_column(String(64))  # of the chain key, as people compare it
    version: Mapped[str] = mapped_column(String(40), default="")
    enrolled_wall_ns: Mapped[WallNs]
    confirmed_wall_ns: Mapped[WallNs | None]
    confirmed_by: Mapped[Identifier | None]
    ended_wall_ns: Mapped[WallNs | None]  # revoked or replaced
    ended_by: Mapped[Identifier | None]
    ended_reason: Mapped[str] = mapped_column(String(200), default="")
    last_seen_wall_ns: Mapped[WallNs | None]
    last_status: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    last_proved_wall_ns: Mapped[WallNs | None]  # when the newest receipt was given
    head_number: Mapped[int] = mapped_column(BigInteger, default=0)
    head_sha256: Mapped[Digest | None]

    room: Mapped[Room] = relationship(lazy="joined")


class EnrolmentCode(Base):
    """A code that was handed out for one room. Only the digest of its secret is kept."""

    __tablename__ = "enrolment_codes"

    id: Mapped[IdentifierKey]
    code_sha256: Mapped[Digest] = mapped_column(unique=True)
    room_id: Mapped[str] = refers("rooms.id")
    made_wall_ns: Mapped[WallNs]
    made_by: Mapped[Identifier]
    expires_wall_ns: Mapped[WallNs]
    used_wall_ns: Mapped[WallNs | None]
    used_by_device: Mapped[Identifier | None]
    withdrawn_wall_ns: Mapped[WallNs | None]


class EnrolmentAttempt(Base):
    """Wrong enrolment codes by source (an address), so that guessing slows down and then stops."""

    __tablename__ = "enrolment_attempts"

    source: Mapped[str] = mapped_column(String(64), primary_key=True)
    failed_count: Mapped[int]
    first_wall_ns: Mapped[WallNs]
    last_wall_ns: Mapped[WallNs]
    blocked_until_wall_ns: Mapped[WallNs | None]


class DeviceChallenge(Base):
    """A challenge that was answered: kept until it would have ended, so that it serves once."""

    __tablename__ = "device_challenges"

    challenge_sha256: Mapped[DigestKey]
    device_id: Mapped[str] = refers("devices.id")
    expires_wall_ns: Mapped[WallNs]


class DeviceToken(Base):
    """A token that a device signs its calls in with: ten minutes. Only its digest is kept."""

    __tablename__ = "device_tokens"

    token_sha256: Mapped[DigestKey]
    device_id: Mapped[str] = refers("devices.id")
    expires_wall_ns: Mapped[WallNs]
