"""Which bytes are no longer awaited: footage that a room let go on a full disk, or that its second copy stands for.

Only the room's own signed entries settle anything, only of the same chain. Nothing that belongs to a session is let
go: a room has no leave to, whatever it signs. And a copy stands only for what it holds whole.
"""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from control_api.archive.alarms import raise_alarm
from control_api.archive.retention import in_session
from control_api.database import Entry
from storage.manifest import GapCause, GapManifest, SegmentManifest
from storage.signing import peek_json


def awaited() -> ColumnElement[bool]:
    """A condition on segments: their bytes are still to come."""
    return (Entry.state == "waiting") & Entry.settled_by.is_(None)


def settle_expired(session: Session, gap: GapManifest, sha256: str, now_ns: int) -> None:
    """A gap `expired-unarchived`: the segments that it names will not come."""
    if gap.cause is not GapCause.EXPIRED_UNARCHIVED or gap.expired is None:
        return
    query = select(Entry).where(
        Entry.device_id == gap.device,
        Entry.kind == "segment",
        Entry.run == gap.run,
        Entry.number < gap.number,
        Entry.number.between(gap.expired.first, gap.expired.last),
        awaited(),
    )
    for entry in session.scalars(query).all():
        if in_session(session, entry):
            raise_alarm(
                session, now_ns, "session-let-go", room_id=entry.room_id, device_id=entry.device_id, detail=sha256[:16]
            )
        else:
            entry.settled_by = sha256


def settle_replaced(session: Session, copy: SegmentManifest, sha256: str, now_ns: int) -> None:
    """The second copy's bytes are here: what it stands for is no longer awaited, and is not shown beside it.

    Only what it holds whole: each of its fragments, by hash. Whoever broke into a room signs what he likes, but puts no
    other pictures in the place of footage that was signed before.
    """
    replaced: Collection[str] = copy.replaces or ()
    for entry in session.scalars(select(Entry).where(Entry.sha256.in_(replaced))).all():
        if entry.device_id != copy.device or entry.number >= copy.number or entry.kind != "segment":
            continue
        if _holds(copy, SegmentManifest.model_validate(peek_json(entry.jws))):
            entry.settled_by = sha256
        else:
            raise_alarm(
                session, now_ns, "copy-differs", room_id=entry.room_id, device_id=entry.device_id, detail=sha256[:16]
            )


def _holds(copy: SegmentManifest, original: SegmentManifest) -> bool:
    fragments = {fragment.sha256 for fragment in copy.opened.fragments}
    held = all(fragment.sha256 in fragments for fragment in original.opened.fragments)
    return held and (copy.run, copy.opened.init_sha256) == (original.run, original.opened.init_sha256)
