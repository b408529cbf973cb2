"""Sealing and opening with age (X25519). The key that opens footage stands behind `Opener`, and nowhere else.

Nothing opened is handed on before all of it was authenticated, a torn file being the stated exception.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, Protocol

import pyrage

from storage.age_file import SealingError, check_recipient, opened_length, parse_recipients
from storage.disk import create_file
from storage.sealed_writer import SealedResult, SealedWriter

__all__ = [
    "IdentityOpener",
    "Opener",
    "SealedResult",
    "SealedWriter",
    "SealingError",
    "check_recipient",
    "generate_identity",
    "open_bytes",
    "open_sealed",
    "opened_length",
    "save_identity",
    "seal_bytes",
]

MAX_OPENED_BYTES = 512 * 1024 * 1024
_IDENTITY = re.compile(r"AGE-SECRET-KEY-1[0-9A-Z]+")


class Opener(Protocol):
    """What can open sealed bytes. Today a key file; later a process of its own without network."""

    def open(self, sealed: BinaryIO, torn: bool = False) -> Iterator[bytes]:
        """The opened bytes in pieces. `torn`: end quietly where the file ends. Raises SealingError."""
        ...


class IdentityOpener:
    """Opens with age identities in memory, as `age-keygen` writes them: one a line, `#` for comments."""

    def __init__(self, identities: str) -> None:
        self._identities = _parse_identities(identities)

    @classmethod
    def load(cls, path: Path) -> IdentityOpener:
        """Read an identity file. Refuses one that others can read. Raises SealingError."""
        try:
            if path.stat().st_mode & 0o077:
                raise SealingError(
                    "key-exposed",
                    f"密钥文件 {path.name} 可被其他用户读取；请改为仅本用户可读（chmod 600）。",
                    f"The identity file {path.name} can be read by others; make it private (chmod 600).",
                )
            return cls(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise SealingError(
                "bad-identity",
                f"无法读取密钥文件 {path.name}。",
                f"The identity file {path.name} can't be read: {error}",
            ) from error

    @property
    def recipients(self) -> list[str]:
        """The public halves: what to seal to so that this opener can open."""
        return [str(identity.to_public()) for identity in self._identities]

    def open(self, sealed: BinaryIO, torn: bool = False) -> Iterator[bytes]:
        collected = _Collector()
        try:
            pyrage.decrypt_io(sealed, collected, self._identities)
        except Exception as error:  # pyrage raises its own and Rust's I/O errors under several types
            if isinstance(error, MemoryError) or collected.too_long:
                raise _too_long() from error
            if not (torn and _is_torn(error)):
                raise _not_opened(error) from error
        yield from collected.parts


class _Collector:
    def __init__(self) -> None:
        self.parts: list[bytes] = []
        self.too_long = False
        self._size = 0

    def write(self, data: bytes) -> int:
        self._size += len(data)
        if self._size > MAX_OPENED_BYTES:
            self.too_long = True
            raise OSError("longer than is opened at once")
        self.parts.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Asked for by pyrage; there is nothing to do."""


def seal_bytes(data: bytes, recipients: Sequence[str]) -> bytes:
    """A whole age file in memory. Raises SealingError."""
    return bytes(pyrage.encrypt(data, parse_recipients(recipients)))


def open_sealed(sealed: BinaryIO, opener: Opener, torn: bool = False) -> bytes:
    """All opened bytes at once. Raises SealingError."""
    return b"".join(opener.open(sealed, torn))


def open_bytes(sealed: bytes, opener: Opener, torn: bool = False) -> bytes:
    return open_sealed(BytesIO(sealed), opener, torn)


def generate_identity() -> tuple[str, str]:
    """A new identity's text (secret) and its recipient's (public)."""
    identity = pyrage.x25519.Identity.generate()
    return str(identity), str(identity.to_public())


def save_identity(path: Path, identity: str) -> None:
    """Create an identity file that `age -d -i` reads too. Exclusive, 0600, synced."""
    recipient = IdentityOpener(identity).recipients[0]
    create_file(path, f"# public key: {recipient}\n{identity}\n".encode(), mode=0o600)


def _parse_identities(text: str) -> list[pyrage.x25519.Identity]:
    lines = [line.strip() for line in text.splitlines()]
    lines = [line for line in lines if line and not line.startswith("#")]
    if not lines or not all(_IDENTITY.fullmatch(line) for line in lines):
        raise _bad_identity()
    try:
        return [pyrage.x25519.Identity.from_str(line) for line in lines]
    except pyrage.IdentityError as error:
        raise _bad_identity() from error


def _is_torn(error: Exception) -> bool:
    """A stream that ends early, or a header that does; what came out before was authenticated chunk by chunk."""
    return isinstance(error, OSError) or any(word in str(error) for word in ("Incomplete", "fill whole buffer"))


def _bad_identity() -> SealingError:
    return SealingError(
        "bad-identity", "不是 age 私钥文件（AGE-SECRET-KEY-1…）。", "This holds no age identity (AGE-SECRET-KEY-1…)."
    )


def _too_long() -> SealingError:
    return SealingError("too-long", "文件过大，无法打开。", "The sealed file is longer than is opened at once.")


def _not_opened(error: Exception) -> SealingError:
    if "matching keys" in str(error).lower():
        return SealingError("wrong-key", "该文件不是加密给这把密钥的。", "This file was not sealed to this key.")
    return SealingError(
        "not-opened",
        "无法解密：文件被截断或改动，或不是 age 文件。",
        f"It can't be opened: truncated, altered or not an age file ({error}).",
    )
