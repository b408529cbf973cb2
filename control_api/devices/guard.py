"""Which device calls. Dependencies for routes below /api/device."""

from __future__ import annotations

from fastapi import Request
from fastapi.concurrency import run_in_threadpool

from control_api.accounts.guard import GUARDS
from control_api.center import Center, center_of
from control_api.devices.tokens import KnownDevice, find_device, replaced
from control_api.errors import CenterError


async def any_device(request: Request) -> KnownDevice:
    """A device of today that proved itself, confirmed or not. Raises `replaced`."""
    device = await device_behind(center_of(request), request.headers.get("authorization", ""))
    if device.state == "replaced":
        raise replaced()
    return device


async def delivering_device(request: Request) -> KnownDevice:
    """A confirmed device, or one that was replaced since: a room's history must not be lost with its old PC."""
    device = await device_behind(center_of(request), request.headers.get("authorization", ""))
    if device.state == "pending":
        raise CenterError(
            "not-confirmed",
            "设备尚待管理员核对指纹并确认。",
            "An administrator has not confirmed this device's fingerprint yet.",
            status=403,
        )
    return device


async def device_behind(center: Center, authorization: str) -> KnownDevice:
    """Raises CenterError `bad-token` or `revoked`."""
    scheme, _, token = authorization.partition(" ")
    known = token.strip()[:200] if scheme.lower() == "bearer" else ""

    def find() -> KnownDevice:
        with center.database.reading() as session:
            return find_device(session, known, center.now_ns())

    return await run_in_threadpool(find)


GUARDS[any_device] = "device"
GUARDS[delivering_device] = "device"
