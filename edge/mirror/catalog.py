"""What the second copy holds: its segments by name and span. Reads journals, writes nothing.

A segment that a crash or an unplugged disk left half written counts as far as its journal and whole chunks prove it.
Whoever had the disk in hand may have put anything there: links and what is no plain file are passed over, and a journal
counts only as far as it was written with the room's own key.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from edge.mirror.copy_keeper import HASH_SUFFIX
from edge.mirror.lacking import Copied
from edge.spool.moments import moment_at
from edge.spool.open_segment import JOURNAL_SUFFIX, OPEN_SUFFIX, SEGMENT_SUFFIX
from edge.spool.torn_segment import read_torn
from storage.manifest import Moment

_SEGMENTS = (SEGMENT_SUFFIX, SEGMENT_SUFFIX + OPEN_SUFFIX)


@dataclass(frozen=True, slots=True)
class CopySegment:
    """One segment of the second copy. `name` is `run/sequence`; `start` and `end` stand on its run's clocks."""

    name: str
    file: Path
    run: str
    sequence: int
    span: Copied
    start: Moment
    end: Moment


class Catalog:
    """One thread's."""

    def __init__(self, root: Path, key: bytes) -> None:
        self._root, self._key = root, key
        self.known: dict[str, CopySegment] = {}
        self._hopeless: set[Path] = set()

    def look(self, being_written: str | None, most: int) -> list[CopySegment]:
        """At most `most` segments that were not known before. Raises OSError."""
        found: list[CopySegment] = []
        for file in _plain_files(self._root / "segments"):
            name = name_of(file)
            if name is None or name == being_written or name in self.known or file in self._hopeless:
                continue
            if len(found) == most:
                break
            segment = self._read(name, file)
            if segment is None:
                self._hopeless.add(file)  # nothing in it can be proved; the room keeps it as it is
            else:
                self.known[name] = segment
                found.append(segment)
        return found

    def drop(self, segment: CopySegment) -> None:
        """Delete a segment and what stands beside it. Raises OSError."""
        base = segment.file.with_name(segment.file.name.removesuffix(OPEN_SUFFIX))
        for suffix in ("", OPEN_SUFFIX, HASH_SUFFIX, JOURNAL_SUFFIX):  # the journal last: without it nothing is proved
            base.with_name(base.name + suffix).unlink(missing_ok=True)
        del self.known[segment.name]
        if not any(base.parent.iterdir()):
            base.parent.rmdir()

    def _read(self, name: str, file: Path) -> CopySegment | None:
        torn = read_torn(self._root, file, self._key)
        if torn is None:
            return None
        first, last = torn.fragments[0].start_pts_90k, torn.fragments[-1].end_pts_90k
        header = torn.header
        start, end = moment_at(header.anchor, first), moment_at(header.anchor, last)
        return CopySegment(name, file, header.run, header.sequence, Copied(first, last), start, end)


def _plain_files(segments: Path) -> Iterator[Path]:
    """Files of every run's folder, in order; no link is followed, neither to a folder nor to a file. Raises OSError."""
    with os.scandir(segments) as found:
        runs = sorted(one.path for one in found if one.is_dir(follow_symlinks=False))
    for run in runs:
        with os.scandir(run) as found:
            named = [one for one in found if one.name.endswith(_SEGMENTS)]
            names = sorted(one.name for one in named if one.is_file(follow_symlinks=False))
        yield from (Path(run, name) for name in names)


def name_of(file: Path) -> str | None:
    """`run/sequence` of a segment's file, finished or not; None for what stands beside it."""
    stem = file.name.removesuffix(OPEN_SUFFIX).removesuffix(SEGMENT_SUFFIX)
    return f"{file.parent.name}/{stem}" if stem.isdecimal() else None
