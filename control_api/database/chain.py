"""What devices signed: entries of their chains, entries set aside, and the alarms that come of it."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Index, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from control_api.database.base import Base, Code, Digest, DigestKey, Identifier, RowNumber, WallNs, refers

ENTRY_STATES = ("waiting", "receipted", "refused")


class Entry(Base):
    """One accepted chain entry. `refused` here: the chain holds, the bytes that it names do not."""

    __tablename__ = "entries"
    __table_args__ = (
        UniqueConstraint("device_id", "number"),
        CheckConstraint(f"state IN {ENTRY_STATES!r}", name="state"),
        Index("ix_entries_room_time", "room_id", "start_wall_ns", "end_wall_ns"),
        Index("ix_entries_state", "device_id", "state"),
        Index("ix_entries_keeping", "state", "kind", "entry_kept"),
    )

    sha256: Mapped[DigestKey]  # of the JWS
    device_id: Mapped[str] = refers("devices.id", index=False)
    room_id: Mapped[str] = refers("rooms.id", index=False)
    number: Mapped[int] = mapped_column(BigInteger)
    previous: Mapped[Digest | None]
    behind_refused: Mapped[bool] = mapped_column(default=False)  # the entry before it was set aside
    kind: Mapped[Code]  # segment, gap, note
    detail: Mapped[Code]  # gap: its cause, note: its kind, segment: "" or "recovered"
    track: Mapped[Code] = mapped_column(default="all")
    jws: Mapped[str] = mapped_column(Text)
    run: Mapped[Identifier | None] = mapped_column(index=True)
    sequence: Mapped[int | None] = mapped_column(BigInteger)
    start_wall_ns: Mapped[WallNs]  # as a signed correction dates it, else as signed
    end_wall_ns: Mapped[WallNs]
    signed_start_wall_ns: Mapped[WallNs | None]  # what the entry itself says, where a correction dates it otherwise
    signed_end_wall_ns: Mapped[WallNs | None]
    kept_from_wall_ns: Mapped[WallNs]  # retention counts from here: the room's time where it can be believed
    session_id: Mapped[Identifier | None] = mapped_column(index=True)
    tag_sha256: Mapped[Digest | None] = mapped_column(index=True)
    sealed_sha256: Mapped[Digest | None]
    sealed_size: Mapped[int | None] = mapped_column(BigInteger)
    object_key: Mapped[str] = mapped_column(String(300))
    version_id: Mapped[str | None] = mapped_column(String(200))
    retain_until_wall_ns: Mapped[WallNs | None]
    archive_hold: Mapped[bool] = mapped_column(default=False)  # the archive's own legal hold, as last set from here
    keep_after_wall_ns: Mapped[WallNs | None]  # keeping it failed: not tried again before this
    state: Mapped[Code]
    entry_kept: Mapped[bool] = mapped_column(default=False)  # a waiting segment's JWS stands in the archive already
    settled_by: Mapped[Digest | None]  # its bytes are no longer awaited: the gap or the second copy that says so
    refused_code: Mapped[Code | None]
    receipt: Mapped[str | None] = mapped_column(Text)
    received_wall_ns: Mapped[WallNs]
    receipted_wall_ns: Mapped[WallNs | None]


class Correction(Base):
    """A device's signed word on what its wall clock should have said, for entries of one boot."""

    __tablename__ = "clock_corrections"
    __table_args__ = (Index("ix_clock_corrections_place", "device_id", "last_number"),)

    sha256: Mapped[DigestKey]  # of the note
    device_id: Mapped[str] = refers("devices.id", index=False)
    number: Mapped[int] = mapped_column(BigInteger)  # of the note: a later one counts
    boot: Mapped[str] = mapped_column(String(36))
    first_number: Mapped[int] = mapped_column(BigInteger)
    last_number: Mapped[int] = mapped_column(BigInteger)
    wall_minus_mono_ns: Mapped[WallNs]
    uncertainty_ns: Mapped[WallNs | None]


class RefusedEntry(Base):
    """An entry that was not let into the chain, kept as it came. What it says of itself is unproved."""

    __tablename__ = "refused_entries"
    __table_args__ = (UniqueConstraint("device_id", "sha256"), Index("ix_refused_place", "device_id", "claimed_number"))

    number: Mapped[RowNumber]
    device_id: Mapped[str] = refers("devices.id", index=False)
    sha256: Mapped[Digest]
    claimed_number: Mapped[int | None] = mapped_column(BigInteger)
    code: Mapped[Code]
    reason: Mapped[str] = mapped_column(String(400))
    jws: Mapped[str] = mapped_column(Text)
    received_wall_ns: Mapped[WallNs]
    accepted_later_wall_ns: Mapped[WallNs | None]


class Alarm(Base):
    """Something that a person must look at. `detail` holds codes and ids, never personal data."""

    __tablename__ = "alarms"
    __table_args__ = (Index("ix_alarms_open", "cleared_wall_ns", "acknowledged_wall_ns"),)

    number: Mapped[RowNumber]
    code: Mapped[Code]
    room_id: Mapped[str | None] = refers("rooms.id", nullable=True)
    device_id: Mapped[str | None] = refers("devices.id", nullable=True)
    detail: Mapped[str] = mapped_column(String(400), default="")
    count: Mapped[int] = mapped_column(default=1)
    raised_wall_ns: Mapped[WallNs]
    last_wall_ns: Mapped[WallNs]
    cleared_wall_ns: Mapped[WallNs | None]
    acknowledged_wall_ns: Mapped[WallNs | None]
    acknowledged_by: Mapped[Identifier | None]


class ArchiveWrite(Base):
    """Bytes that must reach the archive: written with the row they belong to, stored by the keeper until it holds."""

    __tablename__ = "archive_writes"

    number: Mapped[RowNumber]
    object_key: Mapped[str] = mapped_column(String(300), unique=True)
    data: Mapped[bytes] = mapped_column(LargeBinary)
    retain_until_wall_ns: Mapped[WallNs]
    made_wall_ns: Mapped[WallNs]
    stored_wall_ns: Mapped[WallNs | None] = mapped_column(index=True)
    refused_code: Mapped[Code | None]  # other bytes stand under this name
