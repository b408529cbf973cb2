"""The same way of a segment with a real S3 server: bytes straight into the bucket, read back, locked, receipted."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from config.process import S3Archive
from control_api.archive.keeper import work_once
from control_api.database import Entry
from demo.seaweed import Seaweed
from storage.receipt import open_receipt
from storage.signing import PublicKey, jws_sha256
from tests.control_api.running_centre import RunningCentre


def s3_settings(seaweed: Seaweed, endpoint: str) -> S3Archive:
    keys = {"access_key": seaweed.access.access_key, "secret_key": seaweed.access.secret_key}
    return S3Archive(endpoint=endpoint, bucket=f"b{secrets.token_hex(8)}", secure=False, **keys)


@pytest.fixture
def county(tmp_path: Path, peopled: Path, seaweed: Seaweed) -> Iterator[RunningCentre]:
    shutil.copytree(peopled, tmp_path, dirs_exist_ok=True)
    running = RunningCentre(tmp_path, s3_settings(seaweed, seaweed.access.endpoint))
    running.start()
    yield running
    running.stop()


def test_a_segment_goes_straight_into_the_bucket(county: RunningCentre) -> None:
    pc = county.enrolled_pc(county.make_room("1号接谈室"))
    jws = pc.segment()
    pc.send(jws)
    grant = pc.post("grants", {"manifest_sha256": jws_sha256(jws)}).json()
    sealed = pc.sealed[jws_sha256(jws)]
    with httpx.Client(trust_env=False) as http:
        other = http.put(grant["url"], content=bytes(len(sealed)), headers=grant["headers"])
        assert other.status_code >= 400
        assert http.put(grant["url"], content=sealed, headers=grant["headers"]).status_code == 200
        assert http.put(grant["url"], content=sealed, headers=grant["headers"]).status_code == 412
        assert http.get(grant["url"]).status_code == 403
        assert http.delete(grant["url"]).status_code == 403
    receipt = open_receipt(pc.receipt(jws).json()["receipt"], PublicKey.from_text(pc.centre_key))
    assert receipt.store == "s3-object-lock"
    store = county.center.store
    with store.open(receipt.object_key, receipt.version_id) as reader:
        assert reader.read() == sealed
    with county.center.database.reading() as session:
        entry = session.get_one(Entry, jws_sha256(jws))
    kept = store.protection(receipt.object_key, receipt.version_id)
    assert (kept.retain_until_wall_ns or 0) >= (entry.retain_until_wall_ns or 1) - 10**9


def test_a_centre_starts_without_its_archive(tmp_path: Path, peopled: Path, seaweed: Seaweed) -> None:
    shutil.copytree(peopled, tmp_path, dirs_exist_ok=True)
    running = RunningCentre(tmp_path, s3_settings(seaweed, "127.0.0.1:9"))
    running.start()
    try:
        pc = running.enrolled_pc(running.make_room("1号接谈室"))
        jws = pc.segment()
        assert [one["status"] for one in pc.send(jws)] == ["accepted"]
        assert pc.receipt(jws).status_code == 503
        work_once(running.center)
        alarms = running.person("administrator").get("/api/alarms").json()
        assert [alarm["code"] for alarm in alarms] == ["archive-trouble"]
    finally:
        running.stop()
