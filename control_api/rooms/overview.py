"""Every room at a glance: database and live link joined. Decides how a room stands; `room_state` is pure."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from control_api.database import Device
from control_api.link.links import Links
from control_api.link.status import DeviceStatus
from control_api.rooms.service import list_rooms

STALE_NS = 10 * 10**9
# What needs a person stands first.
ORDER = ("stopped", "offline", "degraded", "unconfigured", "pending", "starting", "recording", "no-device")


@dataclass(frozen=True)
class RoomRow:
    """One room for people. Times in UTC nanoseconds; `heard_wall_ns`: when the room last spoke."""

    room_id: str
    room_name: str
    unit_id: str
    unit_name: str
    kind: str
    state: str
    device_id: str | None = None
    device_name: str = ""
    fingerprint: str = ""
    version: str = ""
    heard_wall_ns: int | None = None
    last_proved_wall_ns: int | None = None
    session: str | None = None
    session_opened_wall_ns: int | None = None
    problems: list[dict[str, str]] = field(default_factory=list)
    levels_dbfs: list[float | None] = field(default_factory=list)
    backlog_segments: int = 0
    backlog_bytes: int = 0
    oldest_backlog_wall_ns: int | None = None
    disk_free_bytes: int | None = None
    encoder: str | None = None
    frames_lost: int = 0

    def as_json(self) -> dict[str, Any]:
        """For browsers, where numbers beyond 2**53 lose their last digits: times in milliseconds."""
        values = asdict(self)
        for name in [name for name in values if name.endswith("_wall_ns")]:
            ns = values.pop(name)
            values[name.removesuffix("_ns") + "_ms"] = None if ns is None else ns // 10**6
        return values


def room_rows(session: Session, links: Links, now_ns: int) -> list[RoomRow]:
    """All rooms, those that need a person first."""
    devices: dict[str, Device] = {}
    for device in session.scalars(select(Device).where(Device.state.in_(("pending", "active")))):
        if device.room_id not in devices or device.state == "active":
            devices[device.room_id] = device
    rows = []
    for room in list_rooms(session):
        device_or_none = devices.get(room.id)
        live = links.status_of(room.id)
        status, heard = live if live else _last_known(device_or_none)
        base = RoomRow(
            room_id=room.id,
            room_name=room.name,
            unit_id=room.unit_id,
            unit_name=room.unit.name,
            kind=room.kind,
            state=room_state(device_or_none.state if device_or_none else None, status if live else None, heard, now_ns),
        )
        rows.append(_filled(base, device_or_none, status, heard))
    return sorted(rows, key=lambda row: (ORDER.index(row.state), row.unit_name, row.room_name))


def room_state(device_state: str | None, live: DeviceStatus | None, heard_wall_ns: int | None, now_ns: int) -> str:
    """One of ORDER. A link that has said nothing for ten seconds counts as no link."""
    if device_state is None:
        return "no-device"
    if device_state == "pending":
        return "pending"
    if live is None or heard_wall_ns is None or now_ns - heard_wall_ns > STALE_NS:
        return "offline"
    if live.state in ("unenrolled", "unconfigured"):
        return "unconfigured"
    return "stopped" if live.state == "unreachable" else live.state


def _last_known(device: Device | None) -> tuple[DeviceStatus | None, int | None]:
    if device is None or device.last_status is None:
        return None, device.last_seen_wall_ns if device else None
    return DeviceStatus.model_validate(device.last_status), device.last_seen_wall_ns


def _filled(row: RoomRow, device: Device | None, status: DeviceStatus | None, heard_wall_ns: int | None) -> RoomRow:
    values: dict[str, Any] = {"heard_wall_ns": heard_wall_ns}
    if device is not None:
        values |= {
            "device_id": device.id,
            "device_name": device.name,
            "fingerprint": device.fingerprint,
            "version": device.version,
            "last_proved_wall_ns": device.last_proved_wall_ns,
        }
    if status is not None:
        values |= {
            "session": status.session,
            "session_opened_wall_ns": status.session_opened_wall_ns,
            "problems": [problem.model_dump() for problem in status.problems] + _lost_sources(status),
            "levels_dbfs": status.levels_dbfs,
            "backlog_segments": status.backlog_segments,
            "backlog_bytes": status.backlog_bytes,
            "oldest_backlog_wall_ns": status.oldest_backlog_wall_ns,
            "disk_free_bytes": status.disk_free_bytes,
            "encoder": status.encoder,
            "frames_lost": status.frames_lost,
            "version": status.version or (device.version if device else ""),
        }
    return RoomRow(**{**row.__dict__, **values})


def _lost_sources(status: DeviceStatus) -> list[dict[str, str]]:
    known = {problem.code for problem in status.problems}
    return [
        {"code": source.code, "message": source.message, "message_en": source.message_en}
        for source in status.sources
        if source.state != "ok" and source.code and source.code not in known
    ]
