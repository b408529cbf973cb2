"""Puts a room's lasting problems into the alarms, and takes them out. What lasts is decided in `lasting`."""

from __future__ import annotations

from sqlalchemy import select

from control_api.archive.alarms import clear_alarm, raise_alarm
from control_api.center import Center
from control_api.database import Alarm
from control_api.link.lasting import PREFIX, Change, LastingProblems
from control_api.link.links import DeviceLink


def begin(center: Center, link: DeviceLink) -> LastingProblems:
    """With what an earlier line of this device left standing, whether somebody has taken notice of it or not."""
    query = select(Alarm.code).where(
        Alarm.device_id == link.device_id, Alarm.code.startswith(PREFIX), Alarm.cleared_wall_ns.is_(None)
    )
    with center.database.reading() as session:
        return LastingProblems(set(session.scalars(query)))


def apply(center: Center, link: DeviceLink, change: Change) -> None:
    now_ns = center.now_ns()
    with center.database.writing() as session:
        for code, detail in change.raised.items():
            raise_alarm(session, now_ns, code, room_id=link.room_id, device_id=link.device_id, detail=detail)
        for code in change.cleared:
            clear_alarm(session, now_ns, code, room_id=link.room_id, device_id=link.device_id)
