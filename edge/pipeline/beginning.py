"""What comes before there is a run, and when it is enough to begin one. Pure.

A run begins with the main camera's first picture; without one, with whatever came first.
"""

from __future__ import annotations

from dataclasses import dataclass

from edge.capture.frame import AudioBlock, CopiedPacket, VideoFrame
from storage.manifest import SourceName

Media = VideoFrame | AudioBlock | CopiedPacket


@dataclass(frozen=True, slots=True)
class FirstOf:
    """Where a run begins: `copied` is the size of a camera whose own packets are kept, `channels` the sound's."""

    mono_ns: int
    copied: tuple[int, int] | None
    channels: int | None
    items: tuple[Media, ...]


class Beginning:
    """`wanted`: the sources that a run's beginning waits for, for a while."""

    def __init__(self, wanted: frozenset[SourceName]) -> None:
        self._wanted = wanted
        self._items: list[Media] = []

    def add(self, item: Media) -> None:
        self._items.append(item)

    def clear(self) -> None:
        self._items = []

    @property
    def is_complete(self) -> bool:
        return self._wanted <= {item.source for item in self._items if _can_begin(item)}

    def take(self, now_ns: int) -> FirstOf:
        """All that came, in order, and where to begin with it."""
        items, self._items = tuple(self._items), []
        fitting = [item for item in items if _can_begin(item)]
        first = min(fitting, key=_rank, default=None)
        copied = (first.width, first.height) if isinstance(first, CopiedPacket) else None
        blocks = [item for item in items if isinstance(item, AudioBlock)]
        channels = blocks[0].samples.shape[1] if blocks else None
        return FirstOf(now_ns if first is None else first.mono_ns, copied, channels, items)


def _can_begin(item: Media) -> bool:
    return not isinstance(item, CopiedPacket) or item.key


def _rank(item: Media) -> int:
    if isinstance(item, AudioBlock):
        return 2
    return 0 if item.source == "camera" else 1
