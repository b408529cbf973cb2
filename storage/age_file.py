"""The age file format (age-encryption.org/v1) as far as it can be read without a key: header, chunks, recipients."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyrage

from storage.errors import StorageError

CHUNK_SIZE = 65536
SEALED_CHUNK_SIZE = CHUNK_SIZE + 16
NONCE_SIZE = 16
MAX_HEADER_SIZE = 65536
_FIRST_LINE = b"age-encryption.org/v1\n"
_NEVER_WRITTEN = bytes(512)  # never in encrypted bytes; a power cut leaves it where a block was not written


class SealingError(StorageError):
    """Sealing or opening failed: bad-recipient, bad-identity, not-age, wrong-key, torn, disk-full, write-failed …"""


def check_recipient(text: str) -> str:
    """`text` itself when it is an age X25519 recipient. Raises SealingError."""
    parse_recipients([text])
    return text


def parse_recipients(texts: Sequence[str]) -> list[Any]:
    """pyrage's recipients; at least one, since what is sealed to nobody is lost."""
    if not texts:
        raise SealingError("no-recipients", "没有可用的加密公钥。", "There is no recipient to seal to.")
    try:
        return [pyrage.x25519.Recipient.from_str(text) for text in texts]
    except pyrage.RecipientError as error:
        raise SealingError(
            "bad-recipient", "加密公钥格式不正确（应以 age1 开头）。", "This is not an age X25519 recipient (age1…)."
        ) from error


def header_size(start: bytes) -> int | None:
    """Bytes before the first chunk, the nonce included; None when `start` does not hold all of the header's text."""
    if not start.startswith(_FIRST_LINE[: len(start)]):
        raise SealingError("not-age", "不是 age 加密文件。", "This is not an age file.")
    mac_line = start.find(b"\n--- ")
    end = start.find(b"\n", mac_line + 1) if mac_line >= 0 else -1
    if end < 0:
        if len(start) >= MAX_HEADER_SIZE:
            raise SealingError("not-age", "不是 age 加密文件。", "This age file's header never ends.")
        return None
    return end + 1 + NONCE_SIZE


def whole_chunks_length(size: int, header: int) -> int:
    """Opened bytes that the whole chunks of a file of `size` bytes hold."""
    return max(0, size - header) // SEALED_CHUNK_SIZE * CHUNK_SIZE


def opened_length(sealed_path: Path) -> int:
    """Opened bytes that can be had from a torn file; no key needed. 0 when not even the header is whole.

    Only whole chunks count, and none from the first that holds a hole of zeros: that block never reached the disk.
    """
    with sealed_path.open("rb") as file:
        try:
            header = header_size(file.read(MAX_HEADER_SIZE))
        except SealingError:
            return 0
        if header is None:
            return 0
        file.seek(header)
        length = 0
        while len(chunk := file.read(SEALED_CHUNK_SIZE)) == SEALED_CHUNK_SIZE and _NEVER_WRITTEN not in chunk:
            length += CHUNK_SIZE
        return length
