"""Finds what lies in a spool, an archive folder or an unpacked package: entries, bytes, receipts, keys. Judges nothing.

Reads only; a recorder may be running on the same spool.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import quote

from storage.errors import StorageError
from storage.key_record import KeyRecord
from storage.layout import ENTRY_SUFFIX, KEYS_PREFIX, RECEIPT_SUFFIX, SEGMENT_SUFFIX
from storage.manifest import SegmentManifest
from storage.signing import MANIFEST_TYP, PublicKey, peek_header, peek_json

EvidenceKind = Literal["spool", "archive", "package"]


class NoEvidence(StorageError):
    """There is nothing to verify at this place."""


@dataclass(frozen=True, slots=True)
class EntryFile:
    """Where an entry lies, and what it says of its place. Unverified: only good for putting entries in order."""

    device: str
    number: int
    path: Path


@dataclass(frozen=True)
class Evidence:
    """`unreadable`: entry files that can't even be looked into; `spool_receipts` by entry number."""

    root: Path
    kind: EvidenceKind
    entries: list[EntryFile]
    unreadable: list[tuple[Path, StorageError]]
    spool_receipts: dict[int, str]

    def name(self, path: Path) -> str:
        """As it is shown to people."""
        return path.relative_to(self.root).as_posix() if path.is_relative_to(self.root) else path.name

    def sealed_file(self, manifest: SegmentManifest, entry: Path) -> Path | None:
        """The sealed bytes: beside the entry, or where a spool keeps them."""
        beside = entry.with_name(entry.name.removesuffix(ENTRY_SUFFIX) + SEGMENT_SUFFIX)
        spooled = self.root / "segments" / manifest.run / f"{manifest.sequence:06d}{SEGMENT_SUFFIX}"
        return next((path for path in (beside, spooled) if path.is_file()), None)

    def receipt(self, entry: EntryFile) -> str | None:
        beside = entry.path.with_name(entry.path.name.removesuffix(ENTRY_SUFFIX) + RECEIPT_SUFFIX)
        if beside.is_file():
            return beside.read_text(encoding="ascii", errors="replace").strip()
        return self.spool_receipts.get(entry.number)

    def footage_files(self) -> list[Path]:
        """A package's joined files."""
        return sorted((self.root / "footage").glob("*.mp4")) if self.kind == "package" else []

    def correction_files(self) -> list[Path]:
        """A package's notes from after its stretch, which date entries in it."""
        return sorted((self.root / "corrections").glob("*.jws")) if self.kind == "package" else []

    def listed_entries(self) -> list[str]:
        """The signed entries that a package came with, by its own list of files. Nobody signed that list."""
        path = self.root / "SHA256SUMS"
        if self.kind != "package" or not path.is_file():
            return []
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
        names = (line.partition("  ")[2] for line in lines)
        return [name for name in names if name.startswith(("entries/", "corrections/")) and ".." not in name]

    def tag_files(self) -> list[Path]:
        return sorted((self.root / "tags").glob("*.age")) if self.kind == "archive" else []

    def keys(self, centre_keys: Sequence[PublicKey] = ()) -> tuple[list[PublicKey], list[PublicKey]]:
        """Devices' and the centre's keys as they lie here: a convenience, proof of nothing by themselves.

        With `centre_keys` an archive's device keys are those that one of these has signed, and no others.
        """
        folder = self.root / ("keys" if self.kind == "package" else KEYS_PREFIX)
        devices: list[PublicKey] = []
        centres: list[PublicKey] = []
        for path in sorted(folder.glob("*.json")):
            record = read_key(path.read_text(encoding="utf-8", errors="replace"), path.name)
            if record is None or (centre_keys and self.kind == "archive" and not record.is_signed(centre_keys)):
                continue
            (centres if record.owner == "centre" else devices).append(record.key)
        return devices, centres


def find_evidence(path: Path) -> Evidence:
    """Look for evidence at `path`, which may be a room's data directory too. Raises NoEvidence."""
    if path.is_file() and path.suffix == ".zip":
        raise NoEvidence(
            "zipped",
            f"请先解压 {path.name}，再核验解压后的目录。",
            f"Unpack {path.name} first, then verify the folder.",
        )
    if not path.is_dir():
        raise NoEvidence("no-directory", f"{path} 不是目录。", f"{path} is not a directory.")
    root = next(
        (place for place in (path / "recorder" / "spool", path / "spool", path) if (place / "chain").is_dir()), path
    )
    kind: EvidenceKind = "archive"
    if (root / "package.json").is_file():
        kind = "package"
    elif (root / "chain").is_dir() and not (root / "rooms").is_dir():
        kind = "spool"
    evidence = Evidence(root, kind, [], [], _spool_receipts(root) if kind == "spool" else {})
    _collect(evidence)
    if not evidence.entries and not evidence.unreadable:
        raise NoEvidence(
            "no-entries", f"{path} 中没有签名条目（*.jws）。", f"There are no signed entries (*.jws) in {path}."
        )
    evidence.entries.sort(key=lambda entry: (entry.device, entry.number))
    return evidence


def read_key(text: str, name: str = "") -> KeyRecord | None:
    """A key from a record's JSON or from its bare text; None where there is none. `name` tells the owner at need."""
    try:
        value = json.loads(text)
    except ValueError:
        value = {"public_key": text.strip()}
    if not isinstance(value, dict):
        return None
    public_key = next((value[field] for field in ("public_key", "chain_key", "centre_key") if value.get(field)), "")
    owner = value.get("owner") or ("centre" if name.startswith("centre") or "centre_key" in value else "device")
    try:
        if value.get("format") == "shilu-key-1":
            return KeyRecord.model_validate(value)
        return KeyRecord(owner="centre" if owner == "centre" else "device", public_key=str(public_key))
    except ValueError:
        return None


def _collect(evidence: Evidence) -> None:
    for path in _entry_paths(evidence):
        try:
            jws = path.read_text(encoding="ascii").strip()
            if peek_header(jws).get("typ") != MANIFEST_TYP:
                continue  # a configuration or a list of recipients
            payload = peek_json(jws)
            evidence.entries.append(EntryFile(str(payload.get("device")), int(payload.get("number", 0)), path))
        except StorageError as error:
            evidence.unreadable.append((path, error))
        except (OSError, ValueError, TypeError) as error:
            fault = NoEvidence("unreadable", "文件无法读取。", f"The file can't be read: {error}")
            evidence.unreadable.append((path, fault))


def _entry_paths(evidence: Evidence) -> Iterator[Path]:
    folder = {"spool": "chain", "archive": "", "package": "entries"}[evidence.kind]
    for path in sorted((evidence.root / folder).rglob(f"*{ENTRY_SUFFIX}")):
        hidden = any(part.startswith(".") for part in path.relative_to(evidence.root).parts)
        if not hidden and not path.name.endswith(RECEIPT_SUFFIX):
            yield path


def _spool_receipts(root: Path) -> dict[int, str]:
    """From the index; an index that can't be read is like one without receipts."""
    path = root / "index.sqlite"
    if not path.is_file():
        return {}
    for mode in ("mode=ro", "immutable=1"):  # the second for a copy on a read-only medium
        try:
            database = sqlite3.connect(f"file:{quote(str(path))}?{mode}", uri=True, timeout=5)
            try:
                return dict(database.execute("SELECT number, receipt FROM entries WHERE receipt IS NOT NULL"))
            finally:
                database.close()
        except sqlite3.Error:
            continue
    return {}
