"""Sessions on a room's timeline and what people state about them: cases, findings, holds. Nothing is rewritten."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from control_api.database.base import Base, Code, Digest, DigestKey, Identifier, IdentifierKey, WallNs, refers
from control_api.database.rooms import Room

MISSED_ANSWERS = ("explained", "registered")


class RoomSession(Base):
    """One reception, from opening to closing; derived from the signed notes of the room's chain."""

    __tablename__ = "sessions"
    __table_args__ = (Index("ix_sessions_room_time", "room_id", "opened_wall_ns"),)

    id: Mapped[IdentifierKey]
    room_id: Mapped[str] = refers("rooms.id", index=False)
    device_id: Mapped[str] = refers("devices.id", index=False)
    opened_wall_ns: Mapped[WallNs] = mapped_column(index=True)
    opened_known: Mapped[bool] = mapped_column(default=True)  # False: only later notes of it were accepted
    closed_wall_ns: Mapped[WallNs | None]
    officer_id: Mapped[Identifier | None] = mapped_column(index=True)  # as the room signed it; may be unknown here
    signed_in: Mapped[Code | None]  # online, offline
    closed_by: Mapped[Identifier | None]
    signed_opened_wall_ns: Mapped[
        WallNs | None
    ]  # what the notes themselves say, where a correction dates them otherwise
    signed_closed_wall_ns: Mapped[WallNs | None]

    room: Mapped[Room] = relationship(lazy="joined")


class CaseTag(Base):
    """The statement that a session belongs to a case. A correction is a further row that names what it replaces.

    `bound_wall_ns`: when a signed note of the room (or a signed-in person at the centre) vouched for this digest; a
    tag that nobody vouched for counts for nothing. The current tag is the newest bound one.
    """

    __tablename__ = "case_tags"
    __table_args__ = (Index("ix_case_tags_session", "session_id", "made_wall_ns"),)

    sha256: Mapped[DigestKey]  # of the sealed file
    session_id: Mapped[Identifier]  # the tag may come before the session's notes
    case_id: Mapped[str] = mapped_column(String(64), index=True)
    officer_id: Mapped[Identifier]
    signed_in: Mapped[Code]
    source: Mapped[Code]  # room, centre
    made_wall_ns: Mapped[WallNs]
    received_wall_ns: Mapped[WallNs]
    bound_wall_ns: Mapped[WallNs | None]
    replaces: Mapped[Digest | None]
    reason: Mapped[str | None] = mapped_column(String(400))


class Finding(Base):
    """A supervisor's written remark on a moment of footage 督查意见; `marked` puts a mark on the timeline."""

    __tablename__ = "findings"
    __table_args__ = (Index("ix_findings_session_time", "session_id", "wall_ns"),)

    id: Mapped[IdentifierKey]
    session_id: Mapped[str] = refers("sessions.id", index=False)
    wall_ns: Mapped[WallNs]
    text: Mapped[str] = mapped_column(Text)
    marked: Mapped[bool] = mapped_column(default=True)
    author_id: Mapped[str] = refers("accounts.id")
    made_wall_ns: Mapped[WallNs]


class Hold(Base):
    """Footage of a session, or of every session of a case, is kept from deletion until released 封存."""

    __tablename__ = "holds"
    __table_args__ = (CheckConstraint("(session_id IS NULL) <> (case_id IS NULL)", name="one_target"),)

    id: Mapped[IdentifierKey]
    session_id: Mapped[str | None] = refers("sessions.id", nullable=True)
    case_id: Mapped[str | None] = mapped_column(String(64), index=True)
    reason: Mapped[str] = mapped_column(String(400))
    placed_wall_ns: Mapped[WallNs]
    placed_by: Mapped[str] = refers("accounts.id")
    released_wall_ns: Mapped[WallNs | None]
    released_by: Mapped[Identifier | None]
    released_reason: Mapped[str | None] = mapped_column(String(400))


class HeldSession(Base):
    """A session under a hold, from the moment on that the hold or the session's case brought them together. It stays
    when the session's case is corrected: only releasing the hold ends it.

    `recorded`: it stands in the archive's records. `settled`: the hold was released, and the archive's lock taken off.
    """

    __tablename__ = "held_sessions"

    hold_id: Mapped[str] = mapped_column(String(32), ForeignKey("holds.id"), primary_key=True)
    session_id: Mapped[str] = mapped_column(String(32), ForeignKey("sessions.id"), primary_key=True, index=True)
    bound_wall_ns: Mapped[WallNs]
    recorded: Mapped[bool] = mapped_column(default=False)
    settled: Mapped[bool] = mapped_column(default=False)


class MissedSession(Base):
    """A room's word that somebody was there in opening hours and no session was opened: a 漏登 candidate."""

    __tablename__ = "missed_sessions"
    __table_args__ = (Index("ix_missed_sessions_time", "since_wall_ns"),)

    id: Mapped[IdentifierKey]
    entry_sha256: Mapped[Digest] = mapped_column(unique=True)  # the note that says it
    room_id: Mapped[str] = refers("rooms.id")
    device_id: Mapped[str] = refers("devices.id", index=False)
    since_wall_ns: Mapped[WallNs]
    told_wall_ns: Mapped[WallNs]  # when the room said so: presence lasted until then at least

    room: Mapped[Room] = relationship(lazy="joined")


class MissedAnswer(Base):
    """What people say of a candidate: why nothing was registered, or which session it was. Added, never changed."""

    __tablename__ = "missed_answers"
    __table_args__ = (CheckConstraint(f"answer IN {MISSED_ANSWERS!r}", name="answer"),)

    id: Mapped[IdentifierKey]
    missed_id: Mapped[str] = refers("missed_sessions.id")
    answer: Mapped[Code]
    session_id: Mapped[str | None] = refers("sessions.id", nullable=True)
    reason: Mapped[str] = mapped_column(String(400))
    made_wall_ns: Mapped[WallNs]
    made_by: Mapped[str] = refers("accounts.id")
