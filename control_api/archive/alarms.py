"""Alarms: what a person at the centre must look at. The same one raised again counts up instead of repeating."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from control_api.accounts.actor import Actor
from control_api.accounts.permissions import Permission
from control_api.database import Alarm
from control_api.errors import NotFound


def raise_alarm(
    session: Session,
    now_ns: int,
    code: str,
    *,
    room_id: str | None = None,
    device_id: str | None = None,
    detail: str = "",
) -> Alarm:
    """`detail`: codes and ids only."""
    standing = session.scalar(
        select(Alarm).where(
            Alarm.code == code,
            Alarm.room_id == room_id,
            Alarm.device_id == device_id,
            Alarm.cleared_wall_ns.is_(None),
            Alarm.acknowledged_wall_ns.is_(None),
        )
    )
    if standing is not None:
        standing.count += 1
        standing.last_wall_ns = now_ns
        standing.detail = detail[:400]
        return standing
    alarm = Alarm(
        code=code,
        room_id=room_id,
        device_id=device_id,
        detail=detail[:400],
        count=1,
        raised_wall_ns=now_ns,
        last_wall_ns=now_ns,
    )
    session.add(alarm)
    session.flush()
    return alarm


def clear_alarm(session: Session, now_ns: int, code: str, *, room_id: str | None, device_id: str | None) -> None:
    """The cause is gone by itself."""
    query = select(Alarm).where(
        Alarm.code == code, Alarm.room_id == room_id, Alarm.device_id == device_id, Alarm.cleared_wall_ns.is_(None)
    )
    for alarm in session.scalars(query):
        alarm.cleared_wall_ns = now_ns


def open_alarms(session: Session, limit: int = 200) -> list[Alarm]:
    """Neither cleared nor acknowledged, newest first."""
    query = select(Alarm).where(Alarm.cleared_wall_ns.is_(None), Alarm.acknowledged_wall_ns.is_(None))
    return list(session.scalars(query.order_by(Alarm.last_wall_ns.desc()).limit(limit)))


def acknowledge(session: Session, actor: Actor, now_ns: int, number: int) -> Alarm:
    actor.check(Permission.ACKNOWLEDGE_ALARMS)
    alarm = session.get(Alarm, number)
    if alarm is None:
        raise NotFound
    if alarm.acknowledged_wall_ns is None:
        alarm.acknowledged_wall_ns = now_ns
        alarm.acknowledged_by = actor.account_id
    return alarm
