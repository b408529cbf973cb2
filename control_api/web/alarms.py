"""Alarms as a page: open ones first, the rest of the last month below."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from control_api.accounts.actor import Actor
from control_api.accounts.guard import require
from control_api.accounts.permissions import Permission
from control_api.archive.alarms import acknowledge
from control_api.center import center_of
from control_api.database import Alarm, Room
from control_api.link.lasting import PREFIX
from control_api.web.page import PageRoute, go, render
from control_api.web.problem_words import alarm_word
from control_api.web.session_queries import names_of
from control_api.web.words import ALARMS, SOURCES, word

router = APIRouter(route_class=PageRoute, include_in_schema=False)
Viewer = Annotated[Actor, Depends(require(Permission.SEE_ALARMS))]
Keeper = Annotated[Actor, Depends(require(Permission.ACKNOWLEDGE_ALARMS))]
LIMIT = 200


@router.get("/alarms")
def show_alarms(request: Request, actor: Viewer) -> Response:
    with center_of(request).database.reading() as db:
        alarms = _alarms(db)
    return render(request, actor, "alarms.html", {"alarms": alarms}, section="alarms")


@router.post("/alarms/{number}/acknowledge")
def do_acknowledge(request: Request, actor: Keeper, number: Annotated[int, Path(ge=1, lt=2**63)]) -> Response:
    center = center_of(request)
    with center.database.writing() as db:
        acknowledge(db, actor, center.now_ns(), number)
    return go("/alarms")


def _alarms(db: Session) -> list[dict[str, Any]]:
    alarms = db.scalars(select(Alarm).order_by(Alarm.last_wall_ns.desc()).limit(LIMIT)).all()
    people = names_of(db, [alarm.acknowledged_by for alarm in alarms])
    wanted = {alarm.room_id for alarm in alarms}
    rooms = {room.id: f"{room.unit.name} {room.name}" for room in db.scalars(select(Room).where(Room.id.in_(wanted)))}
    rows = [
        {
            "number": alarm.number,
            "words": alarm_word(alarm.code) if alarm.code.startswith(PREFIX) else word(ALARMS, alarm.code),
            "detail": alarm.detail,
            "sources": [SOURCES[name] for name in alarm.detail.split() if name in SOURCES],
            "room_id": alarm.room_id,
            "room": rooms.get(alarm.room_id or "", ""),
            "last_ns": alarm.last_wall_ns,
            "count": alarm.count,
            "open": alarm.cleared_wall_ns is None and alarm.acknowledged_wall_ns is None,
            "cleared_ns": alarm.cleared_wall_ns,
            "acknowledged_ns": alarm.acknowledged_wall_ns,
            "person": people.get(alarm.acknowledged_by or ""),
        }
        for alarm in alarms
    ]
    return sorted(rows, key=lambda row: not row["open"])
