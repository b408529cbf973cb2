"""The end of the device's chain: numbers, signs, files and indexes every new entry. The only place that appends.

Order for each entry (S2): signed → chain/<number>.jws created exclusively, synced, its directory too → row. A chain
file without a row gets its row at the next start, or here before the next entry.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from edge.spool.index import SpoolIndex
from storage.chain import AnyManifest, ChainHead, sign_entry
from storage.disk import create_file, make_directories
from storage.manifest import ClockState, GapManifest, Moment, NoteManifest, SegmentManifest
from storage.signing import SigningKey, jws_sha256

EntryModel = TypeVar("EntryModel", SegmentManifest, GapManifest, NoteManifest)


@dataclass(frozen=True, slots=True)
class Place:
    """Whose chain this is; random ids that the centre gave at enrolment."""

    device: str
    room: str


@dataclass(frozen=True, slots=True)
class _Unindexed:
    manifest: AnyManifest
    jws: str
    sha256: str
    path: str | None


def chain_file(spool: Path, number: int) -> Path:
    return spool / "chain" / f"{number:010d}.jws"


class Ledger:
    """Safe to call from any thread; entries stand in the order of the calls. Raises OSError."""

    def __init__(
        self,
        spool: Path,
        index: SpoolIndex,
        key: SigningKey,
        place: Place,
        now: Callable[[], Moment],
        clock: Callable[[], ClockState],
    ) -> None:
        self._spool, self._index, self._key, self.place = spool, index, key, place
        self._now, self._clock = now, clock
        self._lock = threading.Lock()
        self._head = index.head()
        self._unindexed: list[_Unindexed] = []
        make_directories(spool / "chain")

    @property
    def head(self) -> ChainHead:
        return self._head

    @property
    def key(self) -> SigningKey:
        return self._key

    def append(self, model: type[EntryModel], path: str | None = None, **fields: Any) -> EntryModel:
        """Sign and keep one more entry. `path`: a segment's file below the spool, whole and synced already."""
        with self._lock:
            manifest = model(
                device=self.place.device,
                room=self.place.room,
                number=self._head.number + 1,
                previous=self._head.sha256,
                made=self._now(),
                clock=self._clock(),
                **fields,
            )
            jws = sign_entry(manifest, self._key)
            create_file(chain_file(self._spool, manifest.number), jws.encode())
            self._head = ChainHead(manifest.number, jws_sha256(jws))  # the file stands: the number is taken
            self._unindexed.append(_Unindexed(manifest, jws, jws_sha256(jws), path))
            self._index_rest()
            return manifest

    def adopt(self, manifest: AnyManifest, jws: str, sha256: str, path: str | None) -> None:
        """Give a chain file that a crash left without a row its row. The caller has checked its link."""
        with self._lock:
            self._index.insert(manifest, jws, sha256, path)
            self._head = ChainHead(manifest.number, sha256)

    def _index_rest(self) -> None:
        """Rows that can't be written now follow with the next entry, or at the next start: the chain file counts."""
        with contextlib.suppress(sqlite3.OperationalError):
            while self._unindexed:
                entry = self._unindexed[0]
                self._index.insert(entry.manifest, entry.jws, entry.sha256, entry.path)
                self._unindexed.pop(0)
