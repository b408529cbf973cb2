"""How long footage is kept: longer for a session with its margins, longer again under hold. Deletes nothing."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from config.process import CenterSettings
from control_api.archive.keeping import archive_down, due, put_off
from control_api.center import Center
from control_api.database import Entry, RoomSession
from storage.chain import AnyManifest
from storage.manifest import moments

MARGIN_NS = 30 * 10**9
SECOND_NS = 10**9
DAY_NS = 86400 * SECOND_NS
LOOK_BACK_NS = 7 * DAY_NS
AHEAD_NS = 5 * 60 * SECOND_NS


def clock_plausible(manifest: AnyManifest, enrolled_wall_ns: int, received_wall_ns: int) -> bool:
    """Whether the entry can have been made when it says: nothing is recorded before enrolment or in the future."""
    latest_ns = max(moment.wall_ns for moment in moments(manifest))
    earliest_ns = min(moment.wall_ns for moment in moments(manifest))
    return enrolled_wall_ns - DAY_NS <= earliest_ns and latest_ns <= received_wall_ns + AHEAD_NS


def kept_from(manifest: AnyManifest, enrolled_wall_ns: int, received_wall_ns: int) -> int:
    """The moment that retention counts from. The room's own time counts only where its clock was set by a time server
    and can be true; else the centre's, when it received the entry. Never later than that."""
    if not manifest.clock.synchronized or not clock_plausible(manifest, enrolled_wall_ns, received_wall_ns):
        return received_wall_ns
    return min(max(moment.wall_ns for moment in moments(manifest)), received_wall_ns)


def retain_until(session: Session, entry: Entry, settings: CenterSettings, now_ns: int) -> int:
    """For a segment of a session (or within 30 s of one) the sessions' time, for others the general one.

    Counted from `kept_from`, never from a room's clock alone: nothing is locked for a century, nothing is let go at
    once. What comes later than that (a room that was long without a line) is kept a day. Whole seconds.
    """
    days = settings.tagged_days if entry.kind != "segment" or in_session(session, entry) else settings.untagged_days
    return max(entry.kept_from_wall_ns + days * DAY_NS, now_ns + DAY_NS) // SECOND_NS * SECOND_NS


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
            Entry.received_wall_ns > now_ns - LOOK_BACK_NS,
            Entry.kind == "segment",
            Entry.state == "receipted",
            Entry.session_id.is_(None),
            Entry.end_wall_ns >= RoomSession.opened_wall_ns - MARGIN_NS,
            Entry.start_wall_ns <= func.coalesce(RoomSession.closed_wall_ns, RoomSession.opened_wall_ns) + MARGIN_NS,
            due(now_ns),
            Entry.retain_until_wall_ns < Entry.kept_from_wall_ns + longer_ns - SECOND_NS,
        )
        entries = session.scalars(short.limit(limit)).unique().all()
    for entry in entries:
        until = (entry.kept_from_wall_ns + longer_ns) // SECOND_NS * SECOND_NS
        try:
            center.store.extend_retention(entry.object_key, entry.version_id or "", until)
        except Exception as error:
            if archive_down(error):
                raise
            put_off(center, entry.sha256, error)
            continue
        with center.database.writing() as session:
            session.get_one(Entry, entry.sha256).retain_until_wall_ns = until
    return len(entries)
