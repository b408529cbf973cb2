"""R1, R2: rows are chained by hash, name a person and a reason, and serve that person alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import delete, select, update

from control_api.accounts.actor import Actor
from control_api.archive.alarms import open_alarms
from control_api.archive.keeper import work_once
from control_api.database import AccessGrant, AccessStretch, Meta
from control_api.errors import CenterError, NotAllowed, NotFound
from control_api.register.service import check_chain, get_grant, grant_access, record_stretch, row_hash
from control_api.rooms.service import create_room
from storage.record import read_record
from tests.control_api.running_centre import RunningCentre

HOUR_NS = 3600 * 10**9


@pytest.fixture
def quiet(tmp_path: object, peopled: object) -> Iterator[RunningCentre]:
    """A centre that is not served: the register's service alone."""
    import shutil  # noqa: PLC0415

    shutil.copytree(str(peopled), str(tmp_path), dirs_exist_ok=True)
    centre = RunningCentre(tmp_path)  # type: ignore[arg-type]
    yield centre
    centre.center.close()


def actor(centre: RunningCentre, role: str) -> Actor:
    return Actor(centre.accounts[role], f"某{role}", centre.unit, "青石镇", role, "zh", "w", "c")


def room(centre: RunningCentre, name: str = "一") -> str:
    with centre.center.database.writing() as session:
        return create_room(session, actor(centre, "administrator"), 1, name=name, unit_id=centre.unit).id


def grants(centre: RunningCentre, room_id: str, count: int = 3, wall_ns: int = 0) -> list[str]:
    made = []
    for number in range(count):
        with centre.center.database.writing() as session:
            supervisor = actor(centre, "supervisor")
            grant = grant_access(
                session, centre.center, supervisor, wall_ns + number, what="live", room_id=room_id, reason="核对情况"
            )
            record_stretch(session, grant.id, from_wall_ns=1, to_wall_ns=2, fetched_wall_ns=3)
            made.append(grant.id)
    return made


def test_rows_follow_each_other(quiet: RunningCentre) -> None:
    grants(quiet, room(quiet))
    with quiet.center.database.reading() as session:
        assert check_chain(session) is None


@pytest.mark.parametrize(
    ("number", "change"),
    [
        (2, update(AccessGrant).where(AccessGrant.number == 2).values(reason="别的事由")),
        (2, update(AccessGrant).where(AccessGrant.number == 2).values(person="别人")),
    ],
)
def test_a_changed_row_shows(quiet: RunningCentre, number: int, change: object) -> None:
    grants(quiet, room(quiet))
    with quiet.center.database.writing() as session:
        session.execute(change)  # type: ignore[call-overload]
    with quiet.center.database.reading() as session:
        fault = check_chain(session)
    assert fault is not None
    assert fault.number == number


@pytest.mark.parametrize(("gone", "number"), [(1, 2), (2, 3), (3, 0)])
def test_a_missing_row_shows(quiet: RunningCentre, gone: int, number: int) -> None:
    ids = grants(quiet, room(quiet))
    with quiet.center.database.writing() as session:
        session.execute(delete(AccessStretch).where(AccessStretch.grant_id == ids[gone - 1]))
        session.execute(delete(AccessGrant).where(AccessGrant.number == gone))
    with quiet.center.database.reading() as session:
        fault = check_chain(session)
    assert fault is not None
    assert fault.number == number


def test_a_grant_needs_a_reason_and_serves_one_person(quiet: RunningCentre) -> None:
    room_id = room(quiet)
    supervisor, duty = actor(quiet, "supervisor"), actor(quiet, "duty-officer")
    with quiet.center.database.writing() as session:
        for reason in ("", " ", "x", "长" * 201, "a\u202eb"):
            with pytest.raises(CenterError, match="reason"):
                grant_access(session, quiet.center, supervisor, 1, what="live", room_id=room_id, reason=reason)
        with pytest.raises(NotAllowed):
            grant_access(session, quiet.center, duty, 1, what="replay", room_id=room_id, reason="核对情况")
        with pytest.raises(NotFound):
            grant_access(session, quiet.center, supervisor, 1, what="replay", room_id="0" * 32, reason="核对情况")
        grant = grant_access(session, quiet.center, supervisor, 1, what="live", room_id=room_id, reason="核对情况")
        assert get_grant(session, supervisor, grant.id, 2).person == "某supervisor"
        with pytest.raises(NotFound):
            get_grant(session, duty, grant.id, 2)
        with pytest.raises(CenterError, match="ended"):
            get_grant(session, supervisor, grant.id, 13 * 3600 * 10**9)


def test_the_register_is_read_over_http(centre: RunningCentre) -> None:
    room_id = centre.make_room("1号接谈室")
    grants(centre, room_id, 2)
    supervisor = centre.person("supervisor")
    listed = supervisor.get("/api/register").json()
    assert [row["number"] for row in listed] == [2, 1]
    assert listed[0]["stretches"] == [{"from_wall_ns": 1, "to_wall_ns": 2, "fetched_wall_ns": 3}]
    assert supervisor.get("/api/register/check").json() == {"whole": True, "first_fault": None, "why": None}


def rewritten(quiet: RunningCentre) -> None:
    """What whoever writes the database can do: another person's name, every hash after it made anew."""
    with quiet.center.database.writing() as session:
        previous = None
        for grant in session.scalars(select(AccessGrant).order_by(AccessGrant.number)):
            grant.person, grant.previous = "别人" if grant.number == 1 else grant.person, previous
            grant.sha256 = previous = row_hash(grant)
        session.get_one(Meta, "register-head").value = previous or ""


def cut_short(quiet: RunningCentre) -> None:
    with quiet.center.database.writing() as session:
        last = session.scalars(select(AccessGrant).order_by(AccessGrant.number.desc())).first()
        assert last is not None
        session.execute(delete(AccessStretch).where(AccessStretch.grant_id == last.id))
        session.get_one(Meta, "register-head").value = last.previous or ""
        session.delete(last)


def made_up(quiet: RunningCentre) -> None:
    with quiet.center.database.writing() as session:
        head = session.get_one(Meta, "register-head")
        last = session.scalars(select(AccessGrant).order_by(AccessGrant.number.desc())).first()
        assert last is not None
        fields = {name: getattr(last, name) for name in ("account_id", "person", "unit", "what", "room_id", "reason")}
        row = AccessGrant(**fields, id="7" * 32, granted_wall_ns=last.granted_wall_ns, previous=head.value)
        row.sha256 = head.value = row_hash(row)
        session.add(row)


def other_stretch(quiet: RunningCentre) -> None:
    with quiet.center.database.writing() as session:
        session.execute(update(AccessStretch).where(AccessStretch.number == 1).values(to_wall_ns=5))


@pytest.mark.parametrize("month", ["same", "other"])
def test_what_stands_in_the_archive_counts_when_nobody_looked_for_long(quiet: RunningCentre, month: str) -> None:
    grants(quiet, room(quiet), wall_ns=quiet.center.now_ns())
    work_once(quiet.center)
    quiet.ahead_ns += (5 if month == "same" else 75) * 24 * HOUR_NS
    cut_short(quiet)
    work_once(quiet.center)
    assert alarms(quiet) == ["register-broken"]


def test_a_changed_stretch_is_found(quiet: RunningCentre) -> None:
    grants(quiet, room(quiet), wall_ns=quiet.center.now_ns())
    work_once(quiet.center)
    quiet.ahead_ns += 25 * HOUR_NS
    other_stretch(quiet)
    work_once(quiet.center)
    assert alarms(quiet) == ["register-broken"]


@pytest.mark.parametrize("wrong", [rewritten, cut_short, made_up])
def test_a_register_written_anew_is_found_by_the_archives_copy(
    quiet: RunningCentre, wrong: Callable[[RunningCentre], None]
) -> None:
    grants(quiet, room(quiet), wall_ns=quiet.center.now_ns())
    work_once(quiet.center)
    quiet.ahead_ns += 25 * HOUR_NS
    work_once(quiet.center)
    assert alarms(quiet) == []
    grants(quiet, room(quiet, "二"), wall_ns=quiet.center.now_ns())
    work_once(quiet.center)
    wrong(quiet)
    with quiet.center.database.reading() as session:
        assert check_chain(session) is None  # the chain alone sees nothing
    quiet.ahead_ns += 23 * HOUR_NS
    work_once(quiet.center)
    assert alarms(quiet) == []  # not more than once a day
    quiet.ahead_ns += int(1.5 * HOUR_NS)
    work_once(quiet.center)
    assert alarms(quiet) == ["register-broken"]


def test_stretches_go_into_the_archive_in_a_chain(quiet: RunningCentre) -> None:
    room_id = room(quiet)
    grants(quiet, room_id, 2)
    work_once(quiet.center)
    grants(quiet, room_id, 1)
    work_once(quiet.center)
    directory = quiet.settings.archive.directory  # type: ignore[union-attr]
    paths = (directory / "records" / "stretches").rglob("*.json")
    keys = quiet.center.keys
    bodies = [
        read_record(path.relative_to(directory).as_posix(), path.read_bytes(), [keys.signing.public], keys.opener)
        for path in paths
    ]
    first, second = sorted(bodies, key=lambda body: body["stretches"][0]["number"])
    assert [len(first["stretches"]), len(second["stretches"])] == [2, 1]
    assert (first["previous"], second["previous"] is None) == (None, False)


def alarms(quiet: RunningCentre) -> list[str]:
    with quiet.center.database.reading() as session:
        return [alarm.code for alarm in open_alarms(session)]
