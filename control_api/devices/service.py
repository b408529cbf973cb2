"""What an administrator does with devices: compare and confirm, rename, revoke, replace.

A room keeps its history whatever becomes of its device: rows are ended, never deleted.
"""

from __future__ import annotations

import hmac

from sqlalchemy import select
from sqlalchemy.orm import Session

from control_api.accounts.actor import Actor
from control_api.accounts.people import check_name, expose_pins
from control_api.accounts.permissions import Permission
from control_api.database import Device
from control_api.devices.tokens import end_tokens
from control_api.errors import CenterError, NotFound


def get_device(session: Session, device_id: str) -> Device:
    device = session.get(Device, device_id)
    if device is None:
        raise NotFound
    return device


def list_devices(session: Session, room_id: str | None = None) -> list[Device]:
    """Newest first; ended ones too."""
    query = select(Device).order_by(Device.enrolled_wall_ns.desc())
    return list(session.scalars(query if room_id is None else query.where(Device.room_id == room_id)))


def active_device_of(session: Session, room_id: str) -> Device | None:
    return session.scalar(select(Device).where(Device.room_id == room_id, Device.state == "active"))


def confirm_device(session: Session, actor: Actor, now_ns: int, device_id: str, fingerprint: str) -> Device:
    """`fingerprint` as the administrator read it on the room's screen. The room's device before becomes `replaced`.

    Raises CenterError `not-pending`, `fingerprint-differs`.
    """
    actor.check(Permission.MANAGE_DEVICES)
    device = get_device(session, device_id)
    if device.state != "pending":
        raise CenterError("not-pending", "该设备不在待确认状态。", "This device does not wait for that.", status=409)
    if not hmac.compare_digest(_plain(fingerprint).encode(), _plain(device.fingerprint).encode()):
        raise CenterError(
            "fingerprint-differs",
            "指纹与接谈室屏幕上的不一致，未确认。请重新核对；若仍不一致，请停用该设备并检查网络。",
            "The fingerprints differ, so nothing was confirmed. Compare again, or revoke the device.",
            field="fingerprint",
        )
    before = active_device_of(session, device.room_id)
    if before is not None:
        _end(session, before, "replaced", actor, now_ns, "")
        session.flush()  # a room has one active device at a time
    device.state = "active"
    device.confirmed_wall_ns = now_ns
    device.confirmed_by = actor.account_id
    session.flush()
    return device


def rename_device(session: Session, actor: Actor, device_id: str, name: str) -> Device:
    actor.check(Permission.MANAGE_DEVICES)
    device = get_device(session, device_id)
    device.name = check_name(name)
    return device


def revoke_device(session: Session, actor: Actor, now_ns: int, device_id: str, reason: str) -> Device:
    """Its tokens end at once. Raises CenterError `already-ended`."""
    actor.check(Permission.MANAGE_DEVICES)
    device = get_device(session, device_id)
    if device.state == "revoked":
        raise CenterError("already-ended", "该设备已停用。", "This device has ended already.", status=409)
    if device.state in ("active", "replaced"):
        expose_pins(session, now_ns, device.room_id)
    _end(session, device, "revoked", actor, now_ns, reason)
    return device


def _end(session: Session, device: Device, state: str, actor: Actor, now_ns: int, reason: str) -> None:
    device.state = state
    device.ended_wall_ns = now_ns
    device.ended_by = actor.account_id
    device.ended_reason = reason.strip()[:200]
    end_tokens(session, device.id)


def _plain(fingerprint: str) -> str:
    return "".join(fingerprint.split()).replace("-", "").replace(":", "").upper()
