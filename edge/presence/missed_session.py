"""Tells a reception that nobody opened a session for (漏登). Pure: asked every second or so.

Says what was seen, never who: presence in opening hours, long enough, without a session. Once per stretch; a session
ends one.
"""

from __future__ import annotations

from dataclasses import dataclass

from edge.presence.presence import Stretch
from storage.manifest import Moment


@dataclass(frozen=True, slots=True)
class Look:
    """What stands at one moment. `in_hours`: the room has configured hours, its clock can be believed, and is open."""

    now: Moment
    stretch: Stretch | None
    in_hours: bool
    session_open: bool
    least_ns: int


class MissedSession:
    def __init__(self) -> None:
        self._since: Moment | None = None
        self._stretch: Moment | None = None  # by its start
        self._told = False

    def look(self, at: Look) -> Moment | None:
        """Since when somebody has been there without a session, when that is to be reported now."""
        if at.stretch is None or at.stretch.start != self._stretch:
            self._stretch = at.stretch.start if at.stretch else None
            self._since, self._told = self._stretch, False
        if not at.in_hours or at.session_open:
            self._since, self._told = None, False  # what follows counts from then on
            return None
        if at.stretch is None:
            return None
        if self._since is None:
            self._since = at.now
        if self._told or at.stretch.end.mono_ns - self._since.mono_ns < at.least_ns:
            return None
        self._told = True
        return self._since
