"""agent.sqlite: the agent's own memory. Owns the schema; who reads and writes a table stands with the table's module.

WAL with synchronous=FULL: an acknowledged case tag is on the disk. The agent moves no media, so its few short
commits run on the event loop. No case number, name of a visitor or PIN ever stands here in any form.
"""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

_SCHEMA = """
CREATE TABLE IF NOT EXISTS room_record (  -- one row; see agent/room_record.py
    one INTEGER PRIMARY KEY CHECK (one = 1),
    device TEXT NOT NULL,
    room TEXT NOT NULL,
    centre_key TEXT NOT NULL,             -- pinned: every later word of the centre is checked against it
    enrolled_wall_ns INTEGER NOT NULL,
    configuration TEXT,                   -- JWS as received; NULL while pending
    sealing TEXT,                         -- JWS as received
    names TEXT                            -- JSON: unit and room name, case pattern
) STRICT;
CREATE TABLE IF NOT EXISTS officers (     -- last list of the centre
    id TEXT PRIMARY KEY,
    number TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    pin_verifier TEXT NOT NULL,           -- Argon2id
    locked INTEGER NOT NULL CHECK (locked IN (0, 1))
) STRICT;
CREATE TABLE IF NOT EXISTS pin_failures ( -- see console/sign_in.py
    officer TEXT PRIMARY KEY,
    verifier_digest TEXT NOT NULL,        -- SHA-256 of the verifier the failures belong to: a new PIN starts afresh
    failures INTEGER NOT NULL CHECK (failures >= 0)
) STRICT;
CREATE TABLE IF NOT EXISTS tags (         -- sealed case tags on their way; see agent/outbox.py
    sha256 TEXT PRIMARY KEY,
    session TEXT NOT NULL,
    sealed BLOB NOT NULL,                 -- an age file
    made_wall_ns INTEGER NOT NULL,
    noted INTEGER NOT NULL CHECK (noted IN (0, 1))  -- 1: the recorder's chain carries the hash
) STRICT;
CREATE TABLE IF NOT EXISTS verdicts (     -- the centre's answers on their way to the recorder
    manifest_sha256 TEXT PRIMARY KEY,
    receipt TEXT,                         -- JWS, or NULL: refused
    code TEXT,
    reason TEXT
) STRICT;
CREATE TABLE IF NOT EXISTS progress (     -- one row: how far the chain was handed to the centre
    one INTEGER PRIMARY KEY CHECK (one = 1),
    sent_number INTEGER NOT NULL,         -- every entry up to here was answered
    centre_number INTEGER NOT NULL        -- head that the centre named last
) STRICT;
CREATE TABLE IF NOT EXISTS console_sessions (  -- see console/session_record.py
    session TEXT PRIMARY KEY,
    officer TEXT NOT NULL,
    opened_wall_ns INTEGER NOT NULL,
    closed_wall_ns INTEGER,
    tag_sha256 TEXT
) STRICT;
"""


def open_database(path: Path) -> sqlite3.Connection:
    """Open or make the database; readable by the agent's user only."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    database = sqlite3.connect(path, isolation_level=None)
    database.row_factory = sqlite3.Row
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA synchronous=FULL")
    database.execute("PRAGMA secure_delete=ON")  # a sealed tag that was handed over leaves no trace
    database.executescript(_SCHEMA)
    return database
