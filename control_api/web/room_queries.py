"""What the pages show of rooms: each with its device, what it last said and its day. Reads only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, load_only

from control_api.center import Center
from control_api.database import Device, Entry, Room
from control_api.review.causes import cause_in_words
from control_api.review.footage import read_manifest
from control_api.web.day_line import GapLine, Span
from control_api.web.room_state import ORDER, Figures, RoomState, read_figures, read_state
from pages.times import CountyTime
from storage.manifest import AS_CONFIGURED, GapManifest


@dataclass(frozen=True, slots=True)
class RoomView:
    """A room as a page shows it; figures are None or empty where its device said nothing."""

    id: str
    name: str
    unit: str
    kind: str
    state: RoomState
    figures: Figures
    seen_ns: int | None
    proved_ns: int | None
    proved_today: bool
    version: str
    configuration_version: int
    device_id: str | None
    pending_id: str | None


def view_rooms(db: Session, center: Center, county: CountyTime) -> list[RoomView]:
    """Every room in use; what needs a person stands first."""
    rooms = db.scalars(select(Room).where(Room.disabled_wall_ns.is_(None))).unique().all()
    query = select(Device).where(Device.state.in_(("active", "pending"))).order_by(Device.enrolled_wall_ns)
    devices: dict[str, list[Device]] = {}
    for device in db.scalars(query).unique():
        devices.setdefault(device.room_id, []).append(device)
    views = [_view(room, devices.get(room.id, []), center, county) for room in rooms]
    return sorted(views, key=lambda view: (ORDER.index(view.state.kind), view.unit, view.name))


def view_room(db: Session, center: Center, county: CountyTime, room_id: str) -> RoomView | None:
    room = db.get(Room, room_id)
    if room is None:
        return None
    query = select(Device).where(Device.room_id == room_id, Device.state.in_(("active", "pending")))
    return _view(room, db.scalars(query).unique().all(), center, county)


def _view(room: Room, devices: Sequence[Device], center: Center, county: CountyTime) -> RoomView:
    active = next((device for device in devices if device.state == "active"), None)
    pending = next((device for device in devices if device.state == "pending"), None)
    now_ns = center.now_ns()
    status, seen_ns = _last_status(center, room.id, active)
    state = read_state("active" if active else "pending" if pending else None, seen_ns, status, now_ns)
    silent = state.kind in {"offline", "none", "pending"}
    proved_ns = active.last_proved_wall_ns if active else None
    return RoomView(
        id=room.id,
        name=room.name,
        unit=room.unit.name,
        kind=room.kind,
        state=state,
        figures=read_figures(None if silent else status),
        seen_ns=seen_ns,
        proved_ns=proved_ns,
        proved_today=proved_ns is not None and county.day(proved_ns) == county.day(now_ns),
        version=str((status or {}).get("version") or (active.version if active else "")),
        configuration_version=room.configuration_version,
        device_id=active.id if active else None,
        pending_id=pending.id if pending else None,
    )


def _last_status(center: Center, room_id: str, active: Device | None) -> tuple[Mapping[str, Any] | None, int | None]:
    """From the link when the room is on the line, else what the database remembers."""
    live = center.links.status_of(room_id)
    if live is not None:
        return live[0].model_dump(), live[1]
    return (active.last_status, active.last_seen_wall_ns) if active else (None, None)


def footage_of(
    db: Session, room_id: str, span_ns: tuple[int, int], sessions: Sequence[Span] = ()
) -> tuple[list[Span], list[GapLine]]:
    """Segments and gaps of a room inside a span, as the chain says. `sessions`: where no gap is calm."""
    query = select(Entry).where(
        Entry.room_id == room_id,
        Entry.kind.in_(("segment", "gap")),
        Entry.settled_by.is_(None),
        Entry.end_wall_ns > span_ns[0],
        Entry.start_wall_ns < span_ns[1],
    )
    query = query.options(load_only(Entry.kind, Entry.detail, Entry.track, Entry.start_wall_ns, Entry.end_wall_ns))
    footage: list[Span] = []
    gaps: list[GapLine] = []
    for entry in db.scalars(query.order_by(Entry.start_wall_ns)):
        if entry.kind == "segment":
            footage.append(Span(entry.start_wall_ns, entry.end_wall_ns))
        else:
            gaps.append(_gap_line(entry, sessions))
    return footage, gaps


def _gap_line(entry: Entry, sessions: Sequence[Span]) -> GapLine:
    start_ns, end_ns = entry.start_wall_ns, entry.end_wall_ns
    in_session = any(start_ns < one.end_ns and end_ns > one.start_ns for one in sessions)
    source = None
    if entry.track != "all":  # only a part may be missing: the entry itself says whose
        manifest = read_manifest(entry)
        source = manifest.source if isinstance(manifest, GapManifest) else None
    calm = entry.detail in AS_CONFIGURED and not in_session
    return GapLine(start_ns, end_ns, cause_in_words(entry.detail, source), calm)
