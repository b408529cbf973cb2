"""Which part of the picture is missing, stated once: at any instant one camera's part, the whole picture or nothing.

With one camera there are no parts. Pure.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from edge.timeline.gaps import GapSpan, GapWatch
from storage.manifest import GapCause, SourceName


@dataclass(frozen=True, slots=True)
class PictureGap:
    """Why a slate stands there; `source`: in the place of this one of two cameras alone."""

    cause: GapCause
    source: SourceName | None = None


class PictureGaps:
    """Told in time order what was missing and from when on all was there."""

    def __init__(self, say: Callable[[GapSpan[PictureGap]], None]) -> None:
        self._say = say
        self._watch: GapWatch[PictureGap] = GapWatch()
        self._part: PictureGap | None = None
        self._end_ns = 0  # of the part that is open
        self._said_ns = 0

    def missing(self, start_ns: int, end_ns: int, part: PictureGap) -> None:
        """`part` is missing from `start_ns`, which may lie back by as long as it took to be noticed."""
        if self._part is not None and self._part != part:
            self.complete(self._end_ns)
        start_ns = max(start_ns, self._said_ns)
        self._part, self._end_ns = part, max(end_ns, start_ns)
        self._tell(self._watch.filled(start_ns, self._end_ns, part))

    def complete(self, mono_ns: int) -> None:
        """From `mono_ns` on every part is there, or the run ends."""
        self._tell(self._watch.real(mono_ns))
        self._part = None

    def _tell(self, spans: list[GapSpan[PictureGap]]) -> None:
        for span in spans:
            self._said_ns = span.end_mono_ns
            self._say(span)
