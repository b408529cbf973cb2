"""Sessions, their cases, findings and holds as JSON. Searches are POST: no case ID ever stands in an address."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field

from control_api.accounts.actor import Actor
from control_api.accounts.guard import require
from control_api.accounts.permissions import Permission
from control_api.archive.holding import hold_in_archive
from control_api.center import center_of
from control_api.database import CaseTag, Finding, Hold
from control_api.sessions.cases import correct_case
from control_api.sessions.describe import SessionRow, describe_sessions
from control_api.sessions.findings import add_finding, list_findings
from control_api.sessions.footage import get_session
from control_api.sessions.held import holds_of_session
from control_api.sessions.holds import place_hold, release_hold
from control_api.sessions.search import SessionQuery, day_span, find_sessions
from control_api.sessions.tags import tag_history

router = APIRouter(prefix="/api", tags=["sessions"])
Finder = Annotated[Actor, Depends(require(Permission.FIND_SESSIONS))]
Holder = Annotated[Actor, Depends(require(Permission.HOLD))]
_CASE = "XF2026-000123"


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class SearchBody(_Body):
    case_id: str | None = Field(None, max_length=200, examples=[_CASE])
    room: str | None = None
    unit: str | None = None
    officer: str | None = None
    day: date | None = Field(None, examples=["2026-11-23"])
    untagged: bool = False
    page: int = Field(1, ge=1, le=10**6)


class SessionShown(_Body):
    id: str
    room_id: str
    room_name: str = Field(examples=["1号接谈室"])
    unit_name: str = Field(examples=["青石镇"])
    opened_wall_ns: int
    closed_wall_ns: int | None
    officer_name: str | None
    signed_in: str | None
    case_id: str | None = Field(examples=[_CASE])
    archived_segments: int
    waiting_segments: int
    refused_segments: int
    held: bool
    close_unknown: bool
    former_case_id: str | None = Field(description="found by this ID, which a correction has replaced")
    signed_opened_wall_ns: int | None = Field(
        description="the room's own time, where a signed correction dates it anew"
    )
    signed_closed_wall_ns: int | None


class SearchPage(_Body):
    sessions: list[SessionShown]
    total: int
    page: int
    pages: int


class TagShown(_Body):
    sha256: str
    case_id: str
    officer: str
    signed_in: str
    source: str
    made_wall_ns: int
    received_wall_ns: int
    bound: bool
    replaces: str | None
    reason: str | None


class FindingBody(_Body):
    wall_ns: int = Field(ge=0, lt=2**63, examples=[1795464000000000000])
    text: str = Field(max_length=4000, examples=["09:12 未告知受理范围"])
    marked: bool = True


class FindingShown(FindingBody):
    id: str
    author: str
    made_wall_ns: int


class HoldShown(_Body):
    id: str
    session: str | None
    case_id: str | None
    reason: str
    placed_wall_ns: int
    placed_by: str
    released_wall_ns: int | None
    released_by: str | None
    released_reason: str | None


class SessionWhole(_Body):
    session: SessionShown
    tags: list[TagShown]
    findings: list[FindingShown]
    holds: list[HoldShown]


class CaseBody(_Body):
    case_id: str = Field(max_length=200, examples=[_CASE])
    reason: str = Field("", max_length=400, examples=["录入时少一位"])


class HoldBody(_Body):
    session: str | None = None
    case_id: str | None = Field(None, max_length=200, examples=[_CASE])
    reason: str = Field(max_length=400, examples=["复查期间封存"])


class ReasonBody(_Body):
    reason: str = Field(max_length=400, examples=["复查已结束"])


@router.post("/sessions/search")
def search(body: SearchBody, request: Request, actor: Finder) -> SearchPage:
    """Newest first, fifty a page."""
    center = center_of(request)
    span = day_span(body.day, center.settings.timezone) if body.day is not None else None
    query = SessionQuery(body.case_id, body.room, body.unit, body.officer, span, body.untagged, body.page)
    with center.database.reading() as session:
        page = find_sessions(session, actor, query, center.settings)
    rows = [_session(row) for row in page.rows]
    return SearchPage(sessions=rows, total=page.total, page=page.page, pages=page.pages)


@router.get("/sessions/{session_id}")
def show(session_id: str, request: Request, _actor: Finder) -> SessionWhole:
    with center_of(request).database.reading() as session:
        row = get_session(session, session_id)
        return SessionWhole(
            session=_session(describe_sessions(session, [row])[0]),
            tags=[_tag(tag) for tag in tag_history(session, session_id)],
            findings=[_finding(finding) for finding in list_findings(session, session_id)],
            holds=[_hold(hold) for hold in holds_of_session(session, session_id)],
        )


@router.post("/sessions/{session_id}/case", status_code=201)
def set_case(
    session_id: str,
    body: CaseBody,
    request: Request,
    actor: Annotated[Actor, Depends(require(Permission.CORRECT_CASE))],
) -> TagShown:
    """Add the case ID, or correct it: a further tag, the one before it stays."""
    center = center_of(request)
    with center.database.writing() as session:
        return _tag(correct_case(session, center, actor, center.now_ns(), session_id, body.case_id, body.reason))


@router.post("/sessions/{session_id}/findings", status_code=201)
def new_finding(
    session_id: str,
    body: FindingBody,
    request: Request,
    actor: Annotated[Actor, Depends(require(Permission.WRITE_FINDINGS))],
) -> FindingShown:
    center = center_of(request)
    with center.database.writing() as session:
        finding = add_finding(
            session,
            center,
            actor,
            center.now_ns(),
            session_id,
            wall_ns=body.wall_ns,
            text=body.text,
            marked=body.marked,
        )
        return _finding(finding)


@router.post("/holds", status_code=201)
def new_hold(body: HoldBody, request: Request, actor: Holder) -> HoldShown:
    """Nothing deletes under a hold until it is released."""
    center = center_of(request)
    with center.database.writing() as session:
        hold = place_hold(
            session,
            center,
            actor,
            center.now_ns(),
            session_id=body.session,
            case_id=body.case_id,
            reason=body.reason,
        )
    hold_in_archive(center)
    return _hold(hold)


@router.post("/holds/{hold_id}/release")
def end_hold(hold_id: str, body: ReasonBody, request: Request, actor: Holder) -> HoldShown:
    center = center_of(request)
    with center.database.writing() as session:
        hold = release_hold(session, center, actor, center.now_ns(), hold_id, body.reason)
    hold_in_archive(center)
    return _hold(hold)


def _session(row: SessionRow) -> SessionShown:
    return SessionShown(
        id=row.id,
        room_id=row.room_id,
        room_name=row.room,
        unit_name=row.unit,
        opened_wall_ns=row.opened_ns,
        closed_wall_ns=row.closed_ns,
        officer_name=row.officer_name,
        signed_in=row.signed_in,
        case_id=row.case_id,
        archived_segments=row.archived,
        waiting_segments=row.waiting,
        refused_segments=row.refused,
        held=row.held,
        close_unknown=row.close_unknown,
        former_case_id=row.former_case_id,
        signed_opened_wall_ns=row.signed_opened_ns,
        signed_closed_wall_ns=row.signed_closed_ns,
    )


def _tag(tag: CaseTag) -> TagShown:
    return TagShown(
        sha256=tag.sha256,
        case_id=tag.case_id,
        officer=tag.officer_id,
        signed_in=tag.signed_in,
        source=tag.source,
        made_wall_ns=tag.made_wall_ns,
        received_wall_ns=tag.received_wall_ns,
        bound=tag.bound_wall_ns is not None,
        replaces=tag.replaces,
        reason=tag.reason,
    )


def _finding(finding: Finding) -> FindingShown:
    return FindingShown(
        id=finding.id,
        wall_ns=finding.wall_ns,
        text=finding.text,
        marked=finding.marked,
        author=finding.author_id,
        made_wall_ns=finding.made_wall_ns,
    )


def _hold(hold: Hold) -> HoldShown:
    return HoldShown(
        id=hold.id,
        session=hold.session_id,
        case_id=hold.case_id,
        reason=hold.reason,
        placed_wall_ns=hold.placed_wall_ns,
        placed_by=hold.placed_by,
        released_wall_ns=hold.released_wall_ns,
        released_by=hold.released_by,
        released_reason=hold.released_reason,
    )
