"""Ed25519 keys and signed JSON (RFC 8785 in a compact RFC 7515 JWS). Decides nothing about what is signed.

One algorithm is known today. Every header names its algorithm, so that another (SM2) can follow; an unknown one is
refused by name, never guessed.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from storage.disk import create_file
from storage.errors import StorageError

ALGORITHM = "EdDSA"
MANIFEST_TYP = "shilu-manifest+jws"
RECEIPT_TYP = "shilu-receipt+jws"
CONFIGURATION_TYP = "shilu-configuration+jws"
SEALING_TYP = "shilu-sealing+jws"
MAX_JWS_CHARACTERS = 1_000_000


class SigningError(StorageError):
    """Something signed is not what it should be."""


class BadSignature(SigningError):
    """The signature does not fit the bytes and the key."""


class UnknownAlgorithm(SigningError):
    """Signed by an algorithm that this version does not know; the sentence names it."""


class WrongType(SigningError):
    """Signed, but as another kind of document."""


class NotCanonical(SigningError):
    """Not a JWS, not JSON, or JSON that is not in its one canonical form."""


class BadKey(SigningError):
    """A key's text or file can't be read."""


class PublicKey:
    """An Ed25519 public key. `text` is its 32 bytes in base64url without padding."""

    def __init__(self, key: Ed25519PublicKey) -> None:
        self._key = key
        self.raw: bytes = key.public_bytes_raw()

    @classmethod
    def from_text(cls, text: str) -> PublicKey:
        try:
            raw = decode_base64url(text.strip())
            return cls(Ed25519PublicKey.from_public_bytes(raw))
        except (NotCanonical, ValueError) as error:
            raise BadKey("bad-key", "公钥格式不正确。", "This is not an Ed25519 public key in base64url.") from error

    @property
    def text(self) -> str:
        return encode_base64url(self.raw)

    @property
    def kid(self) -> str:
        """SHA-256 of the raw key in hex: what a JWS header names its key by."""
        return hashlib.sha256(self.raw).hexdigest()

    @property
    def fingerprint(self) -> str:
        """The first half of `kid` as people compare it: eight groups of four."""
        return " ".join(self.kid[at : at + 4].upper() for at in range(0, 32, 4))

    def verify_raw(self, signature: bytes, data: bytes) -> None:
        """Raises BadSignature."""
        try:
            self._key.verify(signature, data)
        except InvalidSignature as error:
            raise BadSignature(
                "bad-signature", "签名与内容不符。", "The signature does not fit the content and the key."
            ) from error

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PublicKey) and other.raw == self.raw

    def __hash__(self) -> int:
        return hash(self.raw)

    def __repr__(self) -> str:
        return f"PublicKey({self.text})"


class SigningKey:
    """An Ed25519 private key. Never shown, never overwritten on disk."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self.public = PublicKey(key.public_key())

    @classmethod
    def generate(cls) -> SigningKey:
        return cls(Ed25519PrivateKey.generate())

    @classmethod
    def load(cls, path: Path) -> SigningKey:
        """Read PKCS8 PEM. Raises BadKey; refuses a file that others can read."""
        try:
            if path.stat().st_mode & 0o077:
                raise BadKey(
                    "key-exposed",
                    f"密钥文件 {path.name} 可被其他用户读取；请改为仅本用户可读（chmod 600）。",
                    f"The key file {path.name} can be read by others; make it private (chmod 600).",
                )
            key = serialization.load_pem_private_key(path.read_bytes(), password=None)
        except (OSError, ValueError) as error:
            raise BadKey(
                "bad-key", f"无法读取密钥文件 {path.name}。", f"The key file {path.name} can't be read: {error}"
            ) from error
        if not isinstance(key, Ed25519PrivateKey):
            raise BadKey("bad-key", f"{path.name} 不是 Ed25519 密钥。", f"{path.name} is not an Ed25519 key.")
        return cls(key)

    def save(self, path: Path) -> None:
        """Create `path` exclusively, 0600, synced. Raises FileExistsError."""
        pem = self._key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        create_file(path, pem, mode=0o600)

    def sign_raw(self, data: bytes) -> bytes:
        return self._key.sign(data)

    def derived(self, purpose: bytes) -> bytes:
        """32 secret bytes for one other purpose, by which nobody learns this key. The same ones every time."""
        return hmac.digest(self._key.private_bytes_raw(), purpose, "sha256")


def canonical_json(payload: Mapping[str, Any]) -> bytes:
    """RFC 8785. Integers beyond 2**53 don't exist there: carry them as text (as nanoseconds in a manifest)."""
    try:
        return rfc8785.dumps(dict(payload))
    except rfc8785.CanonicalizationError as error:
        raise ValueError(f"not expressible as RFC 8785 JSON: {error}") from error


def sign_json(payload: Mapping[str, Any], key: SigningKey, typ: str) -> str:
    """A compact JWS over the canonical form of `payload`."""
    header = canonical_json({"alg": ALGORITHM, "typ": typ, "kid": key.public.kid})
    signed = f"{encode_base64url(header)}.{encode_base64url(canonical_json(payload))}"
    return f"{signed}.{encode_base64url(key.sign_raw(signed.encode()))}"


def open_json(jws: str, key: PublicKey, typ: str) -> dict[str, Any]:
    """The payload, once algorithm, type, key, signature and form were checked.

    Raises UnknownAlgorithm, WrongType, BadSignature or NotCanonical.
    """
    signed, header, payload, signature = _split(jws)
    _check_header(header, key, typ)
    key.verify_raw(signature, signed)
    return _canonical_object(payload)


def peek_json(jws: str) -> dict[str, Any]:
    """The payload, unverified: only to find out which key to check it with."""
    return _json_object(_split(jws)[2])


def peek_header(jws: str) -> dict[str, Any]:
    """The header, unverified."""
    return _split(jws)[1]


def peek_kid(jws: str) -> str:
    """The key's id from the header, unverified."""
    return str(peek_header(jws).get("kid", ""))


def jws_sha256(jws: str) -> str:
    """SHA-256 in hex of the JWS's characters: what the next entry's `previous` holds."""
    return hashlib.sha256(jws.encode()).hexdigest()


def encode_base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode_base64url(text: str) -> bytes:
    """Strict: one text for one value. Raises NotCanonical."""
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise _not_canonical("it is not base64url") from error
    if encode_base64url(data) != text:
        raise _not_canonical("its base64url is not in canonical form")
    return data


def _split(jws: str) -> tuple[bytes, dict[str, Any], bytes, bytes]:
    if len(jws) > MAX_JWS_CHARACTERS:
        raise _not_canonical(f"it is longer than {MAX_JWS_CHARACTERS} characters")
    parts = jws.split(".")
    if len(parts) != 3 or not jws.isascii():
        raise _not_canonical("it does not have three parts")
    header, payload, signature = (decode_base64url(part) for part in parts)
    return jws.rpartition(".")[0].encode(), _json_object(header), payload, signature


def _check_header(header: dict[str, Any], key: PublicKey, typ: str) -> None:
    algorithm = header.get("alg")
    if algorithm != ALGORITHM:
        raise UnknownAlgorithm(
            "unknown-algorithm",
            f"签名算法 {algorithm!r} 不受支持（支持 {ALGORITHM}）。",
            f"The signature algorithm {algorithm!r} is not known here (known: {ALGORITHM}).",
        )
    if header.get("typ") != typ:
        raise WrongType(
            "wrong-type",
            f"文件类型为 {header.get('typ')!r}，应为 {typ!r}。",
            f"This was signed as {header.get('typ')!r}, not as {typ!r}.",
        )
    if header.keys() != {"alg", "typ", "kid"}:
        raise _not_canonical("its header has other fields than alg, typ and kid")
    if header["kid"] != key.kid:
        raise BadSignature("other-key", "由另一把密钥签名。", f"This was signed by another key ({header['kid']!r}).")


def _json_object(data: bytes) -> dict[str, Any]:
    try:
        value = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise _not_canonical("it does not hold JSON") from error
    if not isinstance(value, dict):
        raise _not_canonical("it does not hold a JSON object")
    return value


def _canonical_object(data: bytes) -> dict[str, Any]:
    value = _json_object(data)
    try:
        same = canonical_json(value) == data
    except ValueError as error:
        raise _not_canonical("it holds a number that RFC 8785 does not allow") from error
    if not same:
        raise _not_canonical("its JSON is not in the canonical form of RFC 8785")
    return value


def _not_canonical(why: str) -> NotCanonical:
    return NotCanonical("not-canonical", "不是规范的签名文件。", f"This is not a well-formed signed document: {why}.")
