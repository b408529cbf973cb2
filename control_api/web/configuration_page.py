"""The room configuration form: shown, checked, saved as a new version, and the room told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response

from control_api.accounts.actor import Actor
from control_api.accounts.guard import require
from control_api.accounts.permissions import Permission
from control_api.center import center_of
from control_api.errors import CenterError, NotFound
from control_api.rooms.service import change_configuration, configuration_history, current_configuration
from control_api.web.configuration_form import FIELDS, read, show, typed_from
from control_api.web.page import PageRoute, error_text, go, language_of, pages_of, render
from control_api.web.room_queries import view_room
from control_api.web.session_queries import names_of
from control_api.web.words import VERSION_REASONS

router = APIRouter(route_class=PageRoute, include_in_schema=False)
Manager = Annotated[Actor, Depends(require(Permission.MANAGE_ROOMS))]


@router.get("/devices/{room_id}/configuration")
def show_configuration(request: Request, actor: Manager, room_id: str, saved: str = "") -> Response:
    return _page(request, actor, room_id, saved=bool(saved))


@router.post("/devices/{room_id}/configuration")
async def save_configuration(request: Request, actor: Manager, room_id: str) -> Response:
    form = await request.form()
    typed = {key: value for key, value in form.items() if isinstance(value, str)}
    return await run_in_threadpool(_save, request, actor, room_id, typed)


def _save(request: Request, actor: Actor, room_id: str, typed: Mapping[str, str]) -> Response:
    center, language, pages = center_of(request), language_of(request), pages_of(request)
    based_on = typed.get("based_on", "")
    with center.database.reading() as db:
        before = current_configuration(db, room_id).settings
    settings, wrong = read(typed, before)
    if wrong:
        errors = {name: pages.text(language, sentence, **figures) for name, sentence, figures in reversed(wrong)}
        return _page(request, actor, room_id, typed=typed, errors=errors, other=errors.pop("", ""))
    try:
        with center.database.writing() as db:
            change_configuration(
                db,
                actor,
                center.now_ns(),
                room_id,
                settings,
                reason=typed.get("reason", ""),
                based_on=int(based_on) if based_on.isdecimal() else None,
            )
    except CenterError as error:
        if isinstance(error, NotFound):
            raise
        return _page(request, actor, room_id, typed=typed, errors={}, other=error_text(language, error))
    center.links.notify(room_id, {"type": "configuration-changed"})
    return go(f"/devices/{room_id}/configuration?saved=1")


def _page(
    request: Request,
    actor: Actor,
    room_id: str,
    *,
    typed: Mapping[str, str] | None = None,
    errors: Mapping[str, str] | None = None,
    other: str = "",
    saved: bool = False,
) -> Response:
    center, pages, language = center_of(request), pages_of(request), language_of(request)
    with center.database.reading() as db:
        room = view_room(db, center, pages.county_time, room_id)
        if room is None:
            raise NotFound
        standing = current_configuration(db, room_id)
        versions = configuration_history(db, room_id)
        people = names_of(db, [version.made_by for version in versions])
    shown = typed_from(standing.settings) if typed is None else {f.name: typed.get(f.name, "") for f in FIELDS}
    context: dict[str, Any] = {
        "room": room,
        "based_on": (typed or {}).get("based_on") or standing.version,
        "wrong": len(errors or {}),
        "parts": show(shown, errors or {}, pages.translators[language].text),
        "reason": (typed or {}).get("reason", ""),
        "other_error": other,
        "saved": saved,
        "history": [
            {
                "version": version.version,
                "made_ns": version.made_wall_ns,
                "person": people.get(version.made_by or "", ""),
                "reason": VERSION_REASONS.get(version.reason, version.reason),
            }
            for version in versions
        ],
    }
    status = 422 if errors or other else 200
    return render(request, actor, "configuration.html", context, section="devices", status=status)
