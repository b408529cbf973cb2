"""What is on its way: sealed case tags to the centre, the centre's verdicts to the recorder, the chain's progress.

Everything here survives a power cut and goes once: a tag is known by its hash, a verdict by its manifest, and
both other sides answer a repetition like the first time.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WaitingTag:
    sha256: str
    session: str
    sealed: bytes
    made_wall_ns: int
    noted: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    """`receipt` or, when the centre refused the entry, `code` and `reason`."""

    manifest_sha256: str
    receipt: str | None
    code: str = ""
    reason: str = ""


class Outbox:
    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    def prepare_tag(self, tag: WaitingTag) -> None:
        """Keep a sealed tag before the recorder is told its hash, so that no hash ever lacks its tag."""
        self._database.execute(
            "INSERT OR IGNORE INTO tags VALUES (?, ?, ?, ?, ?)",
            (tag.sha256, tag.session, tag.sealed, tag.made_wall_ns, int(tag.noted)),
        )

    def tag_noted(self, sha256: str) -> None:
        self._database.execute("UPDATE tags SET noted = 1 WHERE sha256 = ?", (sha256,))

    def drop_tag(self, sha256: str) -> None:
        """The centre stores it, or the recorder never took its hash."""
        self._database.execute("DELETE FROM tags WHERE sha256 = ?", (sha256,))

    def tags(self, *, noted: bool, limit: int = 200) -> list[WaitingTag]:
        rows = self._database.execute(
            "SELECT * FROM tags WHERE noted = ? ORDER BY made_wall_ns LIMIT ?", (int(noted), limit)
        )
        return [
            WaitingTag(row["sha256"], row["session"], row["sealed"], row["made_wall_ns"], bool(row["noted"]))
            for row in rows
        ]

    def add_receipt(self, manifest_sha256: str, receipt: str) -> None:
        self._database.execute("INSERT OR REPLACE INTO verdicts VALUES (?, ?, NULL, NULL)", (manifest_sha256, receipt))

    def drop_verdict(self, manifest_sha256: str) -> None:
        self._database.execute("DELETE FROM verdicts WHERE manifest_sha256 = ?", (manifest_sha256,))

    def verdicts(self, limit: int = 200) -> list[Verdict]:
        rows = self._database.execute("SELECT * FROM verdicts LIMIT ?", (limit,))
        return [Verdict(row["manifest_sha256"], row["receipt"], row["code"] or "", row["reason"] or "") for row in rows]

    def has_verdict(self, manifest_sha256: str) -> bool:
        found = self._database.execute("SELECT 1 FROM verdicts WHERE manifest_sha256 = ?", (manifest_sha256,))
        return found.fetchone() is not None

    def sent_number(self) -> int:
        """Every chain entry up to this number was answered by the centre."""
        row = self._database.execute("SELECT sent_number FROM progress").fetchone()
        return int(row["sent_number"]) if row else 0

    def answered(self, up_to: int, refusals: Sequence[Verdict]) -> None:
        """Entries up to `up_to` are answered; those in `refusals` were refused. One commit for both."""
        with self._transaction():
            for refusal in refusals:
                self._database.execute(
                    "INSERT OR REPLACE INTO verdicts VALUES (?, NULL, ?, ?)",
                    (refusal.manifest_sha256, refusal.code, refusal.reason),
                )
            self._database.execute(
                "INSERT INTO progress VALUES (1, ?, 0)"
                " ON CONFLICT (one) DO UPDATE SET sent_number = excluded.sent_number",
                (up_to,),
            )

    def centre_stands_at(self, number: int, *, rewind: bool = False) -> bool:
        """The centre named its head. True when what follows is sent again: it went back (restored from an older
        copy), or `rewind` asks for it."""
        row = self._database.execute("SELECT sent_number, centre_number FROM progress").fetchone()
        sent, before = (int(row["sent_number"]), int(row["centre_number"])) if row else (0, 0)
        went_back = number < before or (rewind and number < sent)
        self._database.execute(
            "INSERT INTO progress VALUES (1, ?, ?) ON CONFLICT (one) DO UPDATE"
            " SET sent_number = excluded.sent_number, centre_number = excluded.centre_number",
            (min(sent, number) if went_back else sent, number),
        )
        return went_back

    def _transaction(self) -> _Transaction:
        return _Transaction(self._database)


class _Transaction:
    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    def __enter__(self) -> None:
        self._database.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._database.execute("ROLLBACK" if kind else "COMMIT")
