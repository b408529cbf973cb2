"""The enrolment code, as people type it and as both ends read it, and what it makes a room's two keys sign. Pure.

Crockford base32 of 26 bytes: the 16 random bytes of the secret, then the first 10 bytes of SHA-256 of the centre's raw
public key. So the room knows which centre it talks to before it believes anything that centre says.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass

from storage.errors import StorageError
from storage.signing import PublicKey

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_RFC4648 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_TO_RFC = str.maketrans(_CROCKFORD, _RFC4648)
_FROM_RFC = str.maketrans(_RFC4648, _CROCKFORD)
_READ_AS = str.maketrans("OIL", "011")
SECRET_BYTES = 16
CENTRE_BYTES = 10
LENGTH = 42
PROOF_PREFIX = b"shilu-enrol-1\n"


class BadCode(StorageError):
    """What was typed is no enrolment code."""

    def __init__(self) -> None:
        super().__init__(
            "code-malformed",
            f"登记码应为 {LENGTH} 个字母和数字（每四个一组），请对照县中心给出的登记码检查",
            f"An enrolment code has {LENGTH} letters and digits in groups of four; compare it with the centre's",
        )


@dataclass(frozen=True, slots=True)
class EnrolmentCode:
    """`centre_digest`: the beginning of the hash of the key that made it."""

    secret: bytes
    centre_digest: bytes

    @property
    def text(self) -> str:
        """In groups of four, as an administrator hands it over."""
        encoded = base64.b32encode(self.secret + self.centre_digest).decode().rstrip("=").translate(_FROM_RFC)
        return "-".join(encoded[start : start + 4] for start in range(0, len(encoded), 4))

    def names_centre(self, key: PublicKey) -> bool:
        return hmac.compare_digest(_digest(key), self.centre_digest)

    def __repr__(self) -> str:
        return "EnrolmentCode(…)"  # the secret stays out of logs


def code_of(secret: bytes, centre_key: PublicKey) -> EnrolmentCode:
    """The code that the centre with this key gives out for `secret` (16 random bytes)."""
    return EnrolmentCode(secret, _digest(centre_key))


def parse_code(text: str) -> EnrolmentCode:
    """Read what a person typed: case, spaces and hyphens don't matter. Raises BadCode."""
    plain = "".join(text.split()).replace("-", "").upper().translate(_READ_AS)
    if len(plain) != LENGTH or any(letter not in _CROCKFORD for letter in plain):
        raise BadCode
    try:
        raw = base64.b32decode(plain.translate(_TO_RFC) + "=" * (-LENGTH % 8))
    except binascii.Error:
        raise BadCode from None
    return EnrolmentCode(raw[:SECRET_BYTES], raw[SECRET_BYTES:])


def challenge_of(secret: bytes, transport_key: str) -> str:
    """What both keys sign, after PROOF_PREFIX. The chain key, whose fingerprint people compare, so vouches for the
    transport key: nobody on the way can put another in its place."""
    return f"{secret.hex()} {transport_key}"


def proved_text(secret: bytes, transport_key: str) -> bytes:
    """The bytes under both signatures."""
    return PROOF_PREFIX + challenge_of(secret, transport_key).encode()


def _digest(key: PublicKey) -> bytes:
    return hashlib.sha256(key.raw).digest()[:CENTRE_BYTES]
