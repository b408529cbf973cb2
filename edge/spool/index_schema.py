"""The index's table, and how one of an earlier version becomes it. Owns SQL text only; knows no rows."""

from __future__ import annotations

import sqlite3

SCHEMA_VERSION = 2

TABLE = """CREATE TABLE IF NOT EXISTS entries (
  number INTEGER PRIMARY KEY CHECK (number >= 1),  -- place in the device's chain, from 1, without holes
  kind TEXT NOT NULL CHECK (kind IN ('segment', 'gap', 'note')),
  jws TEXT NOT NULL,                     -- the signed entry, the same characters as chain/<number>.jws
  sha256 TEXT NOT NULL UNIQUE CHECK (length(sha256) = 64),  -- of those characters, hex
  path TEXT,                             -- sealed file below spool/; NULL: gap, note, or file gone for good
  size INTEGER NOT NULL CHECK (size > 0),  -- bytes of the sealed file; of the jws for gaps and notes
  run TEXT,                              -- hex id; NULL: a note, or a gap between runs
  sequence INTEGER CHECK (sequence >= 0),  -- place in the run; NULL but for segments
  start_wall_ns INTEGER NOT NULL,        -- UTC, from the run's anchor and media time; of a note: when it was made
  end_wall_ns INTEGER NOT NULL,          -- UTC, as above; may be before the start where the wall clock was set back
  session TEXT,                          -- hex id; NULL: none was open
  state TEXT NOT NULL CHECK (state IN ('waiting', 'receipted', 'pruned', 'expired', 'refused')),
  receipt TEXT,                          -- the centre's JWS, checked when it came; NULL: none yet
  sealed_sha256 TEXT,                    -- of the sealed file, hex; NULL for gaps and notes
  refusal TEXT,                          -- the centre's code when state is 'refused'; NULL otherwise
  CHECK ((kind = 'segment') = (sealed_sha256 IS NOT NULL)),
  CHECK ((kind = 'segment') = (sequence IS NOT NULL)),
  CHECK (kind = 'segment' OR path IS NULL),
  CHECK (kind <> 'segment' OR run IS NOT NULL),
  CHECK (kind <> 'segment' OR state IN ('pruned', 'expired') OR path IS NOT NULL),  -- who claims a file names it
  CHECK (state NOT IN ('receipted', 'pruned') OR receipt IS NOT NULL),    -- nothing goes without a receipt (S4)
  CHECK (state <> 'expired' OR (kind = 'segment' AND session IS NULL)),   -- but by a signed gap, and never a session's
  CHECK (refusal IS NULL OR state = 'refused')
) STRICT"""

INDEXES = """
CREATE INDEX IF NOT EXISTS entries_by_state ON entries (state, kind, number);
CREATE INDEX IF NOT EXISTS entries_by_session ON entries (session, number) WHERE session IS NOT NULL;
CREATE UNIQUE INDEX IF NOT EXISTS entries_by_place ON entries (run, sequence) WHERE sequence IS NOT NULL;
CREATE INDEX IF NOT EXISTS entries_with_files ON entries (number, path, size, state) WHERE path IS NOT NULL;
CREATE INDEX IF NOT EXISTS entries_by_kind ON entries (kind, number);
"""


def prepare(database: sqlite3.Connection, name: str) -> None:
    """Bring the file to this version. Raises sqlite3.DatabaseError for one of a newer program."""
    found = int(database.execute("PRAGMA user_version").fetchone()[0])
    if found > SCHEMA_VERSION:
        raise sqlite3.DatabaseError(f"{name} was written by a newer version (schema {found})")
    if found == 1:
        _rewrite_rules(database)
    database.executescript(f"{TABLE};{INDEXES}")
    database.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def _rewrite_rules(database: sqlite3.Connection) -> None:
    """Version 1 knew no `expired`. Only rules change and no row, so the table's text is exchanged in place, as SQLite
    describes it for this case: nothing is copied, which a full disk would not allow."""
    text = TABLE.replace(" IF NOT EXISTS", "", 1)
    cookie = int(database.execute("PRAGMA schema_version").fetchone()[0])
    database.execute("BEGIN IMMEDIATE")
    try:
        database.execute("PRAGMA writable_schema = ON")
        database.execute("UPDATE sqlite_schema SET sql = ? WHERE type = 'table' AND name = 'entries'", (text,))
        database.execute(f"PRAGMA schema_version = {cookie + 1}")
        database.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        database.execute("PRAGMA writable_schema = OFF")
        database.execute("COMMIT")
    except BaseException:
        database.execute("ROLLBACK")
        raise
