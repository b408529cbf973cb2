"""What the centre does with enrolment codes: gives them out, knows them again, slows down who guesses. Pure.

The code itself is `storage/enrolment_code.py`: the room reads the same one.
"""

from __future__ import annotations

import hashlib

from storage.enrolment_code import BadCode, code_of, parse_code
from storage.signing import PublicKey

FREE_FAILURES = 4
LOCK_FAILURES = 10
LOCK_S = 3600
FORGET_NS = 24 * 3600 * 10**9


def code_text(secret: bytes, centre_key: PublicKey) -> str:
    """In groups of four, as an administrator hands it over."""
    return code_of(secret, centre_key).text


def read_code(text: str, centre_key: PublicKey) -> bytes | None:
    """The secret, or None for what is no code of this centre."""
    try:
        code = parse_code(text)
    except BadCode:
        return None
    return code.secret if code.names_centre(centre_key) else None


def code_digest(secret: bytes) -> str:
    """What the centre keeps of a code."""
    return hashlib.sha256(secret).hexdigest()


def wait_s(failures: int) -> int:
    """How long a source waits after its n-th wrong code: slowed from the fifth on, locked from the tenth."""
    if failures <= FREE_FAILURES:
        return 0
    if failures >= LOCK_FAILURES:
        return LOCK_S
    return int(30 * 2 ** (failures - FREE_FAILURES - 1))
