"""Who watches live now. In memory: a watch that nobody ended here ends by itself in the room when media stops.

Holds 1000; the oldest is forgotten first. Its grant stands in the register whatever happens here.
"""

from __future__ import annotations

from dataclasses import dataclass

MOST = 1000


@dataclass(frozen=True, slots=True)
class Watching:
    room_id: str
    account_id: str
    grant_id: str
    since_wall_ns: int


class Watchers:
    def __init__(self) -> None:
        self._by_viewer: dict[str, Watching] = {}

    def add(self, viewer: str, watching: Watching) -> None:
        self._by_viewer[viewer] = watching
        while len(self._by_viewer) > MOST:
            del self._by_viewer[next(iter(self._by_viewer))]

    def get(self, viewer: str) -> Watching | None:
        return self._by_viewer.get(viewer)

    def remove(self, viewer: str) -> None:
        self._by_viewer.pop(viewer, None)
