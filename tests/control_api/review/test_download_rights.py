"""A download goes on only while its person may have it, and says where the chain was not whole."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from io import BytesIO
from zipfile import ZipFile

import pytest
from sqlalchemy import select

from control_api.accounts.actor import Actor
from control_api.accounts.signing_in import find_actor
from control_api.center import Center
from control_api.database import AccessStretch, Account, Entry, RefusedEntry, WebSession
from control_api.errors import CenterError, NotAllowed, NotSignedIn
from control_api.register.service import grant_access
from control_api.review.package import gather, stream
from control_api.sessions.footage import get_session
from tests.fakes.story import Person, Story


@pytest.fixture
def supervisor(story: Story) -> Person:
    return story.person("supervisor")


def who(center: Center, person: Person) -> Actor:
    actor = find_actor(center.database, person.client.cookies[center.cookie_name], center.now_ns())
    assert actor is not None
    return actor


def begun(center: Center, actor: Actor, session_id: str) -> tuple[str, Iterator[bytes]]:
    """The grant, and a download from which the first footage has come."""
    with center.database.writing() as db:
        row = get_session(db, session_id)
        contents, stored = gather(db, row, center.now_ns())
        grant = grant_access(
            db,
            center,
            actor,
            center.now_ns(),
            what="download",
            room_id=row.room_id,
            session_id=row.id,
            reason="移送核查",
        )
    pieces = stream(center, actor, grant.id, contents, stored)
    while not sent(center, grant.id):
        next(pieces)
    return grant.id, pieces


def sent(center: Center, grant_id: str) -> int:
    with center.database.reading() as db:
        return len(db.scalars(select(AccessStretch).where(AccessStretch.grant_id == grant_id)).all())


def end_web_session(center: Center, actor: Actor) -> None:
    with center.database.writing() as db:
        db.get_one(WebSession, actor.web_session).seen_wall_ns = 0


def disable(center: Center, actor: Actor) -> None:
    with center.database.writing() as db:
        db.get_one(Account, actor.account_id).disabled_wall_ns = center.now_ns()


def demote(center: Center, actor: Actor) -> None:
    with center.database.writing() as db:
        db.get_one(Account, actor.account_id).role = "administrator"


@pytest.mark.parametrize(
    ("end", "refusal"),
    [(end_web_session, NotSignedIn), (disable, NotSignedIn), (demote, NotAllowed)],
    ids=lambda one: one.__name__,
)
def test_a_download_ends_with_the_right(
    story: Story, supervisor: Person, end: Callable[[Center, Actor], None], refusal: type[CenterError]
) -> None:
    center = story.seeded.center
    actor = who(center, supervisor)
    grant_id, pieces = begun(center, actor, story.sessions["main"])
    end(center, actor)
    try:
        with pytest.raises(refusal):
            list(pieces)
        assert sent(center, grant_id) == 1
    finally:
        with center.database.writing() as db:
            account = db.get_one(Account, actor.account_id)
            account.disabled_wall_ns, account.role = None, "supervisor"
            db.get_one(WebSession, actor.web_session).seen_wall_ns = center.now_ns()


def test_what_was_refused_goes_along_and_is_said(story: Story, supervisor: Person) -> None:
    center, session_id = story.seeded.center, story.sessions["main"]
    with center.database.writing() as db:
        entry = db.scalars(select(Entry).where(Entry.session_id == session_id, Entry.kind == "segment")).first()
        assert entry is not None
        entry.behind_refused = True
        refused = RefusedEntry(
            device_id=entry.device_id,
            sha256="e" * 64,
            claimed_number=entry.number,
            code="second-head",
            reason="",
            jws="a.b.c",
            received_wall_ns=1,
        )
        db.add(refused)
    try:
        answer = supervisor.post("/review/downloads", {"session": session_id, "reason": "移送核查"})
        with ZipFile(BytesIO(answer.content)) as package:
            said = json.loads(package.read("refused/refused.json"))
            assert package.read(said["refused"][0]["file"]) == b"a.b.c"
        assert said["accepted_behind_refused"] == [{"device": entry.device_id, "number": entry.number}]
        for page in (f"/sessions/{session_id}", supervisor.watch(session_id)):
            assert "曾被拒收" in supervisor.get(page).text
    finally:
        with center.database.writing() as db:
            db.delete(db.get_one(RefusedEntry, refused.number))
            db.get_one(Entry, entry.sha256).behind_refused = False
