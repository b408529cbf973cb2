"""Who this room is and what the centre said last: enrolment, configuration, sealing list, officers.

The centre's key is pinned once, at enrolment; configuration and sealing list are kept as received and opened with
that key each time, so that neither the disk nor the line can slip in a recipient.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from storage.sealing_list import open_sealing_list
from storage.signing import CONFIGURATION_TYP, PublicKey, open_json


@dataclass(frozen=True, slots=True)
class Identity:
    """What enrolment gave the room."""

    device: str
    room: str
    centre_key: str


@dataclass(frozen=True, slots=True)
class Officer:
    id: str
    number: str
    name: str
    pin_verifier: str
    locked: bool


@dataclass(frozen=True, slots=True)
class Names:
    """For the screen. `case_pattern` is the county's form of a case ID."""

    unit_name: str = ""
    room_name: str = ""
    case_pattern: str = ""


class RoomRecord:
    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    def identity(self) -> Identity | None:
        row = self._row()
        return Identity(row["device"], row["room"], row["centre_key"]) if row else None

    def enrol(self, identity: Identity, wall_ns: int) -> None:
        self._database.execute(
            "INSERT OR REPLACE INTO room_record (one, device, room, centre_key, enrolled_wall_ns)"
            " VALUES (1, ?, ?, ?, ?)",
            (identity.device, identity.room, identity.centre_key, wall_ns),
        )

    def centre_said(self, configuration: str, sealing: str, names: Names) -> None:
        """Keep the last word; call `recipients` or `configuration` to have it checked."""
        kept = json.dumps({"unit": names.unit_name, "room": names.room_name, "pattern": names.case_pattern})
        self._database.execute(
            "UPDATE room_record SET configuration = ?, sealing = ?, names = ?", (configuration, sealing, kept)
        )

    def replace_officers(self, officers: Sequence[Officer]) -> None:
        self._database.execute("BEGIN IMMEDIATE")
        try:
            self._database.execute("DELETE FROM officers")
            self._database.executemany(
                "INSERT INTO officers VALUES (?, ?, ?, ?, ?)",
                [(one.id, one.number, one.name, one.pin_verifier, int(one.locked)) for one in officers],
            )
            self._database.execute("COMMIT")
        except sqlite3.Error:
            self._database.execute("ROLLBACK")
            raise

    def officer(self, number: str) -> Officer | None:
        return self._officer("number", number)

    def officer_by_id(self, officer: str) -> Officer | None:
        return self._officer("id", officer)

    def _officer(self, column: str, value: str) -> Officer | None:
        row = self._database.execute(f"SELECT * FROM officers WHERE {column} = ?", (value,)).fetchone()  # noqa: S608
        if row is None:
            return None
        return Officer(row["id"], row["number"], row["name"], row["pin_verifier"], bool(row["locked"]))

    def has_configuration(self) -> bool:
        row = self._row()
        return row is not None and row["configuration"] is not None

    def names(self) -> Names:
        row = self._row()
        kept = json.loads(row["names"]) if row and row["names"] else {}
        return Names(kept.get("unit", ""), kept.get("room", ""), kept.get("pattern", ""))

    def configuration(self) -> dict[str, Any] | None:
        """The verified room configuration; None while pending. Raises StorageError."""
        row = self._row()
        if row is None or not row["configuration"]:
            return None
        return open_json(row["configuration"], PublicKey.from_text(row["centre_key"]), CONFIGURATION_TYP)

    def recipients(self) -> list[str]:
        """Whom to seal to, from the verified list; empty while pending. Raises StorageError."""
        row = self._row()
        if row is None or not row["sealing"]:
            return []
        return open_sealing_list(row["sealing"], PublicKey.from_text(row["centre_key"])).texts

    def _row(self) -> sqlite3.Row | None:
        row: sqlite3.Row | None = self._database.execute("SELECT * FROM room_record").fetchone()
        return row
