"""The bounded queue between the pipeline and the spool's thread. Owns the drop rule; touches no disk.

Fragments are counted in media time. When more than the limit wait, whole fragments are dropped up to the next key
fragment that finds the queue at most half full, and a `Skipped` stands in their place: the chain will say so.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from typing import Literal

from edge.segment.sink import Fragment, RunStart
from storage.manifest import AudioTrack, GapCause, Moment, SourceName, VideoTrack

LIMIT_90K = 30 * 90_000
OTHER_ITEMS = 1_000  # starts, ends and gaps that may wait; far more than a stuck half minute brings


@dataclass(frozen=True, slots=True)
class SegmentStart:
    """The next fragment begins a segment."""


@dataclass(frozen=True, slots=True)
class SegmentEnd:
    tracks: tuple[VideoTrack | AudioTrack, ...]


@dataclass(frozen=True, slots=True)
class RunEnd:
    cause: GapCause | None


@dataclass(frozen=True, slots=True)
class TrackGap:
    track: Literal["video", "audio"]
    start: Moment
    end: Moment
    cause: GapCause
    source: SourceName | None = None


@dataclass(frozen=True, slots=True)
class Skipped:
    """Fragments from `start_pts_90k` to `end_pts_90k` of the run are not here: dropped, or not wanted."""

    start_pts_90k: int
    end_pts_90k: int
    cause: GapCause = GapCause.WRITER_OVERFLOW


Item = RunStart | SegmentStart | Fragment | SegmentEnd | RunEnd | TrackGap | Skipped


class Intake:
    """`put` never waits. One thread takes."""

    def __init__(self, limit_90k: int = LIMIT_90K) -> None:
        self._limit_90k = limit_90k
        self._items: deque[Item] = deque()
        self._queued_90k = 0
        self._others = 0
        self._dropped: Skipped | None = None
        self._cut_missed = False
        self.lost_items = 0
        self._changed = threading.Condition()

    @property
    def queued_90k(self) -> int:
        return self._queued_90k

    def put(self, item: Item) -> None:
        with self._changed:
            if isinstance(item, Fragment):
                self._put_fragment(item)
            elif isinstance(item, SegmentStart | SegmentEnd) and self._dropped is not None:
                self._cut_missed = True
            else:
                if isinstance(item, RunStart | RunEnd):
                    self._end_dropping()
                self._put_other(item)
            self._changed.notify()

    def take(self, timeout_s: float) -> Item | None:
        """The next item; None when none came in time."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._items, timeout_s):
                return None
            item = self._items.popleft()
            if isinstance(item, Fragment):
                self._queued_90k -= _length_90k(item)
            else:
                self._others -= 1
            return item

    def _put_fragment(self, fragment: Fragment) -> None:
        length_90k = _length_90k(fragment)
        if self._dropped is not None:
            if not fragment.key or self._queued_90k + length_90k > self._limit_90k // 2:
                self._dropped = Skipped(self._dropped.start_pts_90k, fragment.end_pts_90k)
                return
            self._dropped = Skipped(self._dropped.start_pts_90k, fragment.start_pts_90k)
            self._end_dropping()
        elif self._queued_90k + length_90k > self._limit_90k:
            self._dropped = Skipped(fragment.start_pts_90k, fragment.end_pts_90k)
            return
        self._items.append(fragment)
        self._queued_90k += length_90k

    def _end_dropping(self) -> None:
        if self._dropped is not None:
            self._put_other(self._dropped)
            if self._cut_missed:
                self._put_other(SegmentStart())
        self._dropped, self._cut_missed = None, False

    def _put_other(self, item: Item) -> None:
        """Beyond the bound, only what may repeat is let go; a run's start and end and an overflow always stand."""
        if self._others >= OTHER_ITEMS and isinstance(item, TrackGap | SegmentStart | SegmentEnd):
            self.lost_items += 1
            return
        self._items.append(item)
        self._others += 1


def _length_90k(fragment: Fragment) -> int:
    return max(0, fragment.end_pts_90k - fragment.start_pts_90k)
