"""Both archives keep the same promises; what only one can promise is tested apart."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import os
import secrets
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from config.process import LocalArchive, S3Archive
from demo.seaweed import Seaweed
from storage.archive import open_archive
from storage.local_store import UPLOAD_PATH, LocalStore
from storage.object_store import Grant, ObjectStoreError, check_key
from storage.s3_signature import S3Credentials, presign
from storage.s3_store import S3Store
from tests.servers.nonsense_server import start_nonsense_server

NS = 1_000_000_000
DATA = os.urandom(200_000)
SHA = hashlib.sha256(DATA).hexdigest()
GRANT_KEY = os.urandom(32)


def _s3_settings(seaweed: Seaweed, bucket: str, **changes: str) -> S3Archive:
    keys = {"access_key": seaweed.access.access_key, "secret_key": seaweed.access.secret_key, **changes}
    return S3Archive(endpoint=seaweed.access.endpoint, bucket=bucket, secure=False, **keys)


@pytest.fixture(scope="module")
def s3(seaweed: Seaweed) -> Iterator[S3Store]:
    store = open_archive(_s3_settings(seaweed, f"archive-{secrets.token_hex(4)}"), grant_key=b"", base_url="")
    assert isinstance(store, S3Store)
    yield store
    store.close()


@pytest.fixture
def local(tmp_path: Path) -> LocalStore:
    store = open_archive(
        LocalArchive(directory=tmp_path / "archive"), grant_key=GRANT_KEY, base_url="http://127.0.0.1:1/"
    )
    assert isinstance(store, LocalStore)
    return store


@pytest.fixture(params=["local", "s3"])
def store(request: pytest.FixtureRequest) -> LocalStore | S3Store:
    return request.getfixturevalue(request.param)


def _key(name: str = "000000.mp4.age") -> str:
    return f"rooms/{secrets.token_hex(16)}/{name}"


def _refusal(act: Callable[[], object]) -> str:
    with pytest.raises(ObjectStoreError) as caught:
        act()
    assert caught.value.message
    assert caught.value.message_en
    return caught.value.code


def test_what_is_put_reads_back_by_version(store: LocalStore | S3Store) -> None:
    stored = store.put(key := _key(), DATA, len(DATA), SHA)
    assert (stored.size, stored.sha256) == (len(DATA), SHA)
    for version in (None, stored.version_id):
        with store.open(key, version) as reader:
            assert reader.read() == DATA
    found = store.stat(key)
    assert found is not None
    assert (found.version_id, found.size) == (stored.version_id, len(DATA))
    assert [item.key for item in store.list(key.rpartition("/")[0])] == [key]


def test_a_key_is_written_once(store: LocalStore | S3Store) -> None:
    store.put(key := _key(), DATA, len(DATA), SHA)
    other = b"other"
    assert _refusal(lambda: store.put(key, other, 5, hashlib.sha256(other).hexdigest())) == "already-there"
    with store.open(key) as reader:
        assert reader.read() == DATA


def test_other_bytes_than_stated_are_not_stored(store: LocalStore | S3Store) -> None:
    key = _key()
    assert _refusal(lambda: store.put(key, DATA[:-1] + b"?", len(DATA), SHA)) == "bytes-differ"
    assert store.stat(key) is None


def test_what_is_not_there_is_said_so(store: LocalStore | S3Store) -> None:
    stored = store.put(key := _key(), DATA, len(DATA), SHA)
    assert stored
    assert store.stat(_key()) is None
    assert _refusal(lambda: store.open(_key())) == "not-found"
    assert _refusal(lambda: store.open(key, stored.version_id[::-1])) == "not-found"


@pytest.mark.parametrize("name", ["../x", "/etc/passwd", "a//b", "a/./b", ".incoming/x", "a\\b", "a\nb", "片段", ""])
def test_no_key_leaves_the_archive(name: str) -> None:
    assert _refusal(lambda: check_key(name)) == "bad-key"


def test_retention_only_grows_and_a_hold_stands_beside_it(store: LocalStore | S3Store) -> None:
    soon = (time.time_ns() // NS + 60) * NS
    stored = store.put(key := _key(), DATA, len(DATA), SHA, retain_until_wall_ns=soon)
    assert store.protection(key, stored.version_id).retain_until_wall_ns == soon
    store.extend_retention(key, stored.version_id, soon + 60 * NS)
    store.extend_retention(key, stored.version_id, soon - 30 * NS)
    store.set_legal_hold(key, stored.version_id, True)
    protection = store.protection(key, stored.version_id)
    assert (protection.retain_until_wall_ns, protection.legal_hold) == (soon + 60 * NS, True)
    store.set_legal_hold(key, stored.version_id, False)
    assert not store.protection(key, stored.version_id).legal_hold


# The S3 grant: everything that a device could try with it


def _request(grant: Grant, method: str, body: bytes | None, **changed: str | None) -> tuple[int, bytes]:
    """One raw request as somebody with only the grant could send it; a header set to None is left out."""
    parts = urlsplit(grant.url)
    headers = {**grant.headers, **{name.replace("_", "-"): value for name, value in changed.items()}}
    connection = http.client.HTTPConnection(parts.netloc, timeout=5)
    connection.putrequest(method, f"{parts.path}?{parts.query}", skip_accept_encoding=True)
    for name, value in headers.items():
        if value is not None:
            connection.putheader(name, value)
    connection.endheaders(body)
    response = connection.getresponse()
    with contextlib.closing(connection), response:
        return response.status, response.read()


def _s3_grant(s3: S3Store, key: str, **changes: int) -> Grant:
    values = {"retain_until_wall_ns": time.time_ns() + 60 * NS, "now_wall_ns": time.time_ns(), **changes}
    return s3.grant_upload(key, len(DATA), SHA, **values)


def test_a_grant_stores_these_bytes_once_and_locked(s3: S3Store) -> None:
    grant = _s3_grant(s3, key := _key())
    assert _request(grant, "PUT", DATA)[0] == 200
    stored = s3.stat(key)
    assert stored is not None
    with s3.open(key, stored.version_id) as reader:
        assert reader.read() == DATA
    assert s3.protection(key, stored.version_id).retain_until_wall_ns
    assert _request(grant, "PUT", DATA)[0] == 412
    assert [item.version_id for item in s3.list(key)] == [stored.version_id]


def test_a_grant_is_good_for_nothing_else(s3: S3Store) -> None:
    grant = _s3_grant(s3, key := _key())
    other = os.urandom(len(DATA))
    refused = {
        "other bytes": _request(grant, "PUT", other),
        "shorter": _request(grant, "PUT", DATA[:100], content_length="100"),
        "longer": _request(grant, "PUT", DATA + b"x", content_length=str(len(DATA) + 1)),
        "other hash": _request(grant, "PUT", other, x_amz_checksum_sha256="A" * 43 + "="),
        "no hash": _request(grant, "PUT", DATA, x_amz_checksum_sha256=None),
        "no lock": _request(grant, "PUT", DATA, x_amz_object_lock_mode=None),
        "shorter lock": _request(grant, "PUT", DATA, x_amz_object_lock_retain_until_date="2027-01-01T00:00:00Z"),
        "may overwrite": _request(grant, "PUT", DATA, if_none_match=None),
        "read": _request(grant, "GET", DATA),
        "look": _request(grant, "HEAD", DATA),
        "delete": _request(grant, "DELETE", DATA),
    }
    assert {what: status for what, (status, _) in refused.items() if status not in {400, 403}} == {}
    assert s3.stat(key) is None
    assert list(s3.list(key)) == []


def test_a_grant_for_one_key_opens_no_other_and_no_list(s3: S3Store) -> None:
    s3.put(there := _key(), DATA, len(DATA), SHA)
    grant = _s3_grant(s3, key := _key())
    bucket = urlsplit(grant.url).path.split("/")[1]
    elsewhere = Grant(grant.url.replace(key, there), grant.headers, 600)
    listing = Grant(grant.url.replace(f"/{bucket}/{key}", f"/{bucket}/"), {}, 600)
    assert _request(elsewhere, "PUT", DATA)[0] == 403
    assert _request(elsewhere, "GET", DATA)[0] == 403
    assert _request(elsewhere, "DELETE", DATA)[0] == 403
    assert _request(listing, "GET", None)[0] == 403
    assert len(list(s3.list(there))) == 1


def test_an_old_grant_is_refused(s3: S3Store) -> None:
    grant = _s3_grant(s3, _key(), now_wall_ns=time.time_ns() - 700 * NS)
    assert _request(grant, "PUT", DATA)[0] == 403


def test_object_lock_is_tried_not_believed(s3: S3Store, seaweed: Seaweed) -> None:
    assert s3.worm
    assert s3.kind == "s3-object-lock"
    with contextlib.closing(S3Store(_s3_settings(seaweed, f"plain-{secrets.token_hex(4)}"))) as plain:
        plain._client.make_bucket(plain._bucket)
        assert not plain.worm
        assert plain.kind == "s3-not-worm"


def test_wrong_keys_and_a_server_that_is_away(seaweed: Seaweed) -> None:
    wrong = S3Store(_s3_settings(seaweed, "archive-x", secret_key="not-the-secret-key-at-all"))
    assert _refusal(lambda: wrong.put(_key(), DATA, len(DATA), SHA)) == "denied"
    wrong.close()
    away = S3Store(
        S3Archive(endpoint="127.0.0.1:9", bucket="archive-x", access_key="a", secret_key="b" * 16, secure=False)
    )
    with pytest.raises(ObjectStoreError) as caught:
        away.put(_key(), DATA, len(DATA), SHA)
    assert (caught.value.code, caught.value.recoverable) == ("unreachable", True)
    assert _refusal(away.prepare) == "unreachable"
    away.close()


def test_the_signature_is_the_one_that_amazon_documents() -> None:
    """The example of a presigned URL in "Authenticating Requests: Using Query Parameters"."""
    credentials = S3Credentials("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "us-east-1")
    may_24_2013 = 1_369_353_600 * NS
    url = presign(credentials, "GET", "https://examplebucket.s3.amazonaws.com", "/test.txt", {}, may_24_2013, 86400)
    assert url.endswith("&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404")
    assert credentials.secret_key not in repr(credentials)


@pytest.mark.parametrize("bucket", ["x", "Archive", "a/b", "-archive", "a" * 64, "归档桶"])
def test_a_bucket_name_that_no_server_takes_is_refused(bucket: str) -> None:
    settings = S3Archive(endpoint="127.0.0.1:9", bucket=bucket, access_key="a", secret_key="b" * 16, secure=False)
    assert _refusal(lambda: S3Store(settings)) == "bad-bucket"


# The local grant: the same promises, kept by the centre itself


def _token(grant: Grant) -> str:
    assert grant.url.startswith(f"http://127.0.0.1:1{UPLOAD_PATH}")
    return grant.url.rpartition("/")[2]


def _grant(local: LocalStore, key: str) -> Grant:
    return local.grant_upload(key, len(DATA), SHA, retain_until_wall_ns=5 * NS, now_wall_ns=1000 * NS)


def test_a_local_grant_stores_these_bytes_once(local: LocalStore) -> None:
    token = _token(_grant(local, key := _key()))
    stored = local.begin_upload(token, 1500 * NS).take([DATA[:5], DATA[5:]])
    assert (stored.key, stored.sha256) == (key, SHA)
    assert local.protection(key, stored.version_id).retain_until_wall_ns == 5 * NS
    assert _refusal(lambda: local.begin_upload(token, 1500 * NS).take([DATA])) == "already-there"


@pytest.mark.parametrize("pieces", [[DATA[:-1]], [DATA, b"x"], [b"x" * len(DATA)], []])
def test_a_local_grant_takes_no_other_bytes(local: LocalStore, tmp_path: Path, pieces: list[bytes]) -> None:
    token = _token(_grant(local, key := _key()))
    assert _refusal(lambda: local.begin_upload(token, 1500 * NS).take(pieces)) == "bytes-differ"
    assert local.stat(key) is None
    assert [path for path in (tmp_path / "archive").rglob("*") if path.is_file()] == []


def test_a_local_grant_that_is_old_or_changed_is_refused(local: LocalStore, tmp_path: Path) -> None:
    token = _token(_grant(local, _key()))
    stranger = LocalStore(tmp_path / "archive", os.urandom(32), "http://127.0.0.1:1")
    assert _refusal(lambda: local.begin_upload(token, 1601 * NS).take([DATA])) == "bad-grant"
    assert _refusal(lambda: stranger.begin_upload(token, 1500 * NS).take([DATA])) == "bad-grant"
    for bad in ("", ".", "x.y", token[:-1], "A" + token, token.replace(".", "..")):
        assert _refusal(lambda bad=bad: local.begin_upload(bad, 1500 * NS).take([DATA])) == "bad-grant"


def test_a_local_file_that_was_changed_is_another_version(local: LocalStore, tmp_path: Path) -> None:
    stored = local.put(key := _key(), DATA, len(DATA), SHA)
    (tmp_path / "archive" / key).write_bytes(b"changed")
    assert _refusal(lambda: local.open(key, stored.version_id)) == "not-found"
    assert not local.worm
    assert local.kind == "local-not-worm"


@pytest.mark.parametrize(
    ("status", "body", "content_type"),
    [
        (200, b"<html>please log in</html>", "text/html"),
        (200, b"", "application/xml"),
        (200, b"<a", "application/xml"),
        (404, b"<html>", "text/html"),
        (500, b"oops", "text/plain"),
        (503, b"<Error><Code>SlowDown</Code></Error>", "application/xml"),
        (302, b"", "text/html"),
    ],
)
def test_a_server_that_answers_nonsense_never_looks_like_an_archive(
    status: int, body: bytes, content_type: str
) -> None:
    with start_nonsense_server(status, body, content_type) as endpoint:
        settings = S3Archive(endpoint=endpoint, bucket="archive-x", access_key="a", secret_key="b" * 16, secure=False)
        with contextlib.closing(S3Store(settings)) as store:
            for act in (
                lambda: store.put(_key(), DATA, len(DATA), SHA),
                lambda: list(store.list("")),
                lambda: store.protection(_key(), "v"),
                lambda: store.worm,
            ):
                assert _refusal(act) in {"unreachable", "store-failed", "not-found"}


@pytest.mark.parametrize("name", ["a.jws", "b/c.jws"])
def test_a_stream_is_stored_like_bytes(store: LocalStore | S3Store, tmp_path: Path, name: str) -> None:
    path = tmp_path / "file"
    path.write_bytes(DATA)
    with path.open("rb") as stream:
        stored = store.put(_key(name), stream, len(DATA), SHA)
    with store.open(stored.key, stored.version_id) as reader:
        assert reader.read(10) + reader.read() == DATA


def test_what_a_crash_left_of_uploads_goes_after_a_day(local: LocalStore, tmp_path: Path) -> None:
    incoming = tmp_path / "archive/.incoming"
    for name, age_s in (("old", 90_000), ("new", 60)):
        (incoming / name).write_bytes(b"half")
        os.utime(incoming / name, (time.time() - age_s,) * 2)
    LocalStore(tmp_path / "archive")
    assert [path.name for path in incoming.iterdir()] == ["new"]
