"""The access register as JSON: a reason in, a grant out; and the register itself for those who may read it."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from control_api.accounts.actor import Actor
from control_api.accounts.acts import list_acts
from control_api.accounts.guard import require
from control_api.accounts.permissions import Permission
from control_api.accounts.routes import ActShown, show_act
from control_api.center import center_of
from control_api.database import AccessGrant
from control_api.register.service import check_chain, grant_access, list_grants
from control_api.sessions.footage import get_session

router = APIRouter(prefix="/api/register", tags=["register"])
MAX_PAGE = 10**6


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class AccessBody(_Body):
    what: Literal["replay", "download"]
    session: str
    reason: str = Field(max_length=400, examples=["群众反映接谈时间有出入，核对原始录像"])


class Stretch(_Body):
    from_wall_ns: int
    to_wall_ns: int
    fetched_wall_ns: int


class GrantShown(_Body):
    number: int
    id: str
    person: str
    unit: str
    what: str
    room: str
    session: str | None
    reason: str
    granted_wall_ns: int
    sha256: str
    stretches: list[Stretch]


class ChainShown(_Body):
    whole: bool
    first_fault: int | None = Field(None, description="number of the first row that does not fit")
    why: str | None = None


@router.post("", status_code=201)
def ask_access(
    body: AccessBody, request: Request, actor: Annotated[Actor, Depends(require(Permission.REPLAY))]
) -> GrantShown:
    """Give a reason; the row is written before this answer and before any footage."""
    center = center_of(request)
    with center.database.writing() as session:
        row = get_session(session, body.session)
        grant = grant_access(
            session,
            center,
            actor,
            center.now_ns(),
            what=body.what,
            room_id=row.room_id,
            session_id=row.id,
            reason=body.reason,
        )
        return _shown(grant)


@router.get("")
def register(
    request: Request,
    actor: Annotated[Actor, Depends(require(Permission.READ_REGISTER))],
    page: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 1,
    session: str | None = None,
) -> list[GrantShown]:
    """Newest first, a hundred a page."""
    with center_of(request).database.reading() as rows:
        return [_shown(grant) for grant in list_grants(rows, actor, page=page, session_id=session)]


@router.get("/accounts")
def account_acts(
    request: Request, actor: Annotated[Actor, Depends(require(Permission.READ_REGISTER))]
) -> list[ActShown]:
    """What was done to accounts, by whom, newest first: a password set by another opens footage under a name."""
    with center_of(request).database.reading() as rows:
        return [show_act(act) for act in list_acts(rows, actor)]


@router.get("/check")
def check(request: Request, _actor: Annotated[Actor, Depends(require(Permission.READ_REGISTER))]) -> ChainShown:
    """Whether every row still follows from the one before it."""
    with center_of(request).database.reading() as session:
        fault = check_chain(session)
    return ChainShown(whole=True) if fault is None else ChainShown(whole=False, first_fault=fault.number, why=fault.why)


def _shown(grant: AccessGrant) -> GrantShown:
    return GrantShown(
        number=grant.number,
        id=grant.id,
        person=grant.person,
        unit=grant.unit,
        what=grant.what,
        room=grant.room_id,
        session=grant.session_id,
        reason=grant.reason,
        granted_wall_ns=grant.granted_wall_ns,
        sha256=grant.sha256,
        stretches=[
            Stretch(
                from_wall_ns=stretch.from_wall_ns,
                to_wall_ns=stretch.to_wall_ns,
                fetched_wall_ns=stretch.fetched_wall_ns,
            )
            for stretch in grant.stretches
        ],
    )
