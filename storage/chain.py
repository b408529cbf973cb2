"""The chain of a device's entries: how one is signed, opened and linked to the one before. No I/O, no clock.

Two entries at one place (a second head) mean that the room's key signed two histories: refused, never chosen between.
"""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import ValidationError

from storage.errors import StorageError
from storage.manifest import MANIFEST, GapManifest, NoteManifest, SegmentManifest
from storage.signing import MANIFEST_TYP, PublicKey, SigningKey, open_json, sign_json

AnyManifest = SegmentManifest | GapManifest | NoteManifest


@dataclass(frozen=True, slots=True)
class ChainHead:
    """The last accepted entry: its number and the SHA-256 of its JWS."""

    number: int
    sha256: str | None


EMPTY = ChainHead(0, None)


class ChainError(StorageError):
    """An entry does not belong at the end of this chain."""


class ChainBroken(ChainError):
    """Entries are missing before this one (`chain-hole`), or it follows another history (`chain-broken`)."""


class SecondHead(ChainError):
    """Another entry stands at this number already (`second-head`)."""


class AlreadyKnown(ChainError):
    """This very entry is in the chain already (`known`): not a fault, only nothing to do."""


class BadManifest(ChainError):
    """Signed, but not a manifest of a known format (`bad-manifest`)."""


def sign_entry(manifest: AnyManifest, key: SigningKey) -> str:
    """The entry's JWS. Its hash, `signing.jws_sha256`, is what the next entry names as `previous`."""
    return sign_json(manifest.model_dump(mode="json"), key, MANIFEST_TYP)


def open_entry(jws: str, key: PublicKey) -> AnyManifest:
    """The manifest inside, signature checked. Raises SigningError or BadManifest."""
    payload = open_json(jws, key, MANIFEST_TYP)
    try:
        return MANIFEST.validate_python(payload)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise BadManifest(
            "bad-manifest",
            f"条目格式不受支持（{place}）。",
            f"The entry's format is not known here: {place}: {first['msg']}.",
        ) from error


def check_link(
    head: ChainHead, manifest: AnyManifest, jws_sha256: str, *, known_sha256: str | None = None
) -> ChainHead:
    """The new head when `manifest` follows `head`.

    `known_sha256`: what stands at `manifest.number` already, where the caller has looked that up; the head itself is
    known without. Raises AlreadyKnown, SecondHead or ChainBroken.
    """
    number = manifest.number
    if number <= head.number:
        standing = head.sha256 if number == head.number else known_sha256
        if standing == jws_sha256:
            raise AlreadyKnown("known", f"第 {number} 条已收到。", f"Entry {number} is known already.")
        raise SecondHead(
            "second-head",
            f"第 {number} 条已有另一份内容：同一设备出现两段历史。",
            f"Entry {number} is there already with other content: the device has two histories.",
        )
    if number > head.number + 1:
        raise ChainBroken("chain-hole", *_hole(head.number + 1, number - 1))
    if manifest.previous != head.sha256:
        raise ChainBroken(
            "chain-broken",
            f"第 {number} 条与第 {head.number} 条不相接：其前一条的哈希不符。",
            f"Entry {number} does not follow entry {head.number}: it names another hash for the one before it.",
        )
    return ChainHead(number, jws_sha256)


def _hole(first: int, last: int) -> tuple[str, str]:
    if first == last:
        return f"缺少第 {first} 条。", f"Entry {first} is missing."
    return f"缺少第 {first} 至 {last} 条。", f"Entries {first} to {last} are missing."
