"""Everything that a running house has written or shows: files, signed documents opened, objects, processes.

The centre's database is left out and nothing else: it holds case numbers, since people search by them there.
"""

from __future__ import annotations

import base64
import binascii
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from demo.place import BUCKET
from tests.story.archive_reader import bucket_client
from tests.story.standing_house import StandingHouse

Bytes = Iterator[tuple[str, bytes]]
_JWS = re.compile(rb"(eyJ[A-Za-z0-9_-]{10,})\.([A-Za-z0-9_-]{10,})\.[A-Za-z0-9_-]{60,}")


def everything(standing: StandingHouse) -> Bytes:
    yield from files(standing)
    yield from objects(standing)
    yield from processes_of(standing)


def files(standing: StandingHouse) -> Bytes:
    """The demo's directory: room, archive server's own files, settings, every log; the centre's but its database."""
    database = standing.place.centre_data / "center.sqlite"
    assert database.exists()
    for path in sorted(standing.place.directory.rglob("*")):
        if not path.is_file() or path.name.startswith(database.name):
            continue
        yield from with_signed(str(path.relative_to(standing.place.directory)), path.read_bytes())


def with_signed(place: str, data: bytes) -> Bytes:
    """The bytes; and of each signed document in them header and payload, decoded."""
    yield place, data
    if data.startswith(b"SQLite format 3"):
        return
    for found in _JWS.finditer(data):
        yield f"{place}, a signed document", b"\n".join(decoded(part) for part in found.groups())


def database_values(path: Path) -> Bytes:
    """Each value of each row as SQLite reads it: pages hold long ones in pieces."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        tables = [row[0] for row in database.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        for table in tables:
            for row in database.execute(f'SELECT * FROM "{table}"'):
                for value in row:
                    data = value if isinstance(value, bytes) else str(value).encode()
                    yield from with_signed(f"{path.name}, table {table}", data)


def objects(standing: StandingHouse) -> Bytes:
    """Every version in every bucket, with its headers."""
    client = bucket_client(standing)
    assert [bucket.name for bucket in client.list_buckets()] == [BUCKET]
    for item in client.list_objects(BUCKET, recursive=True, include_version=True):
        name = str(item.object_name)
        response = client.get_object(BUCKET, name, version_id=item.version_id)
        try:
            yield f"{name}, headers", repr(dict(response.headers)).encode()
            yield from with_signed(name, response.read())
        finally:
            response.close()
            response.release_conn()


def processes_of(standing: StandingHouse) -> Bytes:
    """Command lines and environments: everybody on the PC can list the first."""
    seaweed = standing.house._seaweed
    pids = {name: child.process.pid for name, child in standing.house._children.items()}
    if seaweed is not None and seaweed.child is not None:
        pids["seaweed"] = seaweed.child.process.pid
    for name, pid in pids.items():
        for part in ("cmdline", "environ"):
            yield f"process {name}, {part}", Path(f"/proc/{pid}/{part}").read_bytes()


def decoded(part: bytes) -> bytes:
    try:
        return base64.urlsafe_b64decode(part + b"=" * (-len(part) % 4))
    except binascii.Error:
        return b""
