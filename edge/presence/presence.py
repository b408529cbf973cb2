"""Whether somebody is there, and since when. Pure: told of movement and voice, asked with the time of now.

A stretch is presence without a pause of a minute. Knows nobody: a sign has a kind and a time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from storage.manifest import Moment

Kind = Literal["movement", "voice"]
PAUSE_NS = 60_000_000_000
NOW_NS = 3_000_000_000  # a sign this young is shown as there now


@dataclass(frozen=True, slots=True)
class Stretch:
    """From the first sign to the last so far."""

    start: Moment
    end: Moment


class Presence:
    def __init__(self) -> None:
        self.stretch: Stretch | None = None
        self._last_ns: dict[Kind, int] = {}

    def sign(self, kind: Kind, at: Moment) -> None:
        """Something of `kind` was there at `at`."""
        self._last_ns[kind] = max(at.mono_ns, self._last_ns.get(kind, 0))
        stretch = self.stretch
        if stretch is None or at.mono_ns - stretch.end.mono_ns >= PAUSE_NS:
            self.stretch = Stretch(at, at)
        elif at.mono_ns > stretch.end.mono_ns:
            self.stretch = Stretch(stretch.start, at)

    def is_there(self, kind: Kind, mono_ns: int) -> bool:
        last_ns = self._last_ns.get(kind)
        return last_ns is not None and mono_ns - last_ns <= NOW_NS

    @property
    def last(self) -> Moment | None:
        """The last sign of any kind."""
        return self.stretch.end if self.stretch else None
