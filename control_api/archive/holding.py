"""Brings the archive's own legal hold to what the rows say, until it does: a second lock beside ours.

H2  `archive_hold` of an entry is what was last set in the archive. What differs from the holds is set again by the
keeper, however it came to differ: an archive that was down, a crash, a receipt given while the hold was placed.
"""

from __future__ import annotations

from collections.abc import Iterator

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from control_api.archive.alarms import clear_alarm, raise_alarm
from control_api.archive.keeping import archive_down
from control_api.archive.retention import MARGIN_NS
from control_api.center import Center
from control_api.database import Alarm, Entry, HeldSession, Hold, RoomSession
from control_api.sessions.footage import ends_wall_ns
from control_api.sessions.held import is_held
from storage.object_store import ObjectStoreError

log = structlog.get_logger()
BATCH = 200
NOT_THERE = "hold-not-in-archive"
LONGEST_SEGMENT_NS = 3600 * 10**9  # lets the index find a session's segments by their start


def hold_in_archive(center: Center) -> None:
    """At once, after a hold was placed or released. When the archive is down the keeper does it later."""
    try:
        while apply_holds(center, BATCH) == BATCH:
            pass
    except ObjectStoreError as error:
        log.warning("holds-wait", code=error.code)
        _alarm(center, error.code)


def apply_holds(center: Center, limit: int) -> int:
    """Returns how many segments were set; raises ObjectStoreError when the archive is down."""
    with center.database.reading() as session:
        wanted = [(entry, True) for entry in _unlocked(session, limit)]
        released = _unsettled(session)
        wanted += [(entry, False) for row in released for entry in _locked_in_vain(session, row)]
    wanted = list({entry.sha256: (entry, on) for entry, on in wanted}.values())[:limit]
    failed = [code for entry, on in wanted if (code := _set(center, entry, on)) is not None]
    if failed:
        _alarm(center, failed[0])
        return 0
    if len(wanted) < limit:
        _all_set(center, released)
    return len(wanted)


def _all_set(center: Center, released: list[HeldSession]) -> None:
    with center.database.reading() as session:
        alarm = select(Alarm.number).where(Alarm.code == NOT_THERE, Alarm.cleared_wall_ns.is_(None))
        if not released and session.scalar(alarm.limit(1)) is None:
            return
    with center.database.writing() as session:
        clear_alarm(session, center.now_ns(), NOT_THERE, room_id=None, device_id=None)
        for row in released:
            session.get_one(HeldSession, (row.hold_id, row.session_id)).settled = True


def hold_new(center: Center, sha256: str) -> None:
    """After a segment's row says that it is archived: the holds as they are now, not as they were before."""
    with center.database.reading() as session:
        entry = session.get_one(Entry, sha256)
        wanted = is_held(session, entry) and not entry.archive_hold
    if wanted and (code := _set(center, entry, on=True)) is not None:
        _alarm(center, code)


def _set(center: Center, entry: Entry, on: bool) -> str | None:
    """The code of what went wrong with this one."""
    try:
        center.store.set_legal_hold(entry.object_key, entry.version_id or "", on)
    except ObjectStoreError as error:
        if archive_down(error):
            raise
        return f"{error.code} {entry.sha256[:16]}"
    _remember(center, entry.sha256, on)
    return None


def _remember(center: Center, sha256: str, on: bool) -> None:
    with center.database.writing() as session:
        session.get_one(Entry, sha256).archive_hold = on


def _unlocked(session: Session, limit: int) -> list[Entry]:
    """Archived segments of sessions under a standing hold that the archive does not hold yet."""
    found: dict[str, Entry] = {}
    standing = select(HeldSession.session_id).join(Hold, Hold.id == HeldSession.hold_id)
    for session_id in set(session.scalars(standing.where(Hold.released_wall_ns.is_(None)))):
        for entry in _segments(session, session_id, on=False, limit=limit - len(found)):
            found[entry.sha256] = entry
        if len(found) >= limit:
            break
    return list(found.values())


def _unsettled(session: Session) -> list[HeldSession]:
    query = select(HeldSession).join(Hold, Hold.id == HeldSession.hold_id)
    return list(session.scalars(query.where(Hold.released_wall_ns.is_not(None), HeldSession.settled.is_(False))))


def _locked_in_vain(session: Session, row: HeldSession) -> Iterator[Entry]:
    """What a released hold kept and no other hold keeps."""
    for entry in _segments(session, row.session_id, on=True, limit=None):
        if not is_held(session, entry):
            yield entry


def _segments(session: Session, session_id: str, *, on: bool, limit: int | None) -> list[Entry]:
    room_id, opened_ns, ends_ns = session.execute(
        select(RoomSession.room_id, RoomSession.opened_wall_ns, ends_wall_ns()).where(RoomSession.id == session_id)
    ).one()
    in_time = Entry.start_wall_ns.between(opened_ns - MARGIN_NS - LONGEST_SEGMENT_NS, ends_ns + MARGIN_NS)
    overlaps = in_time & (Entry.end_wall_ns >= opened_ns - MARGIN_NS)
    query = select(Entry).where(
        Entry.room_id == room_id,
        Entry.kind == "segment",
        Entry.version_id.is_not(None),
        Entry.archive_hold.is_(on),
        overlaps | (Entry.session_id == session_id),
    )
    return list(session.scalars(query.limit(limit)))


def _alarm(center: Center, detail: str) -> None:
    with center.database.writing() as session:
        raise_alarm(session, center.now_ns(), NOT_THERE, detail=detail)
