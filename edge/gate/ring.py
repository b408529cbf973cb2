"""What is held in memory between the pipeline and the spool, in order. Pure.

Whole from a key frame on: what is taken off the front ends where the next key frame begins. Bounded in seconds by
its owner and in bytes here.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from edge.segment.sink import Fragment, RunStart
from edge.spool.intake import RunEnd, SegmentEnd, TrackGap

MOST_BYTES = 96_000_000  # the half minute of the highest bitrate fits; a longer pre-roll of that is cut short


@dataclass(frozen=True, slots=True)
class Held:
    """A fragment and when its first and last instants were, on the monotonic clock."""

    fragment: Fragment
    start_mono_ns: int
    end_mono_ns: int


Item = RunStart | Held | SegmentEnd | TrackGap | RunEnd


class Ring:
    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._items: deque[Item] = deque()
        self._newest_ns = 0
        self.size_bytes = 0

    def __len__(self) -> int:
        return len(self._items)

    @property
    def media_ns(self) -> int:
        """From the first to the last instant that is held."""
        first = next((item for item in self._items if isinstance(item, Held)), None)
        return 0 if first is None else max(0, self._newest_ns - first.start_mono_ns)

    def put(self, item: Item) -> None:
        self._items.append(item)
        if isinstance(item, Held):
            self._newest_ns = item.end_mono_ns
            self.size_bytes += len(item.fragment.data)

    def take(self) -> Item | None:
        """The oldest item."""
        if not self._items:
            return None
        item = self._items.popleft()
        if isinstance(item, Held):
            self.size_bytes -= len(item.fragment.data)
        return item

    def take_surplus(self, hold_ns: int) -> list[Item]:
        """What need not be held so that the last `hold_ns` stay whole, oldest first."""
        surplus: list[Item] = []
        while (key := self._next_key()) is not None and self._may_go(key[1], hold_ns):
            surplus += self._take_some(key[0])
        if self.size_bytes > self._most_bytes:  # not one whole group of pictures fits
            surplus += self._take_some(len(self._items))
        return surplus

    def _may_go(self, next_key: Held, hold_ns: int) -> bool:
        return self.size_bytes > self._most_bytes or self._newest_ns - next_key.start_mono_ns >= hold_ns

    def _next_key(self) -> tuple[int, Held] | None:
        """The place of the first key fragment behind the first fragment."""
        seen = False
        for place, item in enumerate(self._items):
            if isinstance(item, Held):
                if seen and item.fragment.key:
                    return place, item
                seen = True
        return None

    def _take_some(self, count: int) -> list[Item]:
        return [item for item in (self.take() for _ in range(count)) if item is not None]
