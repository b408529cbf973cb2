"""When a room is open: weekly hours, holidays and make-up days. Pure: the moment is an argument.

Times are the county's own; a span that ends before it begins is refused, so hours across midnight are two spans.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field

from config.strict import Strict

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
WEEKDAYS: tuple[Weekday, ...] = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_SPAN = r"^([01]\d|2[0-3]):[0-5]\d-(([01]\d|2[0-3]):[0-5]\d|24:00)$"
MOST_DAYS = 400


def minutes_of(span: str) -> tuple[int, int]:
    """`09:00-12:30` as minutes of the day, the end not included."""
    start, end = (int(part[:2]) * 60 + int(part[3:]) for part in span.split("-"))
    return start, end


def _are_in_order(spans: tuple[str, ...]) -> tuple[str, ...]:
    before: str | None = None
    for span in spans:
        start, end = minutes_of(span)
        if end <= start:
            raise ValueError(f"{span} ends before it begins; hours across midnight are two spans, on two days")
        if before is not None and start < minutes_of(before)[1]:
            raise ValueError(f"{span} overlaps or comes before {before}; write the spans in order and apart")
        before = span
    return spans


Span = Annotated[str, Field(pattern=_SPAN, description="such as 09:00-12:00")]
Spans = Annotated[tuple[Span, ...], Field(max_length=8), AfterValidator(_are_in_order)]


class WeeklyHours(Strict):
    """A day without spans is closed."""

    monday: Spans = ()
    tuesday: Spans = ()
    wednesday: Spans = ()
    thursday: Spans = ()
    friday: Spans = ()
    saturday: Spans = ()
    sunday: Spans = ()

    def of(self, weekday: Weekday) -> tuple[str, ...]:
        spans: tuple[str, ...] = getattr(self, weekday)
        return spans


class SpecialDay(Strict):
    """A holiday (`like` None: closed all day) or a make-up day (`like`: the weekday whose hours count)."""

    date: date
    like: Weekday | None = None


def _are_single(days: tuple[SpecialDay, ...]) -> tuple[SpecialDay, ...]:
    seen: set[date] = set()
    for day in days:
        if day.date in seen:
            raise ValueError(f"{day.date} stands twice among the special days; leave one")
        seen.add(day.date)
    return days


SpecialDays = Annotated[tuple[SpecialDay, ...], Field(max_length=MOST_DAYS), AfterValidator(_are_single)]


class OpeningHours(Strict):
    weekly: WeeklyHours = WeeklyHours()
    days: SpecialDays = ()

    @property
    def known(self) -> bool:
        """Whether anybody said when this room is open."""
        return any(self.weekly.of(weekday) for weekday in WEEKDAYS)

    def on(self, day: date) -> tuple[str, ...]:
        """The spans of one day."""
        special = next((one for one in self.days if one.date == day), None)
        if special is None:
            return self.weekly.of(WEEKDAYS[day.weekday()])
        return () if special.like is None else self.weekly.of(special.like)

    def is_open(self, wall_ns: int, timezone: str) -> bool:
        """Whether the room is open at `wall_ns` (UTC nanoseconds) by the county's clock."""
        local = datetime.fromtimestamp(wall_ns / 1e9, UTC).astimezone(ZoneInfo(timezone))
        now = _minute(local.time())
        return any(start <= now < end for start, end in map(minutes_of, self.on(local.date())))

    def next_opening(self, wall_ns: int, timezone: str) -> int | None:
        """When the room opens next after `wall_ns`; None when no day to come has hours."""
        zone = ZoneInfo(timezone)
        today = datetime.fromtimestamp(wall_ns / 1e9, UTC).astimezone(zone).date()
        for day in (today + timedelta(days=ahead) for ahead in range(MOST_DAYS)):
            for start, _ in map(minutes_of, self.on(day)):
                opens = datetime.combine(day, time(start // 60, start % 60), zone)
                if (opens_ns := int(opens.timestamp()) * 1_000_000_000) > wall_ns:
                    return opens_ns
        return None


def _minute(at: time) -> int:
    return at.hour * 60 + at.minute
