"""The sessions that this room opened, for its own page: what is open, what still lacks a number. Random ids only."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RoomSession:
    session: str
    officer: str
    opened_wall_ns: int
    closed_wall_ns: int | None
    tag_sha256: str | None


class SessionRecord:
    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    def opened(self, session: str, officer: str, opened_wall_ns: int, tag_sha256: str | None) -> None:
        self._database.execute(
            "INSERT INTO console_sessions VALUES (?, ?, ?, NULL, ?) ON CONFLICT (session) DO NOTHING",
            (session, officer, opened_wall_ns, tag_sha256),
        )

    def tagged(self, session: str, tag_sha256: str) -> None:
        self._database.execute("UPDATE console_sessions SET tag_sha256 = ? WHERE session = ?", (tag_sha256, session))

    def closed(self, session: str, closed_wall_ns: int) -> None:
        self._database.execute(
            "UPDATE console_sessions SET closed_wall_ns = ? WHERE session = ? AND closed_wall_ns IS NULL",
            (closed_wall_ns, session),
        )

    def find(self, session: str) -> RoomSession | None:
        rows = self._database.execute("SELECT * FROM console_sessions WHERE session = ?", (session,))
        return next((_read(row) for row in rows), None)

    def untagged(self, closed_after_wall_ns: int, limit: int = 8) -> list[RoomSession]:
        """Closed lately and without a number, newest first."""
        rows = self._database.execute(
            "SELECT * FROM console_sessions WHERE tag_sha256 IS NULL AND closed_wall_ns > ?"
            " ORDER BY closed_wall_ns DESC LIMIT ?",
            (closed_after_wall_ns, limit),
        )
        return [_read(row) for row in rows]

    def settle(self, open_session: str | None, wall_ns: int, opened_before_wall_ns: int) -> None:
        """The recorder decides what is open; whatever else stands open here was closed by `wall_ns`."""
        self._database.execute(
            "UPDATE console_sessions SET closed_wall_ns = ?"
            " WHERE closed_wall_ns IS NULL AND session IS NOT ? AND opened_wall_ns < ?",
            (wall_ns, open_session, opened_before_wall_ns),
        )

    def any_other_open(self, open_session: str | None) -> bool:
        found = self._database.execute(
            "SELECT 1 FROM console_sessions WHERE closed_wall_ns IS NULL AND session IS NOT ?", (open_session,)
        )
        return found.fetchone() is not None


def _read(row: sqlite3.Row) -> RoomSession:
    return RoomSession(row["session"], row["officer"], row["opened_wall_ns"], row["closed_wall_ns"], row["tag_sha256"])
