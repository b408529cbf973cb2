"""The county's calendar: holidays and make-up days for every room. A form for one day, one for a year of lines."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response

from config.opening_hours import WEEKDAYS
from control_api.accounts.actor import Actor
from control_api.accounts.guard import require
from control_api.accounts.permissions import Permission
from control_api.center import Center, center_of
from control_api.errors import CenterError
from control_api.rooms.calendar import CalendarDay, read_lines, remove_day, set_days, standing_days
from control_api.web.page import PageRoute, error_text, go, language_of, pages_of, render
from control_api.web.session_queries import names_of
from control_api.web.words import WEEKDAY_WORDS
from pages.translation import mark as _

router = APIRouter(route_class=PageRoute, include_in_schema=False)
Manager = Annotated[Actor, Depends(require(Permission.MANAGE_ROOMS))]
Text = Annotated[str, Form()]
CLOSED = "closed"


@router.get("/calendar")
def show_calendar(request: Request, actor: Manager, year: str = "") -> Response:
    return _page(request, actor, year=year)


@router.post("/calendar")
def add_days(request: Request, actor: Manager, day: Text = "", like: Text = CLOSED, lines: Text = "") -> Response:
    """One day by its own fields, or many as lines."""
    center = center_of(request)
    typed = {"day": day, "like": like, "lines": lines}
    try:
        wanted = read_lines(lines if lines.strip() else f"{day} {like}" if day.strip() else "")
        if not wanted:
            raise _no_day()
        with center.database.writing() as db:
            rooms = set_days(db, center, actor, center.now_ns(), wanted)
    except CenterError as error:
        unclear = error.code == "bad-line" and not lines.strip()  # typed into the day's own field
        return _page(request, actor, error=_no_day() if unclear else error, typed=typed)
    _tell(center, rooms)
    return go(f"/calendar?year={min(one.date for one in wanted).year}")


@router.post("/calendar/{day}/remove")
def take_out(request: Request, actor: Manager, day: date) -> Response:
    center = center_of(request)
    with center.database.writing() as db:
        rooms = remove_day(db, center, actor, center.now_ns(), day)
    _tell(center, rooms)
    return go(f"/calendar?year={day.year}")


def _tell(center: Center, rooms: list[str]) -> None:
    for room_id in rooms:
        center.links.notify(room_id, {"type": "configuration-changed"})


def _no_day() -> CenterError:
    return CenterError("no-day", "请选择日期。", "Choose a day.", status=422, field="day")


def _page(
    request: Request,
    actor: Actor,
    *,
    year: str = "",
    error: CenterError | None = None,
    typed: dict[str, str] | None = None,
) -> Response:
    center, pages, language = center_of(request), pages_of(request), language_of(request)
    today = pages.county_time.at(center.now_ns()).date()
    with center.database.reading() as db:
        days = standing_days(db)
        people = names_of(db, [one.made_by for one in days])
    years = sorted({today.year, today.year + 1} | {one.day.date.year for one in days})
    shown = int(year) if year.isdecimal() and int(year) in years else today.year
    context: dict[str, Any] = {
        "days": [_shown(one, people, today) for one in days if one.day.date.year == shown],
        "years": years,
        "year": shown,
        "likes": [(CLOSED, pages.text(language, _("休（全天不开放）")))]
        + [
            (name, pages.text(language, _("按%(day)s开放"), day=pages.text(language, WEEKDAY_WORDS[name])))
            for name in WEEKDAYS
        ],
        "errors": {"day": "", "lines": ""},
        "typed": {"day": "", "like": CLOSED, "lines": ""} | (typed or {}),
    }
    if error is not None:
        context["errors"]["day" if error.field == "day" else "lines"] = error_text(language, error)
    return render(request, actor, "calendar.html", context, section="devices", status=error.status if error else 200)


def _shown(one: CalendarDay, people: dict[str, str], today: date) -> dict[str, Any]:
    day = one.day
    return {
        "date": day.date.isoformat(),
        "weekday": WEEKDAY_WORDS[WEEKDAYS[day.date.weekday()]],
        "like": WEEKDAY_WORDS[day.like] if day.like else "",
        "past": day.date < today,
        "made_ns": one.made_wall_ns,
        "person": people.get(one.made_by or "", ""),
    }
