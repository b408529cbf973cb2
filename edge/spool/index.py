"""The index over the chain and its files: SQLite, one writer. Owns the rows; touches no footage and signs nothing.

A row is written after its entry's bytes and names are synced, so that the row proves the file (S1). The agent opens
this file read-only.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from storage.chain import EMPTY, AnyManifest, ChainHead
from storage.manifest import NoteManifest, SegmentManifest

SCHEMA_VERSION = 1
EntryState = Literal["waiting", "receipted", "pruned", "refused"]

SCHEMA = """
CREATE TABLE IF NOT EXISTS entries (
  number INTEGER PRIMARY KEY CHECK (number >= 1),  -- place in the device's chain, from 1, without holes
  kind TEXT NOT NULL CHECK (kind IN ('segment', 'gap', 'note')),
  jws TEXT NOT NULL,                     -- the signed entry, the same characters as chain/<number>.jws
  sha256 TEXT NOT NULL UNIQUE CHECK (length(sha256) = 64),  -- of those characters, hex
  path TEXT,                             -- sealed file below spool/; NULL: gap, note, or file gone after its receipt
  size INTEGER NOT NULL CHECK (size > 0),  -- bytes of the sealed file; of the jws for gaps and notes
  run TEXT,                              -- hex id; NULL: a note, or a gap between runs
  sequence INTEGER CHECK (sequence >= 0),  -- place in the run; NULL but for segments
  start_wall_ns INTEGER NOT NULL,        -- UTC, from the run's anchor and media time; of a note: when it was made
  end_wall_ns INTEGER NOT NULL,          -- UTC, as above; may be before the start where the wall clock was set back
  session TEXT,                          -- hex id; NULL: none was open
  state TEXT NOT NULL CHECK (state IN ('waiting', 'receipted', 'pruned', 'refused')),
  receipt TEXT,                          -- the centre's JWS, checked when it came; NULL: none yet
  sealed_sha256 TEXT,                    -- of the sealed file, hex; NULL for gaps and notes
  refusal TEXT,                          -- the centre's code when state is 'refused'; NULL otherwise
  CHECK ((kind = 'segment') = (sealed_sha256 IS NOT NULL)),
  CHECK ((kind = 'segment') = (sequence IS NOT NULL)),
  CHECK (kind = 'segment' OR path IS NULL),
  CHECK (kind <> 'segment' OR run IS NOT NULL),
  CHECK (kind <> 'segment' OR state = 'pruned' OR path IS NOT NULL),      -- who claims a file names it
  CHECK (state NOT IN ('receipted', 'pruned') OR receipt IS NOT NULL),    -- nothing goes without a receipt (S4)
  CHECK (refusal IS NULL OR state = 'refused')
) STRICT;
CREATE INDEX IF NOT EXISTS entries_by_state ON entries (state, kind, number);
CREATE INDEX IF NOT EXISTS entries_by_session ON entries (session, number) WHERE session IS NOT NULL;
CREATE UNIQUE INDEX IF NOT EXISTS entries_by_place ON entries (run, sequence) WHERE sequence IS NOT NULL;
CREATE INDEX IF NOT EXISTS entries_by_kind ON entries (kind, number);
"""


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


@dataclass(frozen=True, slots=True)
class Backlog:
    """Segments whose receipt is missing. `refused` ones were set aside by the centre and are counted apart."""

    segments: int
    size_bytes: int
    oldest_wall_ns: int | None
    refused: int


_COLUMNS = "number, kind, jws, sha256, path, size, start_wall_ns, end_wall_ns, session, state, receipt, sealed_sha256"


class SpoolIndex:
    """Safe to call from any thread. Raises sqlite3.Error; a full disk shows as sqlite3.OperationalError."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.RLock()
        self._database = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=5)
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = FULL")
        found = int(self._database.execute("PRAGMA user_version").fetchone()[0])
        if found > SCHEMA_VERSION:
            self._database.close()
            raise sqlite3.DatabaseError(f"{path.name} was written by a newer version (schema {found})")
        self._database.executescript(SCHEMA)
        self._database.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")

    def close(self) -> None:
        with self._lock:
            self._database.close()

    def head(self) -> ChainHead:
        with self._rows("SELECT number, sha256 FROM entries ORDER BY number DESC LIMIT 1") as rows:
            row = next(rows, None)
        return ChainHead(*row) if row else EMPTY

    def insert(self, manifest: AnyManifest, jws: str, sha256: str, path: str | None) -> None:
        """A new entry, waiting for its receipt. `path`: the segment's file below spool/."""
        self._change(
            "INSERT INTO entries (number, kind, jws, sha256, path, size, run, sequence, start_wall_ns, end_wall_ns,"
            " session, state, sealed_sha256) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'waiting', ?)",
            (manifest.number, manifest.kind, jws, sha256, path, *_described(manifest, jws)),
        )

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

    def backlog(self) -> Backlog:
        waiting = "SELECT count(*), coalesce(sum(size), 0), min(start_wall_ns) FROM entries WHERE kind = 'segment'"
        with self._rows(f"{waiting} AND state = 'waiting'") as rows:
            segments, size_bytes, oldest_wall_ns = next(rows)
        with self._rows("SELECT count(*) FROM entries WHERE state = 'refused'") as rows:
            return Backlog(segments, size_bytes, oldest_wall_ns, next(rows)[0])

    def mark_receipted(self, number: int, receipt: str) -> None:
        """waiting or refused → receipted; a row that was receipted or pruned already stays as it is."""
        self._change(
            "UPDATE entries SET state = 'receipted', receipt = ?, refusal = NULL"
            " WHERE number = ? AND state IN ('waiting', 'refused')",
            (receipt, number),
        )

    def mark_refused(self, number: int, code: str) -> None:
        self._change(
            "UPDATE entries SET state = 'refused', refusal = ? WHERE number = ? AND state = 'waiting'", (code, number)
        )

    def mark_pruned(self, number: int) -> None:
        """receipted → pruned, path kept: the file may be gone from now on (S5)."""
        self._change("UPDATE entries SET state = 'pruned' WHERE number = ? AND state = 'receipted'", (number,))

    def forget_path(self, number: int) -> None:
        """The pruned row's file is gone for good."""
        self._change("UPDATE entries SET path = NULL WHERE number = ? AND state = 'pruned'", (number,))

    def _change(self, statement: str, values: Sequence[object]) -> None:
        with self._lock:
            self._database.execute(statement, values)

    def _one(self, condition: str, *values: object) -> EntryRow | None:
        rows = self._many(condition, *values)
        return rows[0] if rows else None

    def _many(self, condition: str, *values: object) -> list[EntryRow]:
        with self._rows(f"SELECT {_COLUMNS} FROM entries WHERE {condition}", *values) as rows:  # noqa: S608
            return [EntryRow(*row) for row in rows]

    @contextmanager
    def _rows(self, query: str, *values: object) -> Iterator[sqlite3.Cursor]:
        with self._lock:
            cursor = self._database.execute(query, values)
            try:
                yield cursor
            finally:
                cursor.close()


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
