"""MP4 boxes as bytes: cutting a stream into whole boxes, free boxes, fragments and their times. Pure, no av."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

HEADER_SIZE = 8
MAX_BOX_SIZE = 256 * 1024 * 1024


class BoxError(ValueError):
    """The bytes are not a sequence of MP4 boxes."""


@dataclass(frozen=True, slots=True)
class Box:
    """`kind` is the four-letter type; `data` the whole box, header included."""

    kind: str
    data: bytes

    @property
    def body(self) -> bytes:
        return self.data[_header(self.data)[2] :]


@dataclass(frozen=True, slots=True)
class FragmentBytes:
    """One moof+mdat and where it begins in the opened file."""

    offset: int
    data: bytes


@dataclass(frozen=True, slots=True)
class TrackTimes:
    """First decode time and length of one track in one fragment, in the track's own time scale."""

    start: int
    duration: int


class BoxReader:
    """Takes bytes in pieces of any size and gives whole top-level boxes."""

    def __init__(self) -> None:
        self._held = bytearray()

    @property
    def held(self) -> int:
        """Bytes of a box that is not whole yet."""
        return len(self._held)

    def feed(self, data: bytes) -> list[Box]:
        """Raises BoxError when what comes next can't be a box."""
        self._held += data
        boxes: list[Box] = []
        at = 0
        while (header := _try_header(self._held, at)) is not None:
            kind, size, _ = header
            if len(self._held) - at < size:
                break
            boxes.append(Box(kind, bytes(self._held[at : at + size])))
            at += size
        del self._held[:at]
        return boxes


def split_fragments(opened: bytes) -> tuple[bytes, list[FragmentBytes]]:
    """The init bytes (all before the first moof) and each whole moof+mdat; free boxes between them are left out.

    A torn last box is left out too. Raises BoxError where there is no whole fragment to begin with.
    """
    init_size: int | None = None
    fragments: list[FragmentBytes] = []
    offset = 0
    moof: tuple[int, bytes] | None = None
    for box in BoxReader().feed(opened):
        if box.kind == "moof":
            init_size = offset if init_size is None else init_size
            moof = (offset, box.data)
        elif box.kind == "mdat" and moof is not None:
            fragments.append(FragmentBytes(moof[0], moof[1] + box.data))
            moof = None
        offset += len(box.data)
    if init_size is None:
        raise BoxError("there is no fragment in these bytes")
    return opened[:init_size], fragments


def free_box(size: int) -> bytes:
    """A box of `size` bytes in all that every MP4 reader skips. At least 8."""
    if size < HEADER_SIZE:
        raise ValueError("a free box has at least 8 bytes")
    return struct.pack(">I4s", size, b"free") + bytes(size - HEADER_SIZE)


def children(box: Box) -> Iterator[Box]:
    """The boxes directly inside a container box."""
    reader = BoxReader()
    yield from reader.feed(box.body)
    if reader.held:
        raise BoxError(f"a box inside {box.kind} is longer than {box.kind} itself")


def track_timescales(init: bytes) -> dict[int, int]:
    """Track id → units a second, from a segment's init bytes."""
    scales: dict[int, int] = {}
    for track in _find(BoxReader().feed(init), "moov", "trak"):
        header = _only(track, "tkhd").body
        media = _only(_only(track, "mdia"), "mdhd").body
        track_id = struct.unpack_from(">I", header, 20 if header[0] else 12)[0]
        scales[track_id] = struct.unpack_from(">I", media, 20 if media[0] else 12)[0]
    return scales


def fragment_times(fragment: bytes) -> dict[int, TrackTimes]:
    """Track id → its times in one moof(+mdat). Needs durations in trun or tfhd, as our muxer writes them."""
    times: dict[int, TrackTimes] = {}
    for part in _find(BoxReader().feed(fragment), "moof", "traf"):
        header = _only(part, "tfhd").body
        decode = _only(part, "tfdt").body
        start = struct.unpack_from(">Q" if decode[0] else ">I", decode, 4)[0]
        default = _default_duration(header)
        runs = (_run_duration(box.body, default) for box in children(part) if box.kind == "trun")
        times[struct.unpack_from(">I", header, 4)[0]] = TrackTimes(start, sum(runs))
    return times


def _default_duration(tfhd: bytes) -> int:
    flags = int.from_bytes(tfhd[1:4])
    at = 8 + (8 if flags & 0x1 else 0) + (4 if flags & 0x2 else 0)
    return int(struct.unpack_from(">I", tfhd, at)[0]) if flags & 0x8 else 0


def _run_duration(trun: bytes, default: int) -> int:
    flags, count = int.from_bytes(trun[1:4]), int(struct.unpack_from(">I", trun, 4)[0])
    if not flags & 0x100:
        return count * default
    at = 8 + (4 if flags & 0x1 else 0) + (4 if flags & 0x4 else 0)
    step = 4 * sum(1 for bit in (0x100, 0x200, 0x400, 0x800) if flags & bit)
    return sum(struct.unpack_from(">I", trun, at + index * step)[0] for index in range(count))


def _find(boxes: Iterable[Box], *path: str) -> Iterator[Box]:
    for box in boxes:
        if box.kind == path[0]:
            if len(path) == 1:
                yield box
            else:
                yield from _find(children(box), *path[1:])


def _only(box: Box, kind: str) -> Box:
    for child in children(box):
        if child.kind == kind:
            return child
    raise BoxError(f"there is no {kind} in {box.kind}")


def _header(data: bytes) -> tuple[str, int, int]:
    header = _try_header(data, 0)
    if header is None:
        raise BoxError("shorter than a box header")
    return header


def _try_header(data: bytes | bytearray, at: int) -> tuple[str, int, int] | None:
    """Kind, whole size and header size of the box at `at`; None when its header is not whole yet."""
    if len(data) - at < HEADER_SIZE:
        return None
    size, raw_kind = struct.unpack_from(">I4s", data, at)
    header_size = HEADER_SIZE
    if size == 1:
        if len(data) - at < 16:
            return None
        size, header_size = struct.unpack_from(">Q", data, at + 8)[0], 16
    if not header_size <= size <= MAX_BOX_SIZE or not raw_kind.isascii():
        raise BoxError(f"no MP4 box begins here (size {size})")
    return raw_kind.decode(), size, header_size
