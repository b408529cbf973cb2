"""Entries dated anew by their device's own signed correction. The entries stay as signed; where they stand in time, for
searches, lists and replay, follows the correction, and what they said themselves is kept beside it.

How long footage is kept does not follow it: that counts from `kept_from`, which no room's clock can make earlier (C10).
"""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from control_api.archive.alarms import raise_alarm
from control_api.archive.retention import AHEAD_NS, DAY_NS
from control_api.database import Correction, Device, Entry, MissedSession, RoomSession
from storage.chain import AnyManifest
from storage.dating import Dating
from storage.manifest import MANIFEST, ClockCorrection, GapCause, GapManifest, NoteKind, NoteManifest
from storage.signing import peek_json

MOST_ENTRIES = 100_000  # of one boot: eleven days of recording


def take_correction(session: Session, device: Device, note: NoteManifest, sha256: str, now_ns: int) -> None:
    """`note` was let into the chain. One that speaks of what comes after it, or of a time that can't be, is alarmed of
    and counts for nothing."""
    stated = note.correction
    if note.note is not NoteKind.CLOCK_CORRECTED or stated is None:
        return
    if not _can_be(device, note, now_ns):
        raise_alarm(session, now_ns, "correction-implausible", room_id=device.room_id, device_id=device.id)
        return
    correction = Correction(
        sha256=sha256,
        device_id=device.id,
        number=note.number,
        boot=stated.boot,
        first_number=stated.first_number,
        last_number=stated.last_number,
        wall_minus_mono_ns=stated.wall_minus_mono_ns,
        uncertainty_ns=stated.uncertainty_ns,
    )
    session.add(correction)
    session.flush()
    query = select(Entry).where(
        Entry.device_id == device.id, Entry.number.between(stated.first_number, stated.last_number)
    )
    for entry in session.scalars(query.order_by(Entry.number)):
        date_entry(session, device, entry, _manifest(entry), now_ns)
    session.flush()


def date_entry(session: Session, device: Device, entry: Entry, manifest: AnyManifest, now_ns: int) -> None:
    """Where the entry stands in time, as well as it is known now: by its own clock, or by a correction that has come,
    before the entry or after it. Never after the moment at which it had come here."""
    dating = Dating(_corrections_for(session, entry))
    dated = dating.date(manifest)
    ends = [dated.start.wall_ns, dated.end.wall_ns]
    signed = sorted((dated.start.signed_wall_ns, dated.end.signed_wall_ns))
    if isinstance(manifest, GapManifest) and manifest.track == "all" and manifest.run is None:
        ends[0] = _since(session, entry, manifest, ends[1])
    ends.sort()
    if not dated.corrected:
        return
    if not all(_plausible(wall_ns, device, entry.received_wall_ns) for wall_ns in ends):
        if ends[1] > entry.received_wall_ns + AHEAD_NS:
            raise_alarm(session, now_ns, "correction-implausible", room_id=device.room_id, device_id=device.id)
        return
    entry.signed_start_wall_ns, entry.signed_end_wall_ns = signed
    entry.start_wall_ns, entry.end_wall_ns = ends
    if isinstance(manifest, NoteManifest):
        _date_what_follows(session, entry, manifest)


def _corrections_for(session: Session, entry: Entry) -> list[ClockCorrection]:
    """Those that speak of it, by number: of two the later counts."""
    query = select(Correction).where(
        Correction.device_id == entry.device_id,
        Correction.first_number <= entry.number,
        Correction.last_number >= entry.number,
    )
    return [
        ClockCorrection(
            boot=row.boot,
            first_number=row.first_number,
            last_number=row.last_number,
            wall_minus_mono_ns=row.wall_minus_mono_ns,
            uncertainty_ns=row.uncertainty_ns,
        )
        for row in session.scalars(query.order_by(Correction.number))
    ]


def _since(session: Session, entry: Entry, gap: GapManifest, end_ns: int) -> int:
    """A break between runs may have begun in an earlier boot, on another monotonic clock: it begins where the footage
    or gap before it ends."""
    query = select(Entry.end_wall_ns).where(
        Entry.device_id == entry.device_id,
        Entry.number < entry.number,
        Entry.kind != "note",
        Entry.track == "all",
        Entry.detail != GapCause.EXPIRED_UNARCHIVED,  # written long after the footage that it speaks of
    )
    before = session.scalar(query.order_by(Entry.number.desc()).limit(1))
    return before if before is not None and before <= end_ns else min(gap.start.wall_ns, end_ns)


def _can_be(device: Device, note: NoteManifest, now_ns: int) -> bool:
    stated = note.correction
    assert stated is not None  # noqa: S101 - the caller looked
    ordered = stated.first_number <= stated.last_number < note.number
    bounded = stated.last_number - stated.first_number < MOST_ENTRIES
    return ordered and bounded and _plausible(note.made.mono_ns + stated.wall_minus_mono_ns, device, now_ns)


def _plausible(wall_ns: int, device: Device, now_ns: int) -> bool:
    return device.enrolled_wall_ns - DAY_NS <= wall_ns <= now_ns + AHEAD_NS


def _date_what_follows(session: Session, entry: Entry, note: NoteManifest) -> None:
    """What was derived from the note: a session's beginning or end, a missed session."""
    made_ns, dated_ns = note.made.wall_ns, entry.start_wall_ns
    row = session.get(RoomSession, note.session) if note.session is not None else None
    if row is not None and row.room_id == entry.room_id:
        if made_ns == (row.signed_opened_wall_ns or row.opened_wall_ns):
            row.signed_opened_wall_ns, row.opened_wall_ns = made_ns, dated_ns
        if note.note is NoteKind.SESSION_CLOSED and made_ns == (row.signed_closed_wall_ns or row.closed_wall_ns):
            row.signed_closed_wall_ns, row.closed_wall_ns = made_ns, dated_ns
    missed = session.scalar(select(MissedSession).where(MissedSession.entry_sha256 == entry.sha256))
    if missed is not None:
        missed.since_wall_ns += dated_ns - missed.told_wall_ns
        missed.told_wall_ns = dated_ns


def _manifest(entry: Entry) -> AnyManifest:
    return MANIFEST.validate_python(peek_json(entry.jws))
