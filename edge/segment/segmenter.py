"""Where segments begin and end. Pure: told of fragments, it says before which one to cut."""

from __future__ import annotations

from edge.timeline.video_clock import TICKS_PER_S

_EARLY_90K = TICKS_PER_S // 20  # a key frame that comes this little before its time is still the right one


class Segmenter:
    """Cuts at the first key frame after `segment_s`, or at the first one at or after a moment that was asked for."""

    def __init__(self, segment_s: int) -> None:
        self._length_90k = segment_s * TICKS_PER_S
        self._start_90k: int | None = None
        self._asked_90k: int | None = None

    def ask(self, pts_90k: int) -> None:
        """A session opens or closes: cut at the first key frame at or after `pts_90k`."""
        self._asked_90k = pts_90k if self._asked_90k is None else min(self._asked_90k, pts_90k)

    def begins(self, start_90k: int, key: bool) -> bool:
        """Whether a new segment begins with this fragment. Every segment but the first begins with a key frame."""
        if self._start_90k is not None and not (key and self._due(start_90k)):
            return False
        self._start_90k = start_90k
        if self._asked_90k is not None and start_90k >= self._asked_90k:
            self._asked_90k = None
        return True

    def _due(self, start_90k: int) -> bool:
        if self._start_90k is None or start_90k <= self._start_90k:
            return False
        asked = self._asked_90k is not None and start_90k >= self._asked_90k
        return asked or start_90k - self._start_90k >= self._length_90k - _EARLY_90K
