"""The access register 查阅登记: who watched or took what, why, when. Rows are chained by hash, none is changed."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from control_api.database.base import Base, Code, Digest, Identifier, Name, RowNumber, WallNs, refers

KINDS = ("replay", "download", "live")


class AccessGrant(Base):
    """One look at footage, written before its first byte leaves. Name and unit stand as they were that day."""

    __tablename__ = "access_register"
    __table_args__ = (CheckConstraint(f"what IN {KINDS!r}", name="what"),)

    number: Mapped[RowNumber]
    id: Mapped[Identifier] = mapped_column(unique=True)
    account_id: Mapped[str] = refers("accounts.id")
    person: Mapped[Name]
    unit: Mapped[Name]
    what: Mapped[Code]
    room_id: Mapped[str] = refers("rooms.id")
    session_id: Mapped[str | None] = refers("sessions.id", nullable=True)
    reason: Mapped[str] = mapped_column(String(400))
    granted_wall_ns: Mapped[WallNs]
    previous: Mapped[Digest | None]
    sha256: Mapped[Digest] = mapped_column(unique=True)

    # A look at a stretch that belongs to no session: from and to, under the row's hash.
    from_wall_ns: Mapped[WallNs | None]
    to_wall_ns: Mapped[WallNs | None]

    stretches: Mapped[list[AccessStretch]] = relationship(order_by="AccessStretch.number", viewonly=True)


class AccessStretch(Base):
    """A stretch of footage that really went out under a grant."""

    __tablename__ = "access_stretches"

    number: Mapped[RowNumber]
    grant_id: Mapped[str] = refers("access_register.id")
    from_wall_ns: Mapped[WallNs]
    to_wall_ns: Mapped[WallNs]
    fetched_wall_ns: Mapped[WallNs]
    entry_sha256: Mapped[Digest | None]  # the segment; None for live
