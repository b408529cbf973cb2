"""Every room at a glance: database and live link joined. Decides how a room stands; `room_state` is pure."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.orm import Session

from control_api.database import Device
from control_api.link.links import Links
from control_api.link.status import DeviceStatus
from control_api.rooms.service import list_rooms

STALE_NS = 10 * 10**9
# What needs a person stands first.
ORDER = ("stopped", "offline", "degraded", "unconfigured", "pending", "starting", "recording", "standby", "no-device")


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
    problems: list[dict[str, Any]] = field(default_factory=list)
    levels_dbfs: list[float | None] = field(default_factory=list)
    backlog_segments: int = 0
    backlog_bytes: int = 0
    oldest_backlog_wall_ns: int | None = None
    disk_free_bytes: int | None = None
    encoder: str | None = None
    frames_lost: int = 0
    recording: bool | None = None  # footage reaches the disk, as the room said last
    mode: str | None = None
    standby_cause: str | None = None
    presence: dict[str, Any] | None = None
    disk_hours_left: float | None = None
    backlog_through_wall_ns: int | None = None
    line_kbps: int | None = None
    clock: dict[str, Any] | None = None
    mirror: dict[str, Any] | None = None
    fault: dict[str, Any] | None = None

    def as_json(self) -> dict[str, Any]:
        """For browsers, where numbers beyond 2**53 lose their last digits: times in milliseconds."""
        return dict(_for_browsers(asdict(self)))


def _for_browsers(value: Any) -> Any:
    if isinstance(value, list):
        return [_for_browsers(item) for item in value]
    if not isinstance(value, dict):
        return value
    shown: dict[str, Any] = {}
    for name, item in value.items():
        if name.endswith("_ns"):
            shown[name.removesuffix("_ns") + "_ms"] = None if item is None else int(item / 10**6)
        else:
            shown[name] = _for_browsers(item)
    return shown


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
            "recording": status.recording,
            "mode": status.mode,
            "standby_cause": status.standby_cause,
            "presence": _dumped(status.presence),
            "disk_hours_left": status.disk_hours_left,
            "backlog_through_wall_ns": status.agent_figure("backlog_through_wall_ns"),
            "line_kbps": status.agent_figure("line_kbps"),
            "clock": _dumped(status.clock),
            "mirror": _dumped(status.mirror),
            "fault": _dumped(status.fault),
            "version": status.version or (device.version if device else ""),
        }
    return RoomRow(**{**row.__dict__, **values})


def _dumped(part: BaseModel | None) -> dict[str, Any] | None:
    return None if part is None else part.model_dump()


def _lost_sources(status: DeviceStatus) -> list[dict[str, Any]]:
    known = {problem.code for problem in status.problems}
    return [
        {
            "code": source.code,
            "message": source.message,
            "message_en": source.message_en,
            "source": source.name,
            "since_wall_ns": source.since_wall_ns or None,
            "degrading": True,
        }
        for source in status.sources
        if source.state != "ok" and source.code and source.code not in known
    ]
