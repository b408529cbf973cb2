"""Notices that a source's own clock ran backwards. Its media was bent onto the timeline; this says so, signed.

Seen by the counters of the pipeline. One note when it begins, one after a minute of quiet; pure but for those.
"""

from __future__ import annotations

from collections.abc import Mapping

from edge.pipeline.observation import HeardSound, SeenPicture
from edge.recorder.attendant import Problem, Report, Surroundings
from storage.manifest import Moment, NoteKind, SourceName

CODE = "media-clock-backwards"
QUIET_NS = 60_000_000_000


class MediaClock:
    """An attendant. The recording is whole with it: it degrades nothing."""

    def __init__(self, surroundings: Surroundings) -> None:
        self._surroundings = surroundings
        self._counts: dict[SourceName, int] = {}
        self._raised: dict[SourceName, tuple[Moment, int]] = {}  # since when, and the last one's monotonic time

    def see(self, picture: SeenPicture) -> None:
        del picture

    def hear(self, sound: HeardSound) -> None:
        del sound

    def tick(self, now: Moment) -> None:
        counts = dict(self._surroundings.clock_bends())
        bent = _grown(self._counts, counts)
        self._counts = counts
        raised = dict(self._raised)
        for source in bent:
            since = raised[source][0] if source in raised else now
            if source not in raised:
                self._note("raised", source)
            raised[source] = (since, now.mono_ns)
        for source in [one for one, (_, last_ns) in raised.items() if now.mono_ns - last_ns > QUIET_NS]:
            self._note("cleared", source)
            del raised[source]
        self._raised = raised

    def report(self) -> Report:
        raised = self._raised
        problems = (Problem(CODE, one, since.wall_ns, degrading=False) for one, (since, _) in raised.items())
        return Report(tuple(problems), {"clock_bends": sum(self._counts.values())})

    def _note(self, what: str, source: SourceName) -> None:
        self._surroundings.note_later(NoteKind.HEALTH, detail=f"{what} {CODE} {source}")


def _grown(before: Mapping[SourceName, int], after: Mapping[SourceName, int]) -> list[SourceName]:
    """Sources that bent since; a pipeline that began anew counts from nought."""
    anew = any(after.get(source, 0) < count for source, count in before.items())
    return [source for source, count in after.items() if count > (0 if anew else before.get(source, 0))]
