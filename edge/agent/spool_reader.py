"""Reads the recorder's spool index. Read-only: the recorder alone writes there and hears of results by command."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

BATCH_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class ChainEntry:
    number: int
    sha256: str
    jws: str


@dataclass(frozen=True, slots=True)
class SpoolSegment:
    """A sealed segment whose receipt is still missing."""

    number: int
    manifest_sha256: str
    path: Path
    size: int
    start_wall_ns: int
    session: str | None
    sealed_sha256: str


@dataclass(frozen=True, slots=True)
class Backlog:
    segments: int
    size_bytes: int
    oldest_wall_ns: int | None


class SpoolReader:
    """Opens the index for each question: there is no index before the room first records."""

    def __init__(self, spool: Path) -> None:
        self._spool = spool

    @contextmanager
    def _index(self) -> Iterator[sqlite3.Connection | None]:
        index = self._spool / "index.sqlite"
        if not index.is_file():
            yield None
            return
        with closing(sqlite3.connect(_address(index), uri=True, timeout=2)) as database:
            yield database

    def entries_after(self, number: int, limit: int, most_bytes: int = BATCH_BYTES) -> list[ChainEntry]:
        """The next entries of the chain in order, at most `limit` and about `most_bytes` of them, but one."""
        entries: list[ChainEntry] = []
        taken = 0
        with self._index() as database:
            if database is None:
                return []
            query = "SELECT number, sha256, jws FROM entries WHERE number > ? ORDER BY number LIMIT ?"
            for row in database.execute(query, (number, limit)):
                taken += len(row[2])
                if entries and taken > most_bytes:
                    break
                entries.append(ChainEntry(*row))
        return entries

    def waiting_segments(self, up_to: int, condition: str, session: str, limit: int) -> list[SpoolSegment]:
        """Segments up to entry `up_to` without a receipt, in the order to be sent; `condition` is one of CONDITIONS."""
        query = (
            "SELECT number, sha256, path, size, start_wall_ns, session, sealed_sha256"  # noqa: S608
            " FROM entries WHERE kind = 'segment'"
            f" AND state = 'waiting' AND path IS NOT NULL AND number <= ? AND {CONDITIONS[condition]}"
            f" ORDER BY {ORDERS.get(condition, 'number')} LIMIT ?"
        )
        with self._index() as database:
            rows = database.execute(query, (up_to, session, limit)).fetchall() if database else []
        return [SpoolSegment(row[0], row[1], self._spool / row[2], row[3], row[4], row[5], row[6]) for row in rows]

    def is_waiting(self, manifest_sha256: str) -> bool:
        """False for what was receipted or refused, and for what went from a full disk."""
        query = "SELECT 1 FROM entries WHERE sha256 = ? AND state = 'waiting'"
        with self._index() as database:
            return bool(database and database.execute(query, (manifest_sha256,)).fetchone())

    def backlog(self) -> Backlog:
        query = (
            "SELECT count(*), coalesce(sum(size), 0), min(start_wall_ns) FROM entries"
            " WHERE kind = 'segment' AND state = 'waiting'"
        )
        with self._index() as database:
            row = database.execute(query).fetchone() if database else (0, 0, None)
        return Backlog(*row)

    def sealed_after(self, number: int) -> tuple[int, int]:
        """Bytes of footage sealed after entry `number`, and the last such entry."""
        query = "SELECT coalesce(sum(size), 0), max(number) FROM entries WHERE kind = 'segment' AND number > ?"
        with self._index() as database:
            size, last = database.execute(query, (number,)).fetchone() if database else (0, None)
        return int(size), number if last is None else int(last)

    def footage_kbps(self) -> int:
        """What the last minutes of footage came to, by their own length; 0 without any."""
        query = (
            "SELECT coalesce(sum(size), 0), coalesce(sum(end_wall_ns - start_wall_ns), 0) FROM (SELECT * FROM entries"
            " WHERE kind = 'segment' ORDER BY number DESC LIMIT 30)"
        )
        with self._index() as database:
            size, length_ns = database.execute(query).fetchone() if database else (0, 0)
        return int(size * 8_000_000 // length_ns) if length_ns > 0 else 0

    def head_number(self) -> int:
        with self._index() as database:
            row = database.execute("SELECT max(number) FROM entries").fetchone() if database else (0,)
        return int(row[0] or 0)

    def session_notes(self, session: str) -> list[str]:
        """The signed notes of one session, oldest first."""
        with self._index() as database:
            if database is None:
                return []
            query = "SELECT jws FROM entries WHERE kind = 'note' AND session = ? ORDER BY number"
            return [str(row[0]) for row in database.execute(query, (session,))]


def _address(index: Path) -> str:
    """Read-only. A stopped recorder leaves no WAL, and who may not write there can't make one: nobody changes the
    file then, since a recorder that starts makes its WAL first."""
    stopped = not index.with_name(f"{index.name}-wal").exists()
    return f"{index.absolute().as_uri()}?mode=ro{'&immutable=1' if stopped else ''}"


CONDITIONS = {
    "open-session": "session = ?",
    "closed-session": "session IS NOT NULL AND session <> ?",
    "no-session": "session IS NULL AND ? IS NOT NULL",
}
# Among closed sessions the one that came last goes first, whole and in its own order: an old backlog never stands
# before today's sessions, and no clock decides it.
_LAST_OF_SESSION = "(SELECT max(other.number) FROM entries AS other WHERE other.session = entries.session)"
ORDERS = {"closed-session": f"{_LAST_OF_SESSION} DESC, number"}
