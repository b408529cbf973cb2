"""Argon2id for passwords and PINs. The room checks a PIN against the same verifier when it has no line.

A hash takes 64 MiB and a good part of a processor on purpose: two run at a time, and who signs in while ten wait is
asked to come back, so that nobody can starve the centre by trying to sign in.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from control_api.errors import CenterError

MIN_PASSWORD_CHARACTERS = 10
MAX_PASSWORD_CHARACTERS = 128
_PIN = re.compile(r"[0-9]{6,12}")
_hasher = PasswordHasher()
# Checked when a name is unknown, so that the answer takes as long as for a known one.
_NOBODY = _hasher.hash("nobody signs in by this")
RUNNING = 2
WAITING = 10
_running = threading.BoundedSemaphore(RUNNING)
_places = threading.BoundedSemaphore(RUNNING + WAITING)


@contextmanager
def place_in_queue() -> Iterator[None]:
    """Taken before an attempt is counted, by whoever is not signed in yet. Raises CenterError `busy` at once."""
    if not _places.acquire(blocking=False):
        raise CenterError(
            "busy",
            "正在登录的人太多，请过几秒再试。",
            "Too many people sign in at this moment; try again in a few seconds.",
            status=429,
            retry_after_s=3,
        )
    try:
        yield
    finally:
        _places.release()


def hash_password(password: str) -> str:
    """Raises CenterError `weak-password`."""
    check_password(password)
    with _running:
        return _hasher.hash(password)


def check_password(password: str) -> None:
    """Raises CenterError `weak-password`."""
    fits = MIN_PASSWORD_CHARACTERS <= len(password) <= MAX_PASSWORD_CHARACTERS
    if not fits or password.isdecimal() or len(set(password)) < 5:
        raise CenterError(
            "weak-password",
            f"密码须为 {MIN_PASSWORD_CHARACTERS} 至 {MAX_PASSWORD_CHARACTERS} 个字符，"
            "不能全是数字，也不能只是几个字符的重复。",
            f"A password has {MIN_PASSWORD_CHARACTERS} to {MAX_PASSWORD_CHARACTERS} characters,"
            " not digits alone and not only a few.",
            field="password",
        )


def hash_pin(pin: str) -> str:
    """Raises CenterError `weak-pin`."""
    if not _PIN.fullmatch(pin) or len(set(pin)) < 3 or pin in "01234567890123" or pin in "98765432109876":
        raise CenterError(
            "weak-pin",
            "PIN 须为 6 至 12 位数字，且不能是连续或重复的数字。",
            "A PIN has 6 to 12 digits, neither a row nor a repetition.",
            field="pin",
        )
    with _running:
        return _hasher.hash(pin)


def password_fits(stored: str | None, password: str) -> bool:
    """`stored` None: nobody by this name; takes the same time and is always False."""
    try:
        with _running:
            return _hasher.verify(stored or _NOBODY, password[:MAX_PASSWORD_CHARACTERS]) and stored is not None
    except (VerificationError, InvalidHashError):
        return False
