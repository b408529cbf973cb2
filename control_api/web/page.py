"""Renders a page for the person who asked for it, and turns refusals into pages. Knows no particular page."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from fastapi.routing import APIRoute
from sqlalchemy import func, select

from control_api.accounts.actor import Actor
from control_api.accounts.guard import MustChangePassword, signed_in
from control_api.accounts.permissions import Permission
from control_api.center import Center, center_of
from control_api.database import Alarm
from control_api.errors import CenterError, NotSignedIn, wants_page
from control_api.sessions.missed import count_open
from control_api.web import words
from control_api.web.navigation import entries_for
from control_api.web.problem_words import problem_word
from control_api.web.room_state import since_of
from pages.assets import Assets
from pages.environment import Pages
from pages.translation import Language
from pages.translation import mark as _
from storage.errors import StorageError

_HERE = Path(__file__).parent
TITLES = {
    403: _("没有权限"),
    404: _("没有找到"),
    409: _("没有更改"),
    422: _("没有更改"),
    429: _("请稍候"),
    503: _("暂时不可用"),
}


@cache
def county_pages(timezone: str) -> Pages:
    """The templates of the centre; one set for each time zone that is asked for, which is one."""
    assets = Assets(_HERE / "static")
    pages = Pages([_HERE / "templates"], [_HERE / "translations" / "en.po"], assets, timezone)
    pages.add_filters(lambda translator: {"role_word": lambda code: translator.text(words.word(words.ROLES, code))})
    county = pages.county_time
    shown: dict[str, Callable[..., Any]] = {
        # A time of today stands without its day.
        "clock_or_moment": lambda at, now: (county.clock if county.day(at) == county.day(now) else county.moment)(at),
        "minute_or_moment": lambda at, now: (county.minute if county.day(at) == county.day(now) else county.moment)(at),
        "since_ns": since_of,
        "problem_word": problem_word,
    }
    pages.add_filters(lambda _translator: shown)
    return pages


def pages_of(request: Request) -> Pages:
    return county_pages(center_of(request).settings.timezone)


def language_of(request: Request) -> Language:
    return pages_of(request).language(request)


def render(
    request: Request,
    actor: Actor | None,
    template: str,
    context: Mapping[str, Any] | None = None,
    *,
    section: str = "",
    status: int = 200,
) -> HTMLResponse:
    """The page in the reader's language, with the frame that the person's role has."""
    pages, center = pages_of(request), center_of(request)
    language = pages.language(request)
    frame: dict[str, Any] = {
        "actor": actor,
        "csrf": actor.csrf if actor else "",
        "may": (lambda permission: actor.may(Permission(permission))) if actor else (lambda _permission: False),
        "navigation": entries_for(actor.may) if actor else [],
        "section": section,
        "demo": center.settings.demo,
        "unit_title": pages.translators[language].unit_title(center.settings.county_name),
        "counts_open": {"missed": _open_missed(center)} if actor and actor.may(Permission.FIND_SESSIONS) else {},
        "alarm_count": count_alarms(center) if actor and actor.may(Permission.SEE_ALARMS) else 0,
        "now_ns": center.now_ns(),
        "source_words": words.SOURCES,
        "mode_words": words.MODES,
        "county_zone": center.settings.timezone,
        "said": lambda chinese, english: (english or chinese) if language == "en" else chinese,
    }
    html = pages.render(language, template, frame | dict(context or {}))
    return HTMLResponse(html, status_code=status, headers={"vary": "cookie, accept-language"})


def _open_missed(center: Center) -> int:
    with center.database.reading() as session:
        return count_open(session)


def count_alarms(center: Center) -> int:
    open_ones = (Alarm.cleared_wall_ns.is_(None)) & (Alarm.acknowledged_wall_ns.is_(None))
    with center.database.reading() as session:
        return session.scalar(select(func.count()).select_from(Alarm).where(open_ones)) or 0


def go(address: str) -> RedirectResponse:
    """Show another page after a change, so that reloading repeats nothing."""
    return RedirectResponse(address, status_code=303)


class PageRoute(APIRoute):
    """A route whose refusals are pages when a browser asked for a page."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_page(request: Request) -> Response:
            try:
                return await handle(request)
            except MustChangePassword:
                return go("/account")
            except (CenterError, StorageError) as error:
                if isinstance(error, NotSignedIn) or not wants_page(request):
                    raise
                return await run_in_threadpool(refusal_page, request, await signed_in(request), error)
            except RequestValidationError:
                if not wants_page(request):
                    raise
                return await run_in_threadpool(refusal_page, request, await signed_in(request), _not_understood())

        return handle_page


def refusal_page(request: Request, actor: Actor | None, error: CenterError | StorageError) -> HTMLResponse:
    status = error.status if isinstance(error, CenterError) else 503 if getattr(error, "recoverable", False) else 422
    pages, language = pages_of(request), language_of(request)
    context = {
        "title": pages.text(language, TITLES.get(status, _("没有完成"))),
        "message": error_text(language, error),
        "back": "/" if request.method == "GET" else _same_site_referer(request),
    }
    return render(request, actor, "refusal.html", context, status=status)


def _not_understood() -> CenterError:
    """Names no value: it may be a person's."""
    return CenterError(
        "bad-request",
        "地址或所填内容不符合要求，未作任何更改。",
        "The address or what was typed is not what this page takes; nothing was changed.",
        status=422,
    )


def error_text(language: Language, error: CenterError | StorageError) -> str:
    return str(error) if language == "en" else error.message


def _same_site_referer(request: Request) -> str:
    """The page that the form stood on, when it is ours; only its path."""
    referer = request.headers.get("referer", "")
    base = str(request.base_url)
    return "/" + referer.removeprefix(base) if referer.startswith(base) else "/"
