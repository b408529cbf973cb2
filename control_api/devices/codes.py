"""The enrolment code: what it says and when a source that guesses must wait. Pure.

Crockford base32 of 26 bytes: 16 random ones (the secret), then the first 10 of SHA-256 of the centre's raw key.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac

from storage.signing import PublicKey

SECRET_BYTES = 16
CENTRE_BYTES = 10
LENGTH = 42
PROOF_PREFIX = b"shilu-enrol-1\n"
FREE_FAILURES = 4
LOCK_FAILURES = 10
LOCK_S = 3600
FORGET_NS = 24 * 3600 * 10**9

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_RFC4648 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_TO_RFC = str.maketrans(_CROCKFORD, _RFC4648)
_FROM_RFC = str.maketrans(_RFC4648, _CROCKFORD)
_READ_AS = str.maketrans("OIL", "011")


def code_text(secret: bytes, centre_key: PublicKey) -> str:
    """In groups of four, as an administrator hands it over."""
    encoded = base64.b32encode(secret + _centre_digest(centre_key)).decode().rstrip("=").translate(_FROM_RFC)
    return "-".join(encoded[at : at + 4] for at in range(0, len(encoded), 4))


def read_code(text: str, centre_key: PublicKey) -> bytes | None:
    """The secret, or None for what is no code of this centre."""
    plain = "".join(text.split()).replace("-", "").upper().translate(_READ_AS)
    if len(plain) != LENGTH or any(letter not in _CROCKFORD for letter in plain):
        return None
    try:
        raw = base64.b32decode(plain.translate(_TO_RFC) + "=" * (-LENGTH % 8))
    except binascii.Error:
        return None
    fits = hmac.compare_digest(raw[SECRET_BYTES:], _centre_digest(centre_key))
    return raw[:SECRET_BYTES] if fits else None


def code_digest(secret: bytes) -> str:
    """What the centre keeps of a code."""
    return hashlib.sha256(secret).hexdigest()


def proved_text(secret: bytes, transport_key: str) -> bytes:
    """What both keys of the room sign. The transport key stands in it: the chain key, whose fingerprint people
    compare, vouches for it, so that nobody on the way can put another in its place."""
    return PROOF_PREFIX + f"{secret.hex()} {transport_key}".encode()


def wait_s(failures: int) -> int:
    """How long a source waits after its n-th wrong code: slowed from the fifth on, locked from the tenth."""
    if failures <= FREE_FAILURES:
        return 0
    if failures >= LOCK_FAILURES:
        return LOCK_S
    return int(30 * 2 ** (failures - FREE_FAILURES - 1))


def _centre_digest(centre_key: PublicKey) -> bytes:
    return hashlib.sha256(centre_key.raw).digest()[:CENTRE_BYTES]
