"""The footage of a stretch as the centre has it: entries of the chain made into a timeline. Opens nothing."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy.orm import Session

from control_api.database import Entry
from control_api.errors import NotFound
from control_api.review.timeline import Known, Timeline, lay_out
from control_api.sessions.footage import Stretch, entries_in
from storage.chain import AnyManifest
from storage.manifest import MANIFEST, GapManifest, NoteManifest, SegmentManifest
from storage.signing import peek_json


@dataclass(frozen=True, slots=True)
class Stored:
    """Where a segment's sealed bytes stand and what they must open to; its time as it counts here."""

    entry: str
    room_id: str
    device_id: str
    object_key: str
    version_id: str
    manifest: SegmentManifest
    start_wall_ns: int
    end_wall_ns: int


def timeline_of(db: Session, stretch: Stretch, damaged: Collection[str] = ()) -> Timeline:
    """`damaged`: entries that a viewer found not to match just now; they are shown as such."""
    segments: list[Known] = []
    gaps: list[GapManifest] = []
    for entry in entries_in(db, stretch):
        if entry.kind == "note" or entry.settled_by is not None:
            continue
        manifest = dated_manifest(entry)
        if isinstance(manifest, GapManifest):
            gaps.append(manifest)
        elif isinstance(manifest, SegmentManifest):
            state = "damaged" if entry.sha256 in damaged else entry.state
            segments.append(Known(entry.sha256, manifest, state, entry.signed_start_wall_ns))
    return lay_out(segments, gaps, stretch.span_ns, stretch.inside_ns)


def stored_segment(db: Session, stretch: Stretch, entry_sha256: str) -> Stored:
    """A segment of this stretch and no other. Raises NotFound."""
    entry = db.get(Entry, entry_sha256)
    start, end = stretch.span_ns
    if entry is None or entry.room_id != stretch.room_id or entry.kind != "segment" or entry.version_id is None:
        raise NotFound
    if entry.end_wall_ns < start or entry.start_wall_ns > end:
        raise NotFound
    manifest = read_manifest(entry)
    if not isinstance(manifest, SegmentManifest):
        raise NotFound
    return Stored(
        entry.sha256,
        entry.room_id,
        entry.device_id,
        entry.object_key,
        entry.version_id,
        manifest,
        entry.start_wall_ns,
        entry.end_wall_ns,
    )


def segments_of_run(db: Session, stretch: Stretch, run: str) -> list[Stored]:
    """The run's archived segments in this stretch that play: each begins with the run's init bytes. Raises NotFound."""
    found = [
        stored_segment(db, stretch, entry.sha256)
        for entry in entries_in(db, stretch)
        if entry.kind == "segment" and entry.run == run and entry.state == "receipted" and entry.settled_by is None
    ]
    if not found:
        raise NotFound
    return found


def notes_in(db: Session, stretch: Stretch) -> list[tuple[int, NoteManifest]]:
    """What the room noted meanwhile, each with its time as it counts here."""
    notes = ((entry, read_manifest(entry)) for entry in entries_in(db, stretch) if entry.kind == "note")
    return [(entry.start_wall_ns, manifest) for entry, manifest in notes if isinstance(manifest, NoteManifest)]


def dated_manifest(entry: Entry) -> AnyManifest:
    """For the timeline: where a signed correction dates the entry otherwise, its ends by that."""
    manifest = read_manifest(entry)
    if entry.signed_start_wall_ns is None or isinstance(manifest, NoteManifest):
        return manifest
    start = manifest.start.model_copy(update={"wall_ns": entry.start_wall_ns})
    end = manifest.end.model_copy(update={"wall_ns": entry.end_wall_ns})
    return manifest.model_copy(update={"start": start, "end": end})


def read_manifest(entry: Entry) -> AnyManifest:
    """What the entry says; its signature was checked before it was let into the chain."""
    return MANIFEST.validate_python(peek_json(entry.jws))
