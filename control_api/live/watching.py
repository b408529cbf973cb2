"""Who watches live now. In memory: a centre that starts anew knows nobody, and has rooms close whoever is left.

Holds 1000 and takes no more: nobody's watching may be forgotten while it goes on.
"""

from __future__ import annotations

from dataclasses import dataclass

from control_api.errors import CenterError

MOST = 1000
MOST_EACH = 3  # of one room, by one person: a room has places for a few, and they are for different people


@dataclass(slots=True)
class Watching:
    """`answered_wall_ns`: when the room's answer went to the browser. `missing_wall_ns`: since when the room's own
    status does not name this viewer."""

    room_id: str
    account_id: str
    web_session: str
    grant_id: str
    since_wall_ns: int
    answered_wall_ns: int | None = None
    missing_wall_ns: int | None = None


class Watchers:
    """Lives in the event loop."""

    def __init__(self) -> None:
        self._by_viewer: dict[str, Watching] = {}

    def add(self, viewer: str, watching: Watching) -> None:
        """Raises CenterError `live-full`, `watching-already`."""
        self.check_place(watching.room_id, watching.account_id)
        if len(self._by_viewer) >= MOST:
            raise CenterError(
                "live-full",
                "观看人数已达中心上限，请稍后再试；录像不受影响。",
                "As many people as the centre can watch over are watching; try again later. Recording goes on.",
                status=503,
            )
        self._by_viewer[viewer] = watching

    def check_place(self, room_id: str, account_id: str) -> None:
        """Before anything is written down. Raises CenterError `watching-already`."""
        mine = [one for one in self._by_viewer.values() if (one.room_id, one.account_id) == (room_id, account_id)]
        if len(mine) >= MOST_EACH:
            raise CenterError(
                "watching-already",
                "您已在多个页面观看这间接谈室，请先关闭其他页面，稍候再试。",
                "You watch this room on several pages already; close the others, wait a little and try again.",
                status=429,
                retry_after_s=20,
            )

    def get(self, viewer: str) -> Watching | None:
        return self._by_viewer.get(viewer)

    def remove(self, viewer: str) -> Watching | None:
        return self._by_viewer.pop(viewer, None)

    def all(self) -> list[tuple[str, Watching]]:
        return list(self._by_viewer.items())
