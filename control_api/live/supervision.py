"""L2  Watching ends with the right to watch. Media goes from room to browser and passes nothing here, so every two
seconds each watching is looked at anew: signed in, still allowed, within the register row's twelve hours. Whoever is
not is closed in the room, and the stretch that was watched goes into the register, as when the viewer is gone there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import structlog
from fastapi.concurrency import run_in_threadpool

from control_api.accounts.signing_in import still_signed_in
from control_api.center import Center
from control_api.errors import CenterError
from control_api.live.watching import Watching
from control_api.register.service import get_grant, record_stretch

log = structlog.get_logger()
PAUSE_S = 2.0
MISSING_NS = 10 * 10**9  # the room names its viewers every two seconds, but learns of them every three


async def watch_over(center: Center, pause_s: float = PAUSE_S) -> None:
    """Runs until cancelled."""
    while True:
        try:
            await look_once(center)
        except Exception as error:
            log.error("live-supervision-fault", error=type(error).__name__, exc_info=error)
        await asyncio.sleep(pause_s)


async def look_once(center: Center) -> None:
    now_ns, known = center.now_ns(), center.watching.all()
    over = await run_in_threadpool(_without_right, center, known)
    for viewer, watching in known:
        if viewer in over:
            await end_watching(center, viewer, now_ns)
        elif _gone(center, viewer, watching, now_ns):
            await end_watching(center, viewer, watching.missing_wall_ns or now_ns)
    for room_id, viewer in _strangers(center):
        center.links.notify(room_id, {"type": "live-close", "viewer": viewer})


async def end_watching(center: Center, viewer: str, to_wall_ns: int) -> None:
    """Close it in the room and write down what was watched; once, whoever asks."""
    watching = center.watching.remove(viewer)
    if watching is None:
        return
    center.links.notify(watching.room_id, {"type": "live-close", "viewer": viewer})
    await run_in_threadpool(_record, center, watching, to_wall_ns)


async def end_all(center: Center) -> None:
    """The centre stops: what was watched until now is written down."""
    for viewer, _ in center.watching.all():
        await end_watching(center, viewer, center.now_ns())


def _without_right(center: Center, known: Sequence[tuple[str, Watching]]) -> set[str]:
    if not known:
        return set()
    with center.database.reading() as session:
        over = set()
        for viewer, watching in known:
            now_ns = center.now_ns()
            actor = still_signed_in(session, watching.web_session, now_ns)
            try:
                if actor is None or actor.must_change_password:
                    over.add(viewer)
                else:
                    get_grant(session, actor, watching.grant_id, now_ns)
            except CenterError:
                over.add(viewer)
        return over


def _gone(center: Center, viewer: str, watching: Watching, now_ns: int) -> bool:
    """Whether the room has not named this viewer for a while. A room off the line says nothing either way."""
    status = center.links.status_of(watching.room_id)
    if status is None or status[0].viewers is None or watching.answered_wall_ns is None:
        return False
    if viewer in status[0].viewers:
        watching.missing_wall_ns = None
        return False
    watching.missing_wall_ns = watching.missing_wall_ns or now_ns
    return now_ns - max(watching.missing_wall_ns, watching.answered_wall_ns) > MISSING_NS


def _strangers(center: Center) -> list[tuple[str, str]]:
    """Viewers that rooms name and nobody here knows: ended while the room was off the line, or before a restart."""
    named = ((room_id, status.viewers or []) for room_id, status in center.links.statuses())
    return [(room_id, viewer) for room_id, viewers in named for viewer in viewers if not center.watching.get(viewer)]


def _record(center: Center, watching: Watching, to_wall_ns: int) -> None:
    with center.database.writing() as session:
        record_stretch(
            session,
            watching.grant_id,
            from_wall_ns=watching.since_wall_ns,
            to_wall_ns=max(to_wall_ns, watching.since_wall_ns),
            fetched_wall_ns=center.now_ns(),
        )
