"""A camera's own media clock onto ours, from when its data arrives. Pure.

What arrives is never early, only late: the smallest delay seen in a window is the truest. The offset is moved
towards it slowly, so that a camera whose crystal drifts is followed and a jittering network is not.
"""

from __future__ import annotations

_WINDOW_NS = 10_000_000_000
_MOST_PPM = 500
_JUMP_NS = 2_000_000_000
SETTLE_NS = 500_000_000  # a fresh connection: the first items come late and in bursts


class ArrivalClock:
    """`mono_ns` once per item, with the item's media time and the monotonic time at which it arrived."""

    def __init__(self) -> None:
        self._offset_ns: int | None = None
        self._target_ns = 0
        self._window_least_ns: int | None = None
        self._window_start_ns = 0
        self._moved_ns = 0
        self._started_ns = 0

    def settled(self, now_mono_ns: int) -> bool:
        """Until then times may step; afterwards they only bend. Hand nothing out before."""
        return self._offset_ns is not None and now_mono_ns - self._started_ns >= SETTLE_NS

    def mono_ns(self, media_ns: int, arrived_mono_ns: int) -> int:
        """When the item with media time `media_ns` was taken, as well as it can be known."""
        delay = arrived_mono_ns - media_ns
        if self._offset_ns is None or abs(delay - self._offset_ns) > _JUMP_NS:
            self._restart(delay, arrived_mono_ns)
        self._watch(delay, arrived_mono_ns)
        return media_ns + self._follow(arrived_mono_ns)

    def _restart(self, delay: int, now_ns: int) -> None:
        self._offset_ns = self._target_ns = delay
        self._window_least_ns = None
        self._window_start_ns = self._moved_ns = self._started_ns = now_ns

    def _watch(self, delay: int, now_ns: int) -> None:
        least = self._window_least_ns
        self._window_least_ns = delay if least is None else min(least, delay)
        self._target_ns = min(self._target_ns, self._window_least_ns)
        if now_ns - self._window_start_ns >= _WINDOW_NS:
            self._target_ns = self._window_least_ns
            self._window_least_ns, self._window_start_ns = None, now_ns

    def _follow(self, now_ns: int) -> int:
        offset = self._offset_ns if self._offset_ns is not None else self._target_ns
        room = max(0, now_ns - self._moved_ns) * _MOST_PPM // 1_000_000
        self._moved_ns = max(self._moved_ns, now_ns)
        if not self.settled(now_ns):
            room = _JUMP_NS
        self._offset_ns = offset + max(-room, min(room, self._target_ns - offset))
        return self._offset_ns
