"""The index over the chain and its files: SQLite, one writer. Owns the rows; touches no footage and signs nothing.

A row is written after its entry's bytes and names are synced, so that the row proves the file (S1). The agent opens
this file read-only.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from edge.spool.figures import Backlog, Counting, SpoolFigures
from edge.spool.index_schema import prepare
from storage.chain import EMPTY, AnyManifest, ChainHead
from storage.manifest import GapManifest, NoteManifest, SegmentManifest

EntryState = Literal["waiting", "receipted", "pruned", "expired", "refused"]


@dataclass(frozen=True, slots=True)
class EntryRow:
    """One row, without its receipt's text where that is not asked for."""

    number: int
    kind: str
    jws: str
    sha256: str
    path: str | None
    size: int
    start_wall_ns: int
    end_wall_ns: int
    session: str | None
    state: EntryState
    receipt: str | None
    sealed_sha256: str | None


@dataclass(frozen=True, slots=True)
class RunSegment:
    """A segment of one run: its entry, and how it stands."""

    sha256: str
    jws: str
    state: EntryState
    refusal: str | None

    @property
    def lost(self) -> bool:
        """Whether its own file is gone or damaged, and the archive does not have it either."""
        return self.state == "refused" and self.refusal in ("file-missing", "bytes-differ")


DOUBT = "-doubt"
_DAMAGE = (sqlite3.SQLITE_IOERR_READ, sqlite3.SQLITE_IOERR_SHORT_READ, sqlite3.SQLITE_IOERR_CORRUPTFS)
_COLUMNS = "number, kind, jws, sha256, path, size, start_wall_ns, end_wall_ns, session, state, receipt, sealed_sha256"


class SpoolIndex:
    """Safe to call from any thread. Raises sqlite3.Error; a full disk shows as sqlite3.OperationalError."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.RLock()
        self._figures, self._path = SpoolFigures(), path
        self._database = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=5)
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = FULL")
        try:
            prepare(self._database, path.name)
            self._figures = self._counted()
        except BaseException:
            self._database.close()
            raise

    def close(self) -> None:
        with self._lock:
            self._database.close()

    def head(self) -> ChainHead:
        with self._rows("SELECT number, sha256 FROM entries ORDER BY number DESC LIMIT 1") as rows:
            row = next(rows, None)
        return ChainHead(*row) if row else EMPTY

    def insert(self, manifest: AnyManifest, jws: str, sha256: str, path: str | None) -> None:
        """A new entry, waiting for its receipt. `path`: the segment's file below spool/.

        A gap that says which segments expired makes their rows say so with it, in one step (S5): the file that goes
        next is gone by a signed word, whether the row was written at once or after a crash.
        """
        with self._change() as database:
            database.execute(
                "INSERT INTO entries (number, kind, jws, sha256, path, size, run, sequence, start_wall_ns, end_wall_ns,"
                " session, state, sealed_sha256) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'waiting', ?)",
                (manifest.number, manifest.kind, jws, sha256, path, *_described(manifest, jws)),
            )
            if isinstance(manifest, GapManifest) and manifest.expired is not None:
                database.execute(
                    "UPDATE entries SET state = 'expired' WHERE kind = 'segment' AND run = ? AND session IS NULL"
                    " AND number BETWEEN ? AND ? AND state = 'waiting'",
                    (manifest.run, manifest.expired.first, manifest.expired.last),
                )
                self._figures = self._counted()
            elif isinstance(manifest, SegmentManifest):
                self._figures = self._figures.with_sealed(manifest.sealed.size, manifest.start.wall_ns)

    def entry(self, sha256: str) -> EntryRow | None:
        return self._one("sha256 = ?", sha256)

    def numbered(self, number: int) -> EntryRow | None:
        return self._one("number = ?", number)

    def place(self, run: str, sequence: int) -> EntryRow | None:
        """The segment at this place of a run."""
        return self._one("run = ? AND sequence = ?", run, sequence)

    def newest_first(self, up_to: int | None = None) -> Iterator[EntryRow]:
        """All rows, newest first, a few at a time."""
        number = self.head().number if up_to is None else up_to
        while rows := self._many("number <= ? ORDER BY number DESC LIMIT 200", number):
            yield from rows
            number = rows[-1].number - 1

    def notes_of(self, session: str) -> list[EntryRow]:
        return self._many("kind = 'note' AND session = ? ORDER BY number", session)

    def notes_newest_first(self, limit: int) -> Iterator[EntryRow]:
        """At most `limit` notes, newest first, a few at a time."""
        number = self.head().number
        while limit > 0 and (
            rows := self._many("kind = 'note' AND number <= ? ORDER BY number DESC LIMIT 200", number)
        ):
            yield from rows[:limit]
            limit -= len(rows)
            number = rows[-1].number - 1

    def segments_between(self, run: str, start_wall_ns: int, end_wall_ns: int) -> list[RunSegment]:
        """A run's segments that touch a span of its own wall time, in order."""
        query = (
            "SELECT sha256, jws, state, refusal FROM entries WHERE kind = 'segment' AND run = ?"
            " AND start_wall_ns < ? AND end_wall_ns > ? ORDER BY start_wall_ns"
        )
        with self._rows(query, run, end_wall_ns, start_wall_ns) as rows:
            return [RunSegment(*row) for row in rows]

    def lost_segments(self) -> list[tuple[int, str]]:
        """Number and run of every segment whose own file is gone or damaged."""
        query = (
            "SELECT number, run FROM entries WHERE kind = 'segment' AND state = 'refused'"
            " AND refusal IN ('file-missing', 'bytes-differ') ORDER BY number"
        )
        with self._rows(query) as rows:
            return list(rows)

    def receipted(self, limit: int) -> list[EntryRow]:
        """Segments that may go, oldest first."""
        return self._many("kind = 'segment' AND state = 'receipted' ORDER BY number LIMIT ?", limit)

    def claiming_files(self) -> list[tuple[int, str, int, str]]:
        """Number, path, size and state of every row with a file's name, oldest first."""
        query = "SELECT number, path, size, state FROM entries WHERE path IS NOT NULL ORDER BY number"
        with self._rows(query) as rows:
            return list(rows)

    def waiting_without_session(self, after: int, before_wall_ns: int, limit: int) -> list[EntryRow]:
        """Segments behind entry `after` that wait, name no session and say they ended before then; oldest first."""
        condition = (
            "kind = 'segment' AND state = 'waiting' AND number > ? AND session IS NULL AND end_wall_ns < ?"
            " ORDER BY number LIMIT ?"
        )
        return self._many(condition, after, before_wall_ns, limit)

    def segments_numbered(self, run: str, first: int, last: int) -> int:
        """How many segments of a run stand between two numbers of the chain, both among them."""
        query = "SELECT count(*) FROM entries WHERE kind = 'segment' AND run = ? AND number BETWEEN ? AND ?"
        with self._rows(query, run, first, last) as rows:
            return int(next(rows)[0])

    def of_sessions(self, first: int, last: int, start_wall_ns: int, end_wall_ns: int) -> list[EntryRow]:
        """Entries that name a session and stand between two numbers of the chain or touch a span of wall time."""
        condition = (
            "session IS NOT NULL AND (number BETWEEN ? AND ? OR (start_wall_ns < ? AND end_wall_ns > ?))"
            " ORDER BY number LIMIT 2000"
        )
        return self._many(condition, first, last, end_wall_ns, start_wall_ns)

    @property
    def figures(self) -> SpoolFigures:
        """As of the last change; waits for nothing."""
        return self._figures

    def backlog(self) -> Backlog:
        """As of the last change; waits for nothing."""
        return self._figures.backlog

    def mark_receipted(self, number: int, receipt: str) -> None:
        """waiting or refused → receipted; a row that was receipted or pruned already stays as it is.

        One that expired while its bytes were on their way is pruned like any other that the archive has.
        """
        self._move(
            number,
            "UPDATE entries SET state = CASE state WHEN 'expired' THEN 'pruned' ELSE 'receipted' END, receipt = ?,"
            " refusal = NULL WHERE number = ? AND state IN ('waiting', 'refused', 'expired')",
            (receipt, number),
        )

    def mark_refused(self, number: int, code: str) -> None:
        self._move(
            number,
            "UPDATE entries SET state = 'refused', refusal = ? WHERE number = ? AND state = 'waiting'",
            (code, number),
        )

    def mark_pruned(self, number: int) -> None:
        """receipted → pruned, path kept: the file may be gone from now on (S5)."""
        self._move(number, "UPDATE entries SET state = 'pruned' WHERE number = ? AND state = 'receipted'", (number,))

    def forget_path(self, number: int) -> None:
        """The pruned or expired row's file is gone for good."""
        with self._change() as database:
            query = "UPDATE entries SET path = NULL WHERE number = ? AND state IN ('pruned', 'expired')"
            database.execute(query, (number,))

    def _move(self, number: int, statement: str, values: Sequence[object]) -> None:
        """One row from state to state, and the figures with it."""
        with self._change() as database:
            before = self._counting(number)
            database.execute(statement, values)
            after = self._counting(number)
            if before is not None and after is not None and before != after:
                self._figures = self._figures.moved(before, after, self._oldest_waiting())

    def _counting(self, number: int) -> Counting | None:
        with self._rows("SELECT kind, state, size FROM entries WHERE number = ?", number) as rows:
            row = next(rows, None)
        return Counting(*row) if row else None

    def _oldest_waiting(self) -> int | None:
        query = "SELECT start_wall_ns FROM entries WHERE state = 'waiting' AND kind = 'segment' ORDER BY number LIMIT 1"
        with self._rows(query) as rows:
            row = next(rows, None)
        return int(row[0]) if row else None

    def _counted(self) -> SpoolFigures:
        """From the rows themselves: at the start, and where many changed at once."""
        figures = SpoolFigures(sealed_bytes=self._figures.sealed_bytes)
        query = "SELECT kind, state, count(*), sum(size) FROM entries GROUP BY state, kind"
        with self._rows(query) as rows:
            for kind, state, count, size_bytes in rows:
                figures = figures.plus(kind, state, count, size_bytes)
        return figures.with_oldest(self._oldest_waiting())

    @contextmanager
    def together(self) -> Iterator[None]:
        """Everything that is changed within it in one transaction."""
        with self._change():
            yield

    @contextmanager
    def _change(self) -> Iterator[sqlite3.Connection]:
        """One transaction: whole, or not at all."""
        with self._lock, self._doubting():
            if self._database.in_transaction:
                yield self._database
                return
            figures = self._figures
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield self._database
                self._database.execute("COMMIT")
            except BaseException:
                self._figures = figures
                with suppress(sqlite3.Error):  # a full disk may have ended it already
                    self._database.execute("ROLLBACK")
                raise

    def _one(self, condition: str, *values: object) -> EntryRow | None:
        rows = self._many(condition, *values)
        return rows[0] if rows else None

    def _many(self, condition: str, *values: object) -> list[EntryRow]:
        with self._rows(f"SELECT {_COLUMNS} FROM entries WHERE {condition}", *values) as rows:  # noqa: S608
            return [EntryRow(*row) for row in rows]

    @contextmanager
    def _doubting(self) -> Iterator[None]:
        """Damage that shows only now is left for the next start to know, which makes the index anew."""
        try:
            yield
        except sqlite3.DatabaseError as error:
            if is_damage(error):
                with suppress(OSError):
                    self._path.with_name(self._path.name + DOUBT).touch()
            raise

    @contextmanager
    def _rows(self, query: str, *values: object) -> Iterator[sqlite3.Cursor]:
        with self._lock, self._doubting():
            cursor = self._database.execute(query, values)
            try:
                yield cursor
            finally:
                cursor.close()


def is_damage(error: sqlite3.Error) -> bool:
    """Whether the file itself can't be read or holds something else than an index; not: locked, or no room."""
    if not hasattr(error, "sqlite_errorcode"):
        return not isinstance(error, sqlite3.OperationalError)
    return error.sqlite_errorcode in _DAMAGE or error.sqlite_errorcode & 0xFF in (
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_NOTADB,
    )


def _described(manifest: AnyManifest, jws: str) -> tuple[int, str | None, int | None, int, int, str | None, str | None]:
    """size, run, sequence, start, end, session, sealed hash."""
    if isinstance(manifest, NoteManifest):
        made = manifest.made.wall_ns
        return len(jws), None, None, made, made, manifest.session, None
    start, end = manifest.start.wall_ns, manifest.end.wall_ns
    if isinstance(manifest, SegmentManifest):
        sealed = manifest.sealed
        return sealed.size, manifest.run, manifest.sequence, start, end, manifest.session, sealed.sha256
    return len(jws), manifest.run, None, start, end, manifest.session, None
