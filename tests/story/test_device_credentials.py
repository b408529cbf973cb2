"""What a taken room PC can do to the archive with all its keys, tokens and grants: bring its own footage, once.

The agent sleeps meanwhile, so that a segment waits for which a grant can be had.
"""

from __future__ import annotations

import io
import re
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from fastapi.routing import iter_route_contexts
from minio import Minio
from minio.commonconfig import COMPLIANCE
from minio.error import MinioException
from minio.retention import Retention
from minio.versioningconfig import SUSPENDED, VersioningConfig

from control_api.app import create_app, guard_of
from demo.place import BUCKET
from storage.signing import decode_base64url
from tests.control_api.running_centre import RunningCentre
from tests.story.archive_reader import bucket_client, fetch, versions
from tests.story.room_intruder import Intruder, Try, misuses
from tests.story.standing_house import CentreRow, SpoolRow, StandingHouse

pytestmark = pytest.mark.timeout(150)


@dataclass(frozen=True)
class Taken:
    """`waiting`: a segment without receipt; `archived`: one that the archive holds."""

    standing: StandingHouse
    intruder: Intruder
    waiting: SpoolRow
    archived: CentreRow


@pytest.fixture(scope="module")
def taken(standing: StandingHouse) -> Iterator[Taken]:
    assert standing.wait(60, lambda: any(row.kind == "segment" and row.version_id for row in standing.centre_rows()))
    agent = standing.house._children["agent"].process
    intruder = Intruder(standing)
    agent.send_signal(signal.SIGSTOP)
    try:
        known = {row.number for row in standing.centre_rows()}
        fresh = wait_for(lambda: [row for row in standing.spool_rows() if row.number not in known])
        intruder.send_manifests(fresh)
        waiting = next(row for row in fresh if row.kind == "segment")
        archived = next(row for row in standing.centre_rows() if row.kind == "segment" and row.version_id)
        yield Taken(standing, intruder, waiting, archived)
    finally:
        agent.send_signal(signal.SIGCONT)
        intruder.close()


def wait_for(find: Callable[[], list[SpoolRow]]) -> list[SpoolRow]:
    """Rows with a segment among them; at most a segment's length and some."""
    deadline = time.monotonic() + 20
    while True:
        rows = find()
        if any(row.kind == "segment" for row in rows):
            return rows
        assert time.monotonic() < deadline, "no segment was sealed"
        time.sleep(0.2)


def accepted(tries: list[Try], http: httpx.Client) -> list[str]:
    """Which were not refused."""
    answers = [(one.what, one.send(http)) for one in tries]
    print(f"{len(answers)} tries, answered {sorted({status for _, status in answers})}")
    return [f"{what}: {status}" for what, status in answers if status < 400]


def test_a_grant_is_good_for_its_own_bytes_once(taken: Taken) -> None:
    standing, row = taken.standing, taken.waiting
    sealed = (standing.spool / (row.path or "")).read_bytes()
    url, headers = taken.intruder.grant(row.sha256)
    before = versions(standing)
    tries = list(misuses(url, headers, sealed, taken.archived.object_key, taken.archived.version_id or ""))
    with httpx.Client(trust_env=False, timeout=30) as http:
        assert accepted(tries, http) == []
        assert versions(standing) == before
        assert http.put(url, headers=headers, content=sealed).status_code == 200
        assert http.put(url, headers=headers, content=sealed).status_code == 412
        assert accepted(tries, http) == []
    added = set(versions(standing)) - set(before)
    assert [key for key, _ in added] == [next(r.object_key for r in standing.centre_rows() if r.sha256 == row.sha256)]
    unchanged(taken)


def test_its_keys_open_no_door_of_the_archive(taken: Taken) -> None:
    standing, intruder = taken.standing, taken.intruder
    before = versions(standing)
    endpoint = standing.house.archive()["endpoint"]
    pem = intruder.chain_key_pem
    secret_of = {
        "transport token": (intruder.device, intruder.token),
        "chain key": (standing.device_key().text, "".join(pem.splitlines()[1:-1])),
        "transport key": (
            intruder.transport_key.public.text,
            decode_base64url(intruder.transport_key.public.text).hex(),
        ),
        "centre's access key, guessed secret": (standing.house.archive()["access_key"], intruder.token),
        "nobody": ("", ""),
    }
    opened: list[str] = []
    for name, (access, secret) in secret_of.items():
        keys = {"access_key": access, "secret_key": secret} if access else {}
        client = Minio(endpoint, secure=False, region="us-east-1", **keys)
        opened += [f"{what} with {name}" for what, act in acts(client, taken.archived) if succeeds(act)]
    assert opened == []
    base, bearer = f"http://{endpoint}", {"authorization": f"Bearer {intruder.token}"}
    paths = ["/", f"/{BUCKET}", f"/{BUCKET}/{taken.archived.object_key}", f"/{BUCKET}/?list-type=2"]
    tries = [Try(f"{m} {p}", m, base + p, bearer) for p in paths for m in ("GET", "HEAD", "PUT", "POST", "DELETE")]
    with httpx.Client(trust_env=False) as http:
        assert accepted(tries, http) == []
    assert versions(standing) == before
    unchanged(taken)


def acts(client: Minio, row: CentreRow) -> list[tuple[str, Callable[[], object]]]:
    key, version = row.object_key, row.version_id
    day = Retention(COMPLIANCE, datetime.now(UTC) + timedelta(days=1))
    return [
        ("list buckets", client.list_buckets),
        ("list", lambda: list(client.list_objects(BUCKET, recursive=True))),
        ("list versions", lambda: list(client.list_objects(BUCKET, recursive=True, include_version=True))),
        ("read", lambda: client.get_object(BUCKET, key).read()),
        ("stat", lambda: client.stat_object(BUCKET, key)),
        ("overwrite", lambda: client.put_object(BUCKET, key, io.BytesIO(), 0)),
        ("create", lambda: client.put_object(BUCKET, "rooms/new.age", io.BytesIO(), 0)),
        ("delete", lambda: client.remove_object(BUCKET, key)),
        ("delete the version", lambda: client.remove_object(BUCKET, key, version)),
        ("shorten the lock", lambda: client.set_object_retention(BUCKET, key, day, version)),
        ("lift the hold", lambda: client.disable_object_legal_hold(BUCKET, key, version)),
        ("stop versioning", lambda: client.set_bucket_versioning(BUCKET, VersioningConfig(SUSPENDED))),
        ("drop the lock", lambda: client.delete_object_lock_config(BUCKET)),
        ("open to all", lambda: client.set_bucket_policy(BUCKET, "{}")),
        ("remove the bucket", lambda: client.remove_bucket(BUCKET)),
        ("make a bucket", lambda: client.make_bucket("another-bucket")),
    ]


def succeeds(act: Callable[[], object]) -> bool:
    try:
        act()
    except MinioException:
        return False
    return True


def unchanged(taken: Taken) -> None:
    """The object that stood before has its bytes, its lock and no newer version above it."""
    row, client = taken.archived, bucket_client(taken.standing)
    assert client.stat_object(BUCKET, row.object_key).version_id == row.version_id
    assert len(fetch(taken.standing, row.object_key)) > 0
    lock = client.get_object_retention(BUCKET, row.object_key, row.version_id)
    assert lock is not None
    assert lock.mode == COMPLIANCE


def test_the_centre_gives_a_device_nothing_but_its_own_calls(taken: Taken, tmp_path: Path) -> None:
    """Every route with the token, as a header and as a cookie: nothing of the archive comes out, nothing goes in."""
    intruder, row = taken.intruder, taken.archived
    routes = closed_routes(tmp_path)
    before = versions(taken.standing)
    ids = {"access": row.sha256[:32], "entry": row.sha256, "run": "0" * 32, "number": "1"}
    given: list[str] = []
    cookies = {"shilu": intruder.token, "__Host-shilu": intruder.token}
    for method, path in routes:
        url = re.sub(r"\{(\w+)(:\w+)?\}", lambda found: ids.get(found[1], intruder.room), path)
        for extra in ({}, {"cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}):
            answer = intruder.http.request(method, url, headers=extra)
            away = answer.is_redirect and answer.headers["location"].startswith("/sign-in")
            if not away and answer.status_code < 400:
                given.append(f"{method} {path}: {answer.status_code}")
    print(f"{len(routes)} routes refused a device's token")
    assert given == []
    assert versions(taken.standing) == before


def closed_routes(directory: Path) -> list[tuple[str, str]]:
    """Method and path of every route that is neither a device's own nor open to all."""
    centre = RunningCentre(directory)
    centre.center.close()
    return [
        (method, route.path)
        for route in iter_route_contexts(create_app(centre.center).routes)
        for method in sorted(route.methods or ())
        if guard_of(route) not in ("device", "public")
    ]


def test_its_own_calls_reach_only_its_own_entries(taken: Taken) -> None:
    intruder, row = taken.intruder, taken.archived
    again = intruder.http.post("/api/device/grants", json={"manifest_sha256": row.sha256}).json()
    assert again["already"], "what is archived gets no second grant"
    assert again["url"] is None
    stranger = {"manifest_sha256": "0" * 64}
    for call in ("grants", "uploads"):
        assert intruder.http.post(f"/api/device/{call}", json=stranger).status_code == 404
    for method in ("GET", "PUT", "DELETE"):
        for name in (row.object_key.replace("/", "%2F"), row.sha256, intruder.token):
            assert intruder.http.request(method, f"/api/device/objects/{name}").status_code >= 400


def test_a_note_and_a_gap_need_no_grant(taken: Taken) -> None:
    """There are no bytes to bring: the centre stores what was signed."""
    rows = [one for one in taken.standing.centre_rows() if one.kind != "segment" and one.state == "receipted"]
    assert rows
    for row in rows[:3]:
        body = {"manifest_sha256": row.sha256}
        assert taken.intruder.http.post("/api/device/grants", json=body).json()["url"] is None
