"""Tells a stuck thread from one that has nothing to do: a loop that turns is progress, whatever comes of it. Pure.

Owns no figure of any loop: each says for itself how long one turn may take at most.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

S = 1_000_000_000
LOOK_NS = S // 4  # how often loops are looked at
MOST_PER_LOOK_NS = LOOK_NS  # what one look can add: on a PC that stood still as a whole no thread was stuck
EVENT_LOOP_NS = 15 * S
WAITS_FOR_DISK_NS = 120 * S  # four times what waits in memory for a disk that stalls; no restart makes a disk faster


@dataclass(frozen=True, slots=True)
class Loop:
    """`life` tells one owner of the name from the next; `turns` counts; one turn may take `limit_ns`."""

    name: str
    life: int
    turns: int
    limit_ns: int


@dataclass(slots=True)
class _Seen:
    life: int
    turns: int
    still_ns: int = 0


class Watchdog:
    """Shown all loops every LOOK_NS or so."""

    def __init__(self) -> None:
        self._seen: dict[str, _Seen] = {}
        self._looked_mono_ns: int | None = None

    def look(self, loops: Iterable[Loop], now_mono_ns: int) -> list[Loop]:
        """Those that stood still for longer than they may."""
        since = now_mono_ns if self._looked_mono_ns is None else self._looked_mono_ns
        self._looked_mono_ns = now_mono_ns
        passed_ns = min(max(0, now_mono_ns - since), MOST_PER_LOOK_NS)
        shown = {loop.name: loop for loop in loops}
        self._seen = {name: self._follow(loop, passed_ns) for name, loop in shown.items()}
        return [loop for loop in shown.values() if self._seen[loop.name].still_ns > loop.limit_ns]

    def _follow(self, loop: Loop, passed_ns: int) -> _Seen:
        seen = self._seen.get(loop.name)
        if seen is None or (seen.life, seen.turns) != (loop.life, loop.turns):
            return _Seen(loop.life, loop.turns)
        seen.still_ns += passed_ns
        return seen
