"""What the stories ask of a running demo house: time that passes under its watch, its chain here and at the centre.

Owns no process: `demo.house` does. Reads the spool's index and the centre's database, writes neither.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import select

from control_api.database import Device, Entry
from control_api.database.engine import Database, database_url, open_database
from control_api.keys import ARCHIVE_FILE, keys_directory, open_keys
from demo import processes
from demo.console import Console
from demo.house import House
from demo.place import Place, Ports
from demo.sources import camera_source
from storage.chain import AnyManifest, open_entry
from storage.manifest import GapManifest, SegmentManifest
from storage.sealing import IdentityOpener
from storage.signing import PublicKey

WRITING = ("recording", "degraded")


@dataclass(frozen=True, slots=True)
class SpoolRow:
    number: int
    kind: str
    jws: str
    sha256: str
    path: str | None
    state: str
    receipt: str | None


@dataclass(frozen=True, slots=True)
class CentreRow:
    number: int
    kind: str
    sha256: str
    state: str
    object_key: str
    version_id: str | None
    sealed_sha256: str | None


class Desk(Console):
    """The room's page with what the demo has no need of."""

    def tag_session(self, session: str, case_id: str, *, replace: bool = False, reason: str = "") -> None:
        body: dict[str, Any] = {"session": session, "case_id": case_id, "replace": replace, "reason": reason}
        self._post("/api/sessions/tag", **body)


class StandingHouse:
    """A house with `watch` in hand: what dies is started again only while time passes through `wait`."""

    def __init__(self, directory: Path) -> None:
        self.place = Place(directory)
        self.place.keep_store("s3")
        self.said: list[str] = []
        self.house = House(self.place, Ports(*processes.free_ports(2)), "s3", self.said.append)

    @property
    def spool(self) -> Path:
        return self.place.room_data / "recorder" / "spool"

    @property
    def identity_file(self) -> Path:
        return keys_directory(self.place.centre_data) / ARCHIVE_FILE

    @property
    def opener(self) -> IdentityOpener:
        return IdentityOpener.load(self.identity_file)

    @property
    def centre_key(self) -> PublicKey:
        return open_keys(self.place.centre_data, recovery_required=False).signing.public

    def start(self) -> None:
        camera = camera_source(None)
        self.house.start(camera, camera)

    def stop(self) -> None:
        self.house.stop()
        self.place._lock.close()

    def put_in_order(self) -> None:
        """What a story that failed left stopped or open, so that the next one is judged by itself."""
        seaweed, children = self.house._seaweed, self.house._children
        if seaweed is not None and (seaweed.child is None or not seaweed.child.running):
            seaweed.start()
        for name in ("recorder", "live", "center", "agent"):
            if name not in children:
                self.house._start_one(name)
        with self.at_the_desk() as desk:
            assert self.wait(20, lambda: self.recording(desk))
            if (left := desk.status()["session"]) is not None:
                desk.close_session(left["session"])

    def wait(self, seconds: float, done: Callable[[], bool] = lambda: False, step_s: float = 0.1) -> bool:
        """True as soon as `done`; dead processes come back meanwhile."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.house.watch()
            if done():
                return True
            time.sleep(step_s)
        return done()

    @contextmanager
    def at_the_desk(self) -> Iterator[Desk]:
        officer = self.house.accounts["officer"]
        with Desk(self.house.console_url) as desk:
            desk.sign_in(officer.number, officer.pin)
            yield desk

    def spool_rows(self) -> list[SpoolRow]:
        query = "SELECT number, kind, jws, sha256, path, state, receipt FROM entries ORDER BY number"
        index = self.spool / "index.sqlite"
        with closing(sqlite3.connect(f"file:{index}?mode=ro", uri=True)) as database:
            return [SpoolRow(*row) for row in database.execute(query)]

    def chain(self) -> list[AnyManifest]:
        """Every entry, its signature checked."""
        key = self.device_key()
        return [open_entry(row.jws, key) for row in self.spool_rows()]

    def gaps(self, since_wall_ns: int) -> list[GapManifest]:
        entries = (one for one in self.chain() if isinstance(one, GapManifest))
        return [gap for gap in entries if gap.end.wall_ns > since_wall_ns]

    def segments(self, since_wall_ns: int) -> list[SegmentManifest]:
        entries = (one for one in self.chain() if isinstance(one, SegmentManifest))
        return [segment for segment in entries if segment.end.wall_ns > since_wall_ns]

    def centre_rows(self) -> list[CentreRow]:
        with self._centre() as database, database.reading() as session:
            found = session.scalars(select(Entry).order_by(Entry.number)).all()
            return [
                CentreRow(
                    row.number, row.kind, row.sha256, row.state, row.object_key, row.version_id, row.sealed_sha256
                )
                for row in found
            ]

    def device_key(self) -> PublicKey:
        with self._centre() as database, database.reading() as session:
            return PublicKey.from_text(session.scalars(select(Device.chain_key)).one())

    @contextmanager
    def _centre(self) -> Iterator[Database]:
        database = open_database(database_url("", self.place.centre_data), demo=True)
        try:
            yield database
        finally:
            database.close()

    def all_archived(self, up_to: int) -> bool:
        """Each entry up to number `up_to` is at the centre, with a receipt; the room has those of its segments."""
        here = {row.number: row for row in self.spool_rows() if row.number <= up_to}
        there = {row.number: row for row in self.centre_rows() if row.number <= up_to}
        received = {number for number, row in there.items() if row.state == "receipted"}
        handed_over = all(row.state in ("receipted", "pruned") for row in here.values() if row.kind == "segment")
        return received == here.keys() and handed_over

    def head(self) -> int:
        return self.spool_rows()[-1].number

    def recording(self, desk: Console) -> bool:
        return desk.status()["state"] in WRITING
