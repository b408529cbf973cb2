"""A session as one zip that proves itself offline: joined MP4s, signed entries, receipts, public keys, how to verify.

Built while it is sent: nothing opened is written to a disk, and each segment is opened when its turn comes. Names
in it say nothing about a case or a person.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from storage.chain import AnyManifest
from storage.dating import DatedEntry, corrections_of, date_entries, redated
from storage.errors import StorageError
from storage.export_text import VERIFY_TEXT, JoinedFile, LeftOut, damaged_text, record_text, times_text
from storage.joining import JoinedFragment, join_segments, joined_fragments, split_stretches
from storage.key_record import KeyRecord
from storage.manifest import SegmentManifest

PACKAGE_FORMAT = "shilu-package-1"
OpenSegment = Callable[[SegmentManifest], bytes]


class SegmentLost(StorageError):
    """A segment is damaged or gone: the package goes on without it and says so. Its messages are the reason."""


@dataclass(frozen=True)
class PackageContents:
    """What goes in. `entries`: (manifest, JWS) of the stretch in chain order, with no hole; `segments`: those of them
    whose footage goes along; `receipts`: by the entry's JWS hash or number as (device, number); `corrections`: notes of
    the same chains from after the stretch that date entries of it; `account`: what happened, in words."""

    session: str
    made_wall_ns: int
    entries: Sequence[tuple[AnyManifest, str]]
    segments: Sequence[SegmentManifest]
    keys: Sequence[KeyRecord]
    receipts: Mapping[tuple[str, int], str] = field(default_factory=dict)
    further: Mapping[str, bytes] = field(default_factory=dict)
    corrections: Sequence[tuple[AnyManifest, str]] = ()
    account: str = ""


def build_package(contents: PackageContents, open_segment: OpenSegment, zone: tzinfo = UTC) -> Iterator[bytes]:
    """The zip in pieces. `open_segment` gives a segment's opened bytes and is called once each, in playing order; one
    for which it raises SegmentLost is left out and told of in DAMAGED.txt, with its time in `zone`.

    Raises JoiningError, and whatever else `open_segment` raises, in mid-stream: the zip is then left without its end.
    """
    package = _Package(contents.made_wall_ns)
    for name, data in _small_files(contents):
        yield from package.add(name, [data])
    if times := _times(contents, zone):
        yield from package.add("TIMES.txt", [_for_any_editor(times)])
    footage = _Footage(package, open_segment)
    for stretch in split_stretches(contents.segments):
        yield from footage.add(stretch)
    record = record_text(contents.account, footage.files, _dated(contents), zone)
    yield from package.add("RECORD.txt", [_for_any_editor(record)])
    if footage.left_out:
        yield from package.add("DAMAGED.txt", [_for_any_editor(damaged_text(footage.left_out, zone))])
    yield from package.add("SHA256SUMS", [package.sums()])
    yield from package.end()


def _small_files(contents: PackageContents) -> Iterator[tuple[str, bytes]]:
    yield "VERIFY.txt", _for_any_editor(VERIFY_TEXT)
    description = {
        "format": PACKAGE_FORMAT,
        "session": contents.session,
        "made_wall_ns": str(contents.made_wall_ns),
        "entries": len(contents.entries),
        "segments": len(contents.segments),
    }
    yield "package.json", json.dumps(description, indent=1).encode()
    for record in contents.keys:
        stem = record.object_key.rpartition("/")[2].removesuffix(".json")
        yield f"keys/{stem}.json", record.model_dump_json(indent=1).encode()
        yield f"keys/{stem}.pem", _pem(record)
    for manifest, jws in contents.entries:
        yield f"entries/{manifest.device}-{manifest.number:010d}.jws", jws.encode()
        receipt = contents.receipts.get((manifest.device, manifest.number))
        if receipt is not None:
            yield f"entries/{manifest.device}-{manifest.number:010d}.receipt.jws", receipt.encode()
    for manifest, jws in contents.corrections:
        yield f"corrections/{manifest.device}-{manifest.number:010d}.jws", jws.encode()
    yield from contents.further.items()


def _times(contents: PackageContents, zone: tzinfo) -> str:
    """What was signed with a wrong clock, and when it really was; empty where all is as signed."""
    found = {device: redated(dated.values()) for device, dated in _dated(contents).items()}
    return times_text(found, zone) if any(found.values()) else ""


def _dated(contents: PackageContents) -> dict[str, dict[int, DatedEntry]]:
    """By device and number: when each entry really was."""
    stated = [manifest for manifest, _ in (*contents.entries, *contents.corrections)]
    found: dict[str, dict[int, DatedEntry]] = {}
    for device in dict.fromkeys(manifest.device for manifest, _ in contents.entries):
        entries = [manifest for manifest, _ in contents.entries if manifest.device == device]
        corrections = corrections_of(one for one in stated if one.device == device)
        found[device] = {one.number: one for one in date_entries(entries, corrections)}
    return found


def _for_any_editor(text: str) -> bytes:
    return text.replace("\n", "\r\n").encode("utf-8-sig")


def _fragment_list(fragments: Iterable[JoinedFragment]) -> bytes:
    lines = ["# offset size sha256 entry"]
    lines += [f"{item.offset} {item.size} {item.sha256} {item.entry}" for item in fragments]
    return ("\n".join(lines) + "\n").encode()


def _pem(record: KeyRecord) -> bytes:
    key = Ed25519PublicKey.from_public_bytes(record.key.raw)
    return key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


class _Package:
    """A zip that is handed out as it grows; stored, since footage does not shrink."""

    def __init__(self, made_wall_ns: int) -> None:
        self._outlet = _Outlet()
        self._zip = zipfile.ZipFile(self._outlet, "w", zipfile.ZIP_STORED, allowZip64=True)
        made = datetime.fromtimestamp(made_wall_ns // 1_000_000_000, UTC)
        self._date = (max(1980, made.year), made.month, made.day, made.hour, made.minute, made.second)
        self._sums: list[str] = []

    def add(self, name: str, pieces: Iterable[bytes]) -> Iterator[bytes]:
        sha256 = hashlib.sha256()
        info = zipfile.ZipInfo(name, self._date)
        info.external_attr = 0o644 << 16
        with self._zip.open(info, "w", force_zip64=True) as file:
            for piece in pieces:
                sha256.update(piece)
                file.write(piece)
                yield self._outlet.take()
        self._sums.append(f"{sha256.hexdigest()}  {name}\n")
        yield self._outlet.take()

    def sums(self) -> bytes:
        """As `sha256sum -c` reads it."""
        return "".join(self._sums).encode()

    def end(self) -> Iterator[bytes]:
        self._zip.close()
        yield self._outlet.take()


class _Footage:
    """The joined files, one after the other. A lost segment ends a file; what follows it begins the next one."""

    def __init__(self, package: _Package, open_segment: OpenSegment) -> None:
        self._package, self._open_segment = package, open_segment
        self._files = 0
        self.left_out: list[LeftOut] = []
        self.files: list[JoinedFile] = []

    def add(self, stretch: Sequence[SegmentManifest]) -> Iterator[bytes]:
        rest = list(stretch)
        while rest:
            first = self._open(rest[0])
            if first is None:
                rest.pop(0)
                continue
            yield from self._add_file(rest, first)

    def _add_file(self, rest: list[SegmentManifest], first: bytes) -> Iterator[bytes]:
        """One file from the head of `rest`, up to its end or a lost segment; takes from `rest` what is done with."""
        self._files += 1
        planned = list(rest)
        rest.clear()
        written = 0

        def opened() -> Iterator[bytes]:
            nonlocal written
            for place, manifest in enumerate(planned):
                data = first if place == 0 else self._open(manifest)
                if data is None:
                    rest.extend(planned[place + 1 :])
                    return
                written = place + 1
                yield data

        name = f"footage/{self._files:03d}"
        yield from self._package.add(f"{name}.mp4", join_segments(planned, opened()))
        self.files.append(JoinedFile(f"{name}.mp4", planned[:written]))
        number = sum(len(manifest.opened.fragments) for manifest in planned[:written])
        yield from self._package.add(f"{name}.fragments.txt", [_fragment_list(joined_fragments(planned)[:number])])

    def _open(self, manifest: SegmentManifest) -> bytes | None:
        try:
            return self._open_segment(manifest)
        except SegmentLost as lost:
            self.left_out.append(LeftOut(manifest, lost.message, lost.message_en))
            return None


class _Outlet:
    """A file that can only be written; what came since the last `take` is handed on."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._parts.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Asked for by zipfile; there is nothing to do."""

    def close(self) -> None:
        """Closed by whoever takes the bytes."""

    def take(self) -> bytes:
        data = b"".join(self._parts)
        self._parts.clear()
        return data
