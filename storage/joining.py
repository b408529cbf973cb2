"""Joins a run's segments into one MP4 that plays, without changing a byte of any signed fragment. No I/O.

The joined file is the run's own init bytes, an index (`sidx`) made here so that players can seek, and every fragment
exactly as it was signed; the free boxes between them stay out. Each fragment can so be found and hashed in it.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from storage.boxes import track_timescales
from storage.errors import StorageError
from storage.manifest import SegmentManifest

_INDEX_HEADER = 40


class JoiningError(StorageError):
    """An opened segment is not what its manifest says (`bytes-differ`)."""


@dataclass(frozen=True, slots=True)
class JoinedFragment:
    """Where one signed fragment stands in the joined file, and which entry signed it."""

    offset: int
    size: int
    sha256: str
    entry: int


def split_stretches(manifests: Iterable[SegmentManifest]) -> list[list[SegmentManifest]]:
    """Segments that follow each other without a break, in order: each stretch becomes one joined file."""
    stretches: list[list[SegmentManifest]] = []
    ordered = sorted(manifests, key=lambda item: (item.start.wall_ns, item.run, item.sequence))
    for manifest in ordered:
        last = stretches[-1][-1] if stretches else None
        if last is not None and last.run == manifest.run and last.sequence + 1 == manifest.sequence:
            stretches[-1].append(manifest)
        else:
            stretches.append([manifest])
    return stretches


def joined_fragments(stretch: Sequence[SegmentManifest]) -> list[JoinedFragment]:
    """Known from the manifests alone, before anything is opened."""
    offset = stretch[0].opened.init_size + _index_size(stretch)
    places: list[JoinedFragment] = []
    for manifest in stretch:
        for proof in manifest.opened.fragments:
            places.append(JoinedFragment(offset, proof.size, proof.sha256, manifest.number))
            offset += proof.size
    return places


def join_segments(stretch: Sequence[SegmentManifest], opened: Iterable[bytes]) -> Iterator[bytes]:
    """The joined file in pieces; `opened` gives each segment's opened bytes in the same order, and may end before.

    Every fragment is checked against its manifest on the way. Raises JoiningError.
    """
    for index, (manifest, data) in enumerate(zip(stretch, opened, strict=False)):
        if index == 0:
            init = data[: manifest.opened.init_size]
            _check(init, manifest.opened.init_sha256, manifest)
            yield init + _index(stretch, init)
        for proof in manifest.opened.fragments:
            fragment = data[proof.offset : proof.offset + proof.size]
            _check(fragment, proof.sha256, manifest)
            yield fragment


def _check(data: bytes, sha256: str, manifest: SegmentManifest) -> None:
    if hashlib.sha256(data).hexdigest() != sha256:
        raise JoiningError(
            "bytes-differ",
            f"第 {manifest.number} 条的片段内容与签名不符。",
            f"What entry {manifest.number} signed is not what its segment holds.",
        )


def _index_size(stretch: Sequence[SegmentManifest]) -> int:
    return _INDEX_HEADER + 12 * len(stretch)


def _index(stretch: Sequence[SegmentManifest], init: bytes) -> bytes:
    """A `sidx` box: one entry per segment; each begins with a key frame.

    In the first track's own time scale: some demuxers take the numbers for that whatever the box says.
    """
    track, scale = min(track_timescales(init).items())
    starts = [manifest.opened.fragments[0].start_pts_90k for manifest in stretch]
    end = stretch[-1].opened.fragments[-1].end_pts_90k
    times = [max(0, pts_90k) * scale // 90_000 for pts_90k in [*starts, end]]
    head = struct.pack(">IIQQHH", track, scale, times[0], 0, 0, len(stretch))
    sizes = [sum(proof.size for proof in manifest.opened.fragments) for manifest in stretch]
    entries = b"".join(
        struct.pack(">III", size, max(0, until - since), 0x90000000)  # starts with a stream access point of type 1
        for size, since, until in zip(sizes, times, times[1:], strict=False)
    )
    return struct.pack(">I4sI", _index_size(stretch), b"sidx", 1 << 24) + head + entries
