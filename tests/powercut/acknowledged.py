"""What the room has acknowledged so far, and what of it a recovered room no longer knows."""

from __future__ import annotations

import random
import secrets
import sqlite3
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from storage.manifest import NoteManifest
from storage.receipt import Receipt, sign_receipt
from tests.edge.recorder.room import Room


@dataclass(frozen=True)
class Acknowledged:
    """`entries`: hashes by number as the index showed them to readers. `notes`: kind, session and tag of what was
    answered with ok. `receipts`: hashes of the entries whose receipt was answered with ok."""

    entries: dict[int, str] = field(default_factory=dict)
    notes: frozenset[tuple[str, str, str | None]] = frozenset()
    receipts: frozenset[str] = frozenset()


class Officer:
    """Opens, tags and closes sessions and brings receipts, all the time, in a thread; remembers what was answered."""

    def __init__(self, room: Room, chance: random.Random) -> None:
        self._room, self._chance = room, chance
        self._known = Acknowledged()
        self._answered = threading.Condition()
        self._stopping = threading.Event()
        self.error: Exception | None = None
        self._thread = threading.Thread(target=self._work, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join(20)

    def known(self) -> Acknowledged:
        """All that was acknowledged before this call."""
        with self._answered:
            return Acknowledged(entries_shown(self._room.spool), self._known.notes, self._known.receipts)

    def wait_for_an_answer(self, timeout_s: float) -> None:
        with self._answered:
            self._answered.wait(timeout_s)

    def _work(self) -> None:
        try:
            while not self._stopping.is_set():
                self._hold_session()
                self._bring_receipts()
        except Exception as error:
            self.error = error

    def _hold_session(self) -> None:
        session, tag = secrets.token_hex(16), secrets.token_hex(32)
        who = {"officer": secrets.token_hex(16), "signed_in": "online", "session": session}
        self._note("session-opened", "open_session", None, **who)
        self._pause(0.2, 3.0)
        self._note("session-tagged", "tag_session", tag, tag_sha256=tag, **who)
        self._pause(0.2, 3.0)
        self._note("session-closed", "close_session", None, **who)
        self._pause(0.1, 1.5)

    def _note(self, kind: str, command: str, tag: str | None, **arguments: Any) -> None:
        if self._ok(self._room.ask(command, **arguments)):
            with self._answered:
                notes = self._known.notes | {(kind, arguments["session"], tag)}
                self._known = Acknowledged({}, notes, self._known.receipts)
                self._answered.notify_all()

    def _bring_receipts(self) -> None:
        for sha256, size in waiting_segments(self._room.spool)[:3]:
            receipt = Receipt(
                manifest_sha256=sha256,
                object_key="rooms/" + secrets.token_hex(8),
                version_id="1",
                sealed_sha256=sealed_hash(self._room.spool, sha256),
                size=size,
                received_wall_ns=time.time_ns(),
                store="local-not-worm",
            )
            if self._ok(self._room.ask("receipt", receipt=sign_receipt(receipt, self._room.centre.key))):
                with self._answered:
                    self._known = Acknowledged({}, self._known.notes, self._known.receipts | {sha256})
                    self._answered.notify_all()

    def _ok(self, answer: dict[str, Any]) -> bool:
        if answer["ok"] is not True:
            raise RuntimeError(f"the room refused: {answer}")
        return True

    def _pause(self, least_s: float, most_s: float) -> None:
        self._stopping.wait(self._chance.uniform(least_s, most_s))


def lost_rows(room: Room, before: Acknowledged) -> int:
    """How much of what was acknowledged the recovered room does not know, in its chain and in its index."""
    entries = entries_shown(room.spool)
    lost = sum(entries.get(number) != sha256 for number, sha256 in before.entries.items())
    notes = {
        (str(entry.note), entry.session, entry.tag_sha256)
        for entry in room.entries()
        if isinstance(entry, NoteManifest)
    }
    lost += len(before.notes - notes)
    return lost + len(before.receipts - receipted(room.spool))


def entries_shown(spool: Path) -> dict[int, str]:
    return dict(_ask(spool, "SELECT number, sha256 FROM entries"))


def receipted(spool: Path) -> set[str]:
    return {row[0] for row in _ask(spool, "SELECT sha256 FROM entries WHERE state IN ('receipted', 'pruned')")}


def waiting_segments(spool: Path) -> list[tuple[str, int]]:
    return _ask(spool, "SELECT sha256, size FROM entries WHERE state = 'waiting' AND kind = 'segment'")


def sealed_hash(spool: Path, sha256: str) -> str:
    return str(_ask(spool, "SELECT sealed_sha256 FROM entries WHERE sha256 = ?", sha256)[0][0])


def _ask(spool: Path, query: str, *arguments: str) -> list[Any]:
    """As the agent reads: read-only, beside the recorder."""
    connection = sqlite3.connect(f"file:{spool / 'index.sqlite'}?mode=ro", uri=True, timeout=10)
    try:
        return connection.execute(query, arguments).fetchall()
    finally:
        connection.close()
