"""Names in the archive. Pure: every part is checked, so that no name can leave its place.

Days are UTC. No name says anything about a case or a person.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

from storage.manifest import GapManifest, NoteManifest, SegmentManifest

_IDENTIFIER = re.compile(r"[0-9a-f]{32}")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_WORD = re.compile(r"[a-z][a-z0-9-]{0,40}")

SEGMENT_SUFFIX = ".mp4.age"
ENTRY_SUFFIX = ".jws"
RECEIPT_SUFFIX = ".receipt.jws"
KEYS_PREFIX = "records/keys/"


def day_path(wall_ns: int) -> str:
    """`yyyy/mm/dd` in UTC."""
    return datetime.fromtimestamp(wall_ns // 1_000_000_000, UTC).strftime("%Y/%m/%d")


def segment_key(room: str, wall_ns: int, run: str, sequence: int) -> str:
    """Where a segment's sealed bytes stand; `wall_ns` is the segment's start."""
    return _segment_stem(room, wall_ns, run, sequence) + SEGMENT_SUFFIX


def manifest_key(manifest: SegmentManifest | GapManifest | NoteManifest) -> str:
    """Where an entry's JWS stands: beside its segment, or with the day's other entries."""
    return _entry_stem(manifest) + ENTRY_SUFFIX


def receipt_key(manifest: SegmentManifest | GapManifest | NoteManifest) -> str:
    return _entry_stem(manifest) + RECEIPT_SUFFIX


def sealed_key(manifest: SegmentManifest) -> str:
    """`segment_key` of the segment that `manifest` describes."""
    return segment_key(manifest.room, manifest.start.wall_ns, manifest.run, manifest.sequence)


def tag_key(sha256: str) -> str:
    """A sealed case tag, named by the hash of its sealed bytes."""
    return f"tags/{_checked(_DIGEST, sha256)}.age"


def record_key(kind: str, wall_ns: int, identifier: str) -> str:
    """`kind`: sessions, holds, corrections, deletions, log …; `identifier` 128 random bits in hex."""
    return f"records/{_checked(_WORD, kind)}/{day_path(wall_ns)}/{_checked(_IDENTIFIER, identifier)}.json"


def key_record_key(owner: str, kid: str) -> str:
    """A public key: `owner` is `centre` or a device's id, `kid` the key's SHA-256."""
    name = owner if owner == "centre" else _checked(_IDENTIFIER, owner)
    return f"{KEYS_PREFIX}{name}-{_checked(_DIGEST, kid)[:16]}.json"


def _segment_stem(room: str, wall_ns: int, run: str, sequence: int) -> str:
    if not 0 <= sequence < 10**9:
        raise ValueError("a run's segments are numbered from 0 to 999,999,999")
    return f"rooms/{_checked(_IDENTIFIER, room)}/{day_path(wall_ns)}/{_checked(_IDENTIFIER, run)}/{sequence:06d}"


def _entry_stem(manifest: SegmentManifest | GapManifest | NoteManifest) -> str:
    if isinstance(manifest, SegmentManifest):
        return _segment_stem(manifest.room, manifest.start.wall_ns, manifest.run, manifest.sequence)
    room = _checked(_IDENTIFIER, manifest.room)
    device = _checked(_IDENTIFIER, manifest.device)
    return f"rooms/{room}/{day_path(manifest.made.wall_ns)}/chain/{device}-{manifest.number:010d}"


def _checked(pattern: re.Pattern[str], value: str) -> str:
    if not pattern.fullmatch(value):
        raise ValueError(f"{value!r} can't be part of a name in the archive")
    return value
