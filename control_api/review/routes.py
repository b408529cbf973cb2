"""Replay, findings and download over HTTP. The register's row is committed before any footage leaves.

Every answer with footage asks anew who is asking: a person whose rights end sees no further segment.
"""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass, replace
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from sqlalchemy.orm import Session

from control_api.accounts.actor import Actor
from control_api.accounts.guard import require
from control_api.accounts.permissions import Permission
from control_api.center import Center, center_of
from control_api.database import AccessGrant, Room, RoomSession
from control_api.errors import CenterError, NotFound
from control_api.register.service import get_grant, grant_access, record_stretch
from control_api.review.account import account_of
from control_api.review.footage import Stored, notes_in, segments_of_run, stored_segment, timeline_of
from control_api.review.marks import marks_of
from control_api.review.opening import Damaged, open_segment
from control_api.review.package import gather, stream
from control_api.review.viewing import playlist, timeline_json
from control_api.sessions.describe import describe_sessions
from control_api.sessions.findings import add_finding
from control_api.sessions.footage import Stretch, behind_refused, get_session, session_stretch
from control_api.web.page import PageRoute, go, language_of, pages_of, render
from control_api.web.session_queries import findings_of, holds_of
from control_api.web.sessions import session_page
from storage.playlist import CONTENT_TYPE

router = APIRouter(route_class=PageRoute, include_in_schema=False)
Viewer = Annotated[Actor, Depends(require(Permission.REPLAY))]
Taker = Annotated[Actor, Depends(require(Permission.DOWNLOAD))]
Writer = Annotated[Actor, Depends(require(Permission.WRITE_FINDINGS))]
Text = Annotated[str, Form()]
NO_STORE = {"cache-control": "no-store"}
_DIGEST = re.compile(r"[0-9a-f]{64}")
MOST_SKIPPED = 50
MOST_TRIED = 5  # segments of a run, for its init bytes


@router.post("/review")
def begin(request: Request, actor: Viewer, session: Text = "", reason: Text = "") -> Response:
    """Reason first: the row is in the register before the player's page is even shown."""
    center = center_of(request)
    try:
        with center.database.writing() as db:
            row = get_session(db, session)
            grant = grant_access(
                db, center, actor, center.now_ns(), what="replay", room_id=row.room_id, session_id=row.id, reason=reason
            )
    except CenterError as error:
        if error.field != "reason":
            raise
        return session_page(request, actor, session, error=error, field="reason", typed={"reason": reason})
    return go(f"/review/{grant.id}")


@router.get("/review/{access}")
def show_player(request: Request, actor: Viewer, access: str) -> Response:
    center = center_of(request)
    with center.database.reading() as db:
        watched = _allowed(db, center, actor, access)
        row = watched.row
        context: dict[str, Any] = {
            "grant": watched.grant,
            "session": describe_sessions(db, [row])[0] if row else None,
            "room": db.get_one(Room, watched.stretch.room_id),
            "span_ns": watched.stretch.span_ns,
            "breaks": [entry.start_wall_ns for entry in behind_refused(db, row)] if row else [],
            "findings": findings_of(db, row.id) if row else [],
            "holds": [hold for hold in holds_of(db, row.id) if hold["released_ns"] is None] if row else [],
        }
    return render(request, actor, "replay.html", context, section="sessions" if row else "missed")


@router.get("/review/{access}/timeline.json")
def give_timeline(request: Request, actor: Viewer, access: str, skip: str = "") -> Response:
    center, translate = center_of(request), pages_of(request).translators[language_of(request)].text
    with center.database.reading() as db:
        watched = _allowed(db, center, actor, access)
        line = timeline_of(db, watched.stretch, _skipped(skip))
        marks = marks_of(notes_in(db, watched.stretch), translate)
        findings = findings_of(db, watched.row.id) if watched.row else []
    body = timeline_json(line, translate)
    body["session"] = _session_json(watched.row)
    body["marks"] = [{"wall_ms": one.wall_ns // 10**6, "kind": one.kind, "words": one.words} for one in marks]
    body["findings"] = [{"wall_ms": one["wall_ns"] // 10**6, "text": one["text"]} for one in findings if one["marked"]]
    return JSONResponse(body, headers=NO_STORE)


def _session_json(row: RoomSession | None) -> dict[str, int | None] | None:
    if row is None:
        return None
    closed_ns = row.closed_wall_ns
    return {"opened_ms": row.opened_wall_ns // 10**6, "closed_ms": None if closed_ns is None else closed_ns // 10**6}


@router.get("/review/{access}/playlist.m3u8")
def give_playlist(request: Request, actor: Viewer, access: str, skip: str = "") -> Response:
    center = center_of(request)
    with center.database.reading() as db:
        line = timeline_of(db, _allowed(db, center, actor, access).stretch, _skipped(skip))
    return Response(playlist(line), media_type=CONTENT_TYPE, headers=NO_STORE)


@router.get("/review/{access}/init/{run}.mp4")
def give_init(request: Request, actor: Viewer, access: str, run: str) -> Response:
    """The run's ftyp+moov: no picture and no sound is in it, so that the register notes nothing. A damaged segment
    does not keep the others of its run from being played."""
    center = center_of(request)
    with center.database.reading() as db:
        found = segments_of_run(db, _allowed(db, center, actor, access).stretch, run)[:MOST_TRIED]
    for stored in found[:-1]:
        with contextlib.suppress(Damaged):
            return Response(open_segment(center, stored).init, media_type="video/mp4", headers=NO_STORE)
    return Response(open_segment(center, found[-1]).init, media_type="video/mp4", headers=NO_STORE)


@router.get("/review/{access}/segments/{entry}.m4s")
def give_segment(request: Request, actor: Viewer, access: str, entry: str) -> Response:
    center = center_of(request)
    with center.database.reading() as db:
        watched = _allowed(db, center, actor, access)
        stored = stored_segment(db, watched.stretch, entry)
    media = open_segment(center, stored).media
    _record(center, watched.grant.id, stored)
    return Response(media, media_type="video/iso.segment", headers=NO_STORE)


@router.post("/review/{access}/findings")
def write_finding(
    request: Request,
    actor: Writer,
    access: str,
    wall_ms: Annotated[int, Form()] = 0,
    text: Text = "",
    marked: Text = "",
) -> Response:
    """Answers with the list of findings as it stands, to be put in place."""
    center = center_of(request)
    with center.database.writing() as db:
        row = _allowed(db, center, actor, access).row
        if row is None:
            raise NotFound  # findings belong to sessions
        add_finding(db, center, actor, center.now_ns(), row.id, wall_ns=wall_ms * 10**6, text=text, marked=bool(marked))
        findings = findings_of(db, row.id)
    return render(request, actor, "findings.html", {"findings": findings}, status=201)


@router.post("/review/downloads")
def download(request: Request, actor: Taker, session: Text = "", reason: Text = "") -> Response:
    center = center_of(request)
    try:
        with center.database.writing() as db:
            row = get_session(db, session)
            contents, stored = gather(db, row, center.now_ns())
            stretch = session_stretch(db, row)
            english = pages_of(request).translators["en"].text
            account = account_of(
                timeline_of(db, stretch), notes_in(db, stretch), english, pages_of(request).county_time
            )
            contents = replace(contents, account=account)
            grant = grant_access(
                db,
                center,
                actor,
                center.now_ns(),
                what="download",
                room_id=row.room_id,
                session_id=row.id,
                reason=reason,
            )
    except CenterError as error:
        if error.field != "reason":
            raise
        typed = {"download_reason": reason}
        return session_page(request, actor, session, error=error, field="download_reason", typed=typed)
    # The name says nothing about the case: it will lie about in folders and in logs.
    name = f"shilu-{pages_of(request).county_time.at(row.opened_wall_ns):%Y%m%d-%H%M}-{session[:8]}.zip"
    headers = NO_STORE | {"content-disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(
        stream(center, actor, grant.id, contents, stored), media_type="application/zip", headers=headers
    )


@dataclass(frozen=True, slots=True)
class Watched:
    """What a grant lets its person see; `row`: the session, or None for a stretch that belongs to none."""

    grant: AccessGrant
    stretch: Stretch
    row: RoomSession | None


def _allowed(db: Session, center: Center, actor: Actor, access: str) -> Watched:
    """The person's own grant and what it is for. Raises NotFound, NotAllowed, CenterError `grant-ended`."""
    grant = get_grant(db, actor, access, center.now_ns())
    if grant.what != "replay":
        raise NotFound
    if grant.session_id is not None:
        row = get_session(db, grant.session_id)
        return Watched(grant, session_stretch(db, row), row)
    if grant.from_wall_ns is None or grant.to_wall_ns is None:
        raise NotFound
    return Watched(grant, Stretch(grant.room_id, (grant.from_wall_ns, grant.to_wall_ns)), None)


def _record(center: Center, grant_id: str, stored: Stored) -> None:
    with center.database.writing() as db:
        record_stretch(
            db,
            grant_id,
            from_wall_ns=stored.start_wall_ns,
            to_wall_ns=stored.end_wall_ns,
            fetched_wall_ns=center.now_ns(),
            entry_sha256=stored.entry,
        )


def _skipped(skip: str) -> list[str]:
    """Entries that this viewer was refused as damaged."""
    return [digest for digest in skip.split(",")[:MOST_SKIPPED] if _DIGEST.fullmatch(digest)]
