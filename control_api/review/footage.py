"""A session's footage as the centre has it: entries of the chain made into a timeline. Opens nothing."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy.orm import Session

from control_api.database import Entry, RoomSession
from control_api.errors import NotFound
from control_api.review.timeline import Known, Timeline, lay_out
from control_api.sessions.footage import session_entries, session_span
from storage.chain import AnyManifest
from storage.manifest import MANIFEST, GapManifest, SegmentManifest
from storage.signing import peek_json


@dataclass(frozen=True, slots=True)
class Stored:
    """Where a segment's sealed bytes stand and what they must open to."""

    entry: str
    room_id: str
    device_id: str
    object_key: str
    version_id: str
    manifest: SegmentManifest


def session_timeline(db: Session, row: RoomSession, damaged: Collection[str] = ()) -> Timeline:
    """`damaged`: entries that a viewer found not to match just now; they are shown as such."""
    segments: list[Known] = []
    gaps: list[GapManifest] = []
    for entry in session_entries(db, row):
        if entry.kind == "note":
            continue
        manifest = read_manifest(entry)
        if isinstance(manifest, GapManifest):
            gaps.append(manifest)
        elif isinstance(manifest, SegmentManifest):
            segments.append(Known(entry.sha256, manifest, "damaged" if entry.sha256 in damaged else entry.state))
    return lay_out(segments, gaps, session_span(db, row))


def stored_segment(db: Session, row: RoomSession, entry_sha256: str) -> Stored:
    """A segment of this session and no other. Raises NotFound."""
    entry = db.get(Entry, entry_sha256)
    start, end = session_span(db, row)
    if entry is None or entry.room_id != row.room_id or entry.kind != "segment" or entry.version_id is None:
        raise NotFound
    if entry.end_wall_ns < start or entry.start_wall_ns > end:
        raise NotFound
    manifest = read_manifest(entry)
    if not isinstance(manifest, SegmentManifest):
        raise NotFound
    return Stored(entry.sha256, entry.room_id, entry.device_id, entry.object_key, entry.version_id, manifest)


def first_of_run(db: Session, row: RoomSession, run: str) -> Stored:
    """The run's first archived segment in this session: every segment of a run begins with the run's init bytes."""
    for entry in session_entries(db, row):
        if entry.kind == "segment" and entry.run == run and entry.state == "receipted":
            return stored_segment(db, row, entry.sha256)
    raise NotFound


def read_manifest(entry: Entry) -> AnyManifest:
    """What the entry says; its signature was checked before it was let into the chain."""
    return MANIFEST.validate_python(peek_json(entry.jws))
