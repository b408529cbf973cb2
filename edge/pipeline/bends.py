"""Counts where a source's own clock ran backwards. Such media is bent onto the timeline, never written backwards.

Pure: it only counts; `VideoClock` and `SoundLine` bend.
"""

from __future__ import annotations

from collections import Counter

from storage.manifest import SourceName

_NOTABLE_NS = 1_000_000  # less is the rounding of some driver


class Bends:
    """`counts` only grow."""

    def __init__(self) -> None:
        self._last_ns: dict[SourceName, int] = {}
        self.counts: Counter[SourceName] = Counter()

    def look(self, source: SourceName, mono_ns: int) -> None:
        """Told of every item in order of arrival."""
        last_ns = self._last_ns.get(source)
        if last_ns is not None and mono_ns < last_ns - _NOTABLE_NS:
            self.counts[source] += 1
        self._last_ns[source] = mono_ns
