"""How long footage is kept: longer for a session with its margins, longer again under hold. Deletes nothing."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from config.process import CenterSettings
from control_api.center import Center
from control_api.database import Entry, RoomSession

MARGIN_NS = 30 * 10**9
SECOND_NS = 10**9
DAY_NS = 86400 * SECOND_NS
LOOK_BACK_NS = 7 * DAY_NS


def retain_until(session: Session, entry: Entry, settings: CenterSettings, now_ns: int) -> int:
    """For a segment of a session (or within 30 s of one) the sessions' time, for others the general one.

    What comes later than that (a room that was long without a line) is kept a day: nothing is locked in the past.
    Whole seconds, as archives count.
    """
    days = settings.tagged_days if entry.kind != "segment" or in_session(session, entry) else settings.untagged_days
    return max(entry.end_wall_ns + days * DAY_NS, now_ns + DAY_NS) // SECOND_NS * SECOND_NS


def in_session(session: Session, entry: Entry) -> bool:
    """Sessions are sought by time: an entry carries the id of a session open while it ran, margins carry none."""
    if entry.session_id is not None:
        return True
    found = select(RoomSession.id).where(
        RoomSession.room_id == entry.room_id,
        RoomSession.opened_wall_ns - MARGIN_NS <= entry.end_wall_ns,
        RoomSession.closed_wall_ns + MARGIN_NS >= entry.start_wall_ns,
    )
    return session.scalar(found.limit(1)) is not None


def extend_margins(center: Center, limit: int = 200) -> int:
    """Footage from before an opening was archived before anybody knew of the session: give it the session's time."""
    settings, now_ns = center.settings, center.now_ns()
    longer_ns = settings.tagged_days * DAY_NS
    with center.database.reading() as session:
        short = select(Entry).join(RoomSession, RoomSession.room_id == Entry.room_id)
        short = short.where(
            RoomSession.opened_wall_ns > now_ns - LOOK_BACK_NS,
            Entry.kind == "segment",
            Entry.state == "receipted",
            Entry.session_id.is_(None),
            Entry.end_wall_ns >= RoomSession.opened_wall_ns - MARGIN_NS,
            Entry.start_wall_ns <= RoomSession.closed_wall_ns + MARGIN_NS,
            Entry.retain_until_wall_ns < Entry.end_wall_ns + longer_ns - SECOND_NS,
        )
        entries = session.scalars(short.limit(limit)).unique().all()
    for entry in entries:
        until = (entry.end_wall_ns + longer_ns) // SECOND_NS * SECOND_NS
        center.store.extend_retention(entry.object_key, entry.version_id or "", until)
        with center.database.writing() as session:
            session.get_one(Entry, entry.sha256).retain_until_wall_ns = until
    return len(entries)
