"""Alarms as JSON. Thin: the service decides."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request
from pydantic import BaseModel, ConfigDict, Field

from control_api.accounts.actor import Actor
from control_api.accounts.guard import require
from control_api.accounts.permissions import Permission
from control_api.archive.alarms import acknowledge, open_alarms
from control_api.center import center_of
from control_api.database import Alarm

router = APIRouter(prefix="/api/alarms", tags=["alarms"])


class AlarmShown(BaseModel):
    model_config = ConfigDict(extra="forbid")
    number: int
    code: str = Field(examples=["entry-refused"])
    room: str | None
    device: str | None
    detail: str = Field(examples=["bad-signature 9f86d081884c7d65"])
    count: int
    raised_wall_ns: int
    last_wall_ns: int
    acknowledged_wall_ns: int | None


@router.get("")
def alarms(request: Request, _actor: Annotated[Actor, Depends(require(Permission.SEE_ALARMS))]) -> list[AlarmShown]:
    """What is neither cleared nor acknowledged, newest first."""
    with center_of(request).database.reading() as session:
        return [_shown(alarm) for alarm in open_alarms(session)]


@router.post("/{number}/acknowledge")
def acknowledge_alarm(
    number: Annotated[int, Path(ge=1, lt=2**63)],
    request: Request,
    actor: Annotated[Actor, Depends(require(Permission.ACKNOWLEDGE_ALARMS))],
) -> AlarmShown:
    center = center_of(request)
    with center.database.writing() as session:
        return _shown(acknowledge(session, actor, center.now_ns(), number))


def _shown(alarm: Alarm) -> AlarmShown:
    return AlarmShown(
        number=alarm.number,
        code=alarm.code,
        room=alarm.room_id,
        device=alarm.device_id,
        detail=alarm.detail,
        count=alarm.count,
        raised_wall_ns=alarm.raised_wall_ns,
        last_wall_ns=alarm.last_wall_ns,
        acknowledged_wall_ns=alarm.acknowledged_wall_ns,
    )
