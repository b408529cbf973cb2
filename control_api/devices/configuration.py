"""What a room gets from the centre: its configuration, whom to seal to, who may sign in, how far its chain is known."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from control_api.accounts.people import list_officers
from control_api.center import Center
from control_api.database import Account, Device
from control_api.devices.tokens import KnownDevice
from control_api.rooms.calendar import county_days
from control_api.rooms.configuration import compose, sign_configuration
from control_api.rooms.service import current_configuration


def configuration_for(session: Session, center: Center, known: KnownDevice) -> dict[str, Any]:
    """The answer to `GET /api/device/configuration`."""
    device = session.get_one(Device, known.id)
    if device.state != "active":
        return {"state": "pending"}
    room = device.room
    county = center.settings
    configuration = compose(
        current_configuration(session, room.id).settings,
        room,
        device.id,
        timezone=county.timezone,
        case_pattern=county.case_pattern,
        county_days=county_days(session),
    )
    return {
        "state": "active",
        "configuration": sign_configuration(configuration, center.keys.signing),
        "sealing": center.sealing,
        "officers": [_officer(account) for account in list_officers(session) if account.unit_id == room.unit_id],
        "case_pattern": county.case_pattern,
        "unit_name": room.unit.name,
        "room_name": room.name,
        "heads": {"number": device.head_number, "sha256": device.head_sha256},
    }


def _officer(account: Account) -> dict[str, Any]:
    return {
        "id": account.id,
        "number": account.officer_number,
        "name": account.display_name,
        "pin_verifier": account.pin_verifier,
        "locked": False,  # by a room's own count of PINs alone: wrong passwords on the web put nobody out of a room
    }
