"""Every form in which a secret text could stand in some bytes, and a search for all of them. Pure.

Plain hashes count as forms: a case number has so few possible values that its hash can be guessed back.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Iterator
from urllib.parse import quote

DIGESTS = ("sha256", "sha1", "md5", "sha512", "sha3_256", "blake2b", "blake2s")


def forms(text: str) -> dict[bytes, str]:
    """Bytes to look for → what they are. Letters may have been typed in either case."""
    found: dict[bytes, str] = {}
    for spelled in {text, text.upper(), text.lower()}:
        for name, data in _spelled(spelled):
            found.setdefault(data, name)
    return found


def _spelled(text: str) -> Iterator[tuple[str, bytes]]:
    for encoding in ("utf-8", "utf-16-le", "utf-16-be"):
        data = text.encode(encoding)
        yield f"{encoding}", data
        yield from _base64(f"base64 of {encoding}", data)
        yield from _hex(f"hex of {encoding}", data)
    yield "percent-encoded", quote(text, safe="").encode()
    for hexadecimal in ("%{:02X}", "%{:02x}"):
        yield "percent-encoded throughout", "".join(hexadecimal.format(one) for one in text.encode()).encode()
    yield "JSON escapes", json.dumps(text)[1:-1].encode()
    yield "JSON escapes throughout", "".join(f"\\u{ord(one):04x}" for one in text).encode()
    for algorithm in DIGESTS:
        yield from _digests(algorithm, hashlib.new(algorithm, text.encode()).digest())
    yield from _digests("blake2b-256", hashlib.blake2b(text.encode(), digest_size=32).digest())


def _digests(name: str, digest: bytes) -> Iterator[tuple[str, bytes]]:
    yield name, digest
    yield from _hex(f"hex of {name}", digest)
    yield from _base64(f"base64 of {name}", digest)


def _hex(name: str, data: bytes) -> Iterator[tuple[str, bytes]]:
    yield name, data.hex().encode()
    yield name, data.hex().upper().encode()


def _base64(name: str, data: bytes) -> Iterator[tuple[str, bytes]]:
    """At each of the three places where it may begin in a longer text; only characters that it alone decides."""
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + data)
        first = -(-before * 8 // 6)
        last = (before + len(data)) * 8 // 6
        sure = encoded[first:last]
        yield f"{name}, place {before}", sure
        yield f"{name}, place {before}, url", sure.translate(bytes.maketrans(b"+/", b"-_"))


def search(needles: dict[bytes, str], places: Iterable[tuple[str, bytes]]) -> list[str]:
    """Where which form stands. Names are searched too."""
    return [
        f"{place}: {name}"
        for place, data in places
        for needle, name in needles.items()
        if needle in data or needle in place.encode()
    ]
