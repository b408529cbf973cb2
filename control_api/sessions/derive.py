"""Sessions out of the notes of a room's chain. Idempotent: the same note again changes nothing."""

from __future__ import annotations

from sqlalchemy.orm import Session

from control_api.archive.alarms import raise_alarm
from control_api.database import CaseTag, RoomSession
from control_api.sessions.held import bind_session
from storage.manifest import NoteKind, NoteManifest

_OF_SESSIONS = (NoteKind.SESSION_OPENED, NoteKind.SESSION_TAGGED, NoteKind.SESSION_CLOSED)


def apply_note(session: Session, note: NoteManifest, now_ns: int) -> None:
    """`note` was checked and accepted."""
    if note.note not in _OF_SESSIONS or note.session is None:
        return
    row = session.get(RoomSession, note.session)
    if row is None:
        row = _begun(note)
        session.add(row)
    elif row.room_id != note.room:
        return  # a random id of another room's session: nothing that this room says of it counts
    if note.note is NoteKind.SESSION_OPENED:
        _open(session, row, note, now_ns)
    elif note.note is NoteKind.SESSION_CLOSED:
        row.closed_wall_ns = row.closed_wall_ns or note.made.wall_ns
        row.closed_by = row.closed_by or note.officer
    session.flush()
    if note.tag_sha256 is not None:
        bind_tag(session, note.tag_sha256, note.session, note.made.wall_ns, now_ns)


def _open(session: Session, row: RoomSession, note: NoteManifest, now_ns: int) -> None:
    """The first opening counts: a later one would move the session, and its officer, away from its footage."""
    if row.opened_known:
        raise_alarm(
            session,
            now_ns,
            "session-opened-again",
            room_id=row.room_id,
            device_id=note.device,
            detail=f"session {row.id}",
        )
        return
    row.opened_wall_ns = note.made.wall_ns
    row.opened_known = True
    row.device_id = note.device
    row.officer_id, row.signed_in = note.officer, note.signed_in


def bind_tag(session: Session, tag_sha256: str, session_id: str, wall_ns: int, now_ns: int) -> None:
    """A signed note vouches for a tag, if the tag has come and speaks of the same session."""
    tag = session.get(CaseTag, tag_sha256)
    if tag is not None and tag.session_id == session_id and tag.bound_wall_ns is None:
        tag.bound_wall_ns = wall_ns
        session.flush()
        bind_session(session, session_id, now_ns)


def _begun(note: NoteManifest) -> RoomSession:
    """The opening itself may be missing: refused, or lost with a disk. The session is known from then on."""
    return RoomSession(
        id=note.session,
        room_id=note.room,
        device_id=note.device,
        opened_wall_ns=note.made.wall_ns,
        opened_known=False,
        officer_id=note.officer,
        signed_in=note.signed_in,
    )
