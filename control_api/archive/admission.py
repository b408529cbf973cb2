"""Which entry is let into a device's chain. Pure.

C1  An accepted entry carries the device's own signature and names this device and its room.
C2  One number has one accepted entry; another one is a second head and is refused.
C3  An accepted entry names the hash of the accepted entry before it. The one exception: when the entry before it was
    set aside, it is accepted too and marked `behind_refused`: what was refused holds up nothing behind it.
C4  What is refused is kept as it came, with the reason, and never counts as the entry before unless C3 says so.
C5  The same entry sent again gets the same answer and changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from storage.chain import EMPTY, AnyManifest, ChainBroken, ChainHead, check_link


@dataclass(frozen=True, slots=True)
class Place:
    """What the centre has around number n of one chain. Hashes are of JWS.

    `refused_before`: entries set aside at n-1. `unproved_before`: one of them had no valid signature, so that the
    hash of the true one is not known here.
    """

    standing: str | None
    before: str | None
    refused_before: frozenset[str] = frozenset()
    unproved_before: bool = False


def admit(manifest: AnyManifest, sha256: str, place: Place) -> bool:
    """Whether it is marked `behind_refused`. Raises AlreadyKnown, SecondHead or ChainBroken (C2, C3, C5)."""
    number = manifest.number
    if place.standing is not None:
        check_link(ChainHead(number, place.standing), manifest, sha256)
    if number == 1:
        check_link(EMPTY, manifest, sha256)
        return False
    if place.before is not None and manifest.previous == place.before:
        return False
    if manifest.previous in place.refused_before or (place.before is None and place.unproved_before):
        return True
    if place.before is None:
        check_link(ChainHead(number - 2, None), manifest, sha256)
    check_link(ChainHead(number - 1, place.before), manifest, sha256)
    raise ChainBroken("chain-broken", "与前一条不相接。", "It does not follow the entry before it.")


def is_hole(error: Exception) -> bool:
    """Entries before it never came: perhaps only because the centre went back to an older copy of its database."""
    return isinstance(error, ChainBroken) and error.code == "chain-hole"
