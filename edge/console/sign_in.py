"""Checks an officer's number and PIN, without the centre if need be. Owns the failure counts.

Five wrong PINs lock the officer on this PC, and stay counted over a restart: the count is on the disk before the
PIN is looked at. A new PIN set at the centre starts afresh. PINs are neither kept nor logged.
"""

from __future__ import annotations

import asyncio
import hashlib
import sqlite3
import unicodedata

import argon2
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError

from edge.agent.room_record import Officer, RoomRecord
from edge.agent.trouble import Trouble

MOST_FAILURES = 5
LONGEST_PIN = 64


class SignInRefused(Trouble):
    """Codes: `wrong-pin`, `locked`."""


def _wrong(left: int | None) -> SignInRefused:
    more, more_en = (f"，再输错 {left} 次将锁定", f"; {left} more and it is locked") if left is not None else ("", "")
    return SignInRefused(
        "wrong-pin",
        f"编号或 PIN 不正确{more}；录像不受影响",
        f"Wrong number or PIN{more_en}; recording goes on",
    )


def _locked(number: str) -> SignInRefused:
    return SignInRefused(
        "locked",
        f"接谈员 {number} 已锁定。请管理员在县中心重设 PIN，线路畅通时一分钟内自动解锁；录像不受影响",
        f"Officer {number} is locked. An administrator sets a new PIN at the county centre; with the line up it is"
        " unlocked within a minute. Recording is not affected",
    )


class SignIn:
    def __init__(self, record: RoomRecord, database: sqlite3.Connection) -> None:
        self._record = record
        self._database = database
        self._hasher = argon2.PasswordHasher()
        self._one_at_a_time = asyncio.Lock()

    async def check(self, number: str, pin: str) -> Officer:
        """The officer, or SignInRefused. One at a time: guessing is no faster from many tabs."""
        async with self._one_at_a_time:
            number, pin = _half_width(number), _half_width(pin)
            officer = self._record.officer(number)
            if officer is None or not pin or len(pin) > LONGEST_PIN:
                await asyncio.to_thread(self._hasher.hash, "as slow as a real one")
                raise _wrong(None)
            failures = self._failures(officer)
            if officer.locked or failures >= MOST_FAILURES:
                raise _locked(officer.number)
            self._count(officer, failures + 1)
            if not await asyncio.to_thread(self._matches, officer.pin_verifier, pin):
                if failures + 1 >= MOST_FAILURES:
                    raise _locked(officer.number)
                raise _wrong(MOST_FAILURES - failures - 1)
            self._count(officer, 0)
            return officer

    def locked_officers(self) -> list[str]:
        """Ids locked on this PC; the centre is told how many."""
        rows = self._database.execute(
            "SELECT officer, verifier_digest, failures FROM pin_failures WHERE failures >= ?", (MOST_FAILURES,)
        )
        known = {row["officer"]: row["verifier_digest"] for row in rows}
        officers = [self._record.officer_by_id(officer) for officer in known]
        return [one.id for one in officers if one and known[one.id] == _digest(one.pin_verifier)]

    def _matches(self, verifier: str, pin: str) -> bool:
        try:
            return self._hasher.verify(verifier, pin)
        except (VerifyMismatchError, VerificationError, InvalidHashError):
            return False

    def _failures(self, officer: Officer) -> int:
        row = self._database.execute("SELECT * FROM pin_failures WHERE officer = ?", (officer.id,)).fetchone()
        same_pin = row is not None and row["verifier_digest"] == _digest(officer.pin_verifier)
        return int(row["failures"]) if same_pin else 0

    def _count(self, officer: Officer, failures: int) -> None:
        self._database.execute(
            "INSERT OR REPLACE INTO pin_failures VALUES (?, ?, ?)",
            (officer.id, _digest(officer.pin_verifier), failures),
        )


def _half_width(typed: str) -> str:
    """Digits as the centre keeps them: a Chinese input method may type them twice as wide."""
    return unicodedata.normalize("NFKC", typed).strip()


def _digest(verifier: str) -> str:
    return hashlib.sha256(verifier.encode()).hexdigest()
