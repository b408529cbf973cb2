"""The county's holidays and make-up days, which hold for every room. Each change is a row and a signed record.

A room learns of it as of any change: its configuration gets a version more, since a recorder takes no other one.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from config.opening_hours import MOST_DAYS, WEEKDAYS, SpecialDay, Weekday
from control_api.accounts.actor import Actor
from control_api.accounts.permissions import Permission
from control_api.center import Center
from control_api.database import CalendarChange
from control_api.errors import CenterError
from control_api.records.write import add_record
from control_api.rooms.configuration import MOST_OWN_DAYS
from control_api.rooms.service import list_rooms, repeat_version

MOST_COUNTY_DAYS = MOST_DAYS - MOST_OWN_DAYS
REASON = "calendar"
_LINE = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?[\s:：,，]*(.+)")
_CLOSED = ("休", "休息", "放假", "closed", "off")
_WEEKDAY_WORDS: dict[str, Weekday] = dict(zip("一二三四五六日", WEEKDAYS, strict=True)) | {"天": "sunday"}


@dataclass(frozen=True, slots=True)
class CalendarDay:
    """One day as it stands, and who set it when."""

    day: SpecialDay
    made_wall_ns: int
    made_by: str | None


class BadLine(CenterError):
    """A line that says no day; `line` counts from 1."""

    def __init__(self, line: int, text: str) -> None:
        self.line, self.shown = line, text[:30]
        shown = self.shown
        super().__init__(
            "bad-line",
            f"第 {line} 行“{shown}”看不懂，未作任何更改；请写成“2026-10-01 休”或“2026-10-10 按周一”。",
            f"Line {line} ({shown!r}) says no day; nothing was changed. Write it as “2026-10-01 closed” or"
            " “2026-10-10 monday”.",
            status=422,
            field="lines",
        )


def standing_days(session: Session) -> list[CalendarDay]:
    """By date: the newest change of each day, where that is not its removal."""
    newest = select(func.max(CalendarChange.number)).group_by(CalendarChange.day)
    query = select(CalendarChange).where(CalendarChange.number.in_(newest), CalendarChange.act == "set")
    rows = session.scalars(query.order_by(CalendarChange.day))
    return [
        CalendarDay(SpecialDay.model_validate({"date": row.day, "like": row.like}), row.made_wall_ns, row.made_by)
        for row in rows
    ]


def county_days(session: Session) -> list[SpecialDay]:
    return [one.day for one in standing_days(session)]


def read_lines(text: str) -> list[SpecialDay]:
    """`2026-10-01 休` or `2026-10-10 按周一`, one day a line; empty lines are left out. Raises BadLine."""
    days: dict[date, SpecialDay] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        plain = unicodedata.normalize("NFKC", line).strip()
        if not plain:
            continue
        day = _read_line(plain)
        if day is None or day.date in days:
            raise BadLine(number, line.strip())
        days[day.date] = day
    return list(days.values())


def _read_line(line: str) -> SpecialDay | None:
    found = _LINE.fullmatch(line)
    if found is None:
        return None
    try:
        day = date(*(int(part) for part in found.groups()[:3]))
    except ValueError:
        return None
    word = found.group(4).strip().lower()
    if word in _CLOSED:
        return SpecialDay(date=day)
    if word in WEEKDAYS:
        return SpecialDay(date=day, like=word)
    chinese = word.removesuffix("开放").removeprefix("按")
    if chinese[:2] == "星期":
        chinese = chinese[2:]
    like = _WEEKDAY_WORDS.get(chinese.removeprefix("周"))
    return SpecialDay(date=day, like=like) if like else None


def set_days(session: Session, center: Center, actor: Actor, now_ns: int, days: list[SpecialDay]) -> list[str]:
    """The rooms whose configuration has a new version; tell them afterwards (`Links.notify`). Raises CenterError."""
    actor.check(Permission.MANAGE_ROOMS)
    standing = {day.date: day for day in county_days(session)}
    new = [day for day in days if standing.get(day.date) != day]
    if len(standing | {day.date: day for day in new}) > MOST_COUNTY_DAYS:
        raise CenterError(
            "calendar-full",
            f"日历最多 {MOST_COUNTY_DAYS} 天，未作任何更改；请先删去往年的日期。",
            f"The calendar holds at most {MOST_COUNTY_DAYS} days; nothing was changed. Take out those of past years.",
            status=422,
            field="lines",
        )
    for day in new:
        _change(session, center, actor, now_ns, day, "set")
    return _told(session, center, actor, now_ns) if new else []


def remove_day(session: Session, center: Center, actor: Actor, now_ns: int, day: date) -> list[str]:
    """As `set_days`; a day that does not stand there is no fault."""
    actor.check(Permission.MANAGE_ROOMS)
    gone = next((one for one in county_days(session) if one.date == day), None)
    if gone is None:
        return []
    _change(session, center, actor, now_ns, gone, "removed")
    return _told(session, center, actor, now_ns)


def _change(session: Session, center: Center, actor: Actor, now_ns: int, day: SpecialDay, act: str) -> None:
    like = day.like if act == "set" else None
    session.add(CalendarChange(day=day.date, act=act, like=like, made_wall_ns=now_ns, made_by=actor.account_id))
    body = {"day": day.date.isoformat(), "act": act, "like": like, "by": actor.account_id, "wall_ns": str(now_ns)}
    add_record(session, center, now_ns, "calendar", body)


def _told(session: Session, center: Center, actor: Actor, now_ns: int) -> list[str]:
    session.flush()
    rooms = list_rooms(session)
    for room in rooms:
        repeat_version(session, actor, now_ns, room, REASON)
    center.hurry()
    return [room.id for room in rooms]
