"""Looks at both clocks once a second and puts into the chain what `ClockWatch` finds. Decides nothing itself."""

from __future__ import annotations

import time

import structlog

from edge.pipeline.observation import HeardSound, SeenPicture
from edge.recorder.attendant import Report, Surroundings
from edge.recorder.clock_watch import ClockWatch, Stepped, read_doubt
from storage.manifest import Moment, NoteKind

log = structlog.get_logger("recorder")
CLOSE_NS = 20_000_000  # both clocks read within this: else the thread was held up between them, and it is tried again
TRIES = 5


class ClockAttendant:
    def __init__(self, boot: str, surroundings: Surroundings) -> None:
        self._surroundings = surroundings
        self._watch = ClockWatch(boot, read_doubt(surroundings.newest_entries(), boot))

    def see(self, picture: SeenPicture) -> None:
        """Pictures say nothing about the clock."""

    def hear(self, sound: HeardSound) -> None:
        """Nor does sound."""

    def tick(self, now: Moment) -> None:
        both = read_both()
        if both is None:
            return
        note_later = self._surroundings.note_later
        head_number = (
            self._surroundings.head_number()
        )  # before the state: an entry made between is known as the state is
        for found in self._watch.look(both, self._surroundings.clock_state(), head_number):
            if isinstance(found, Stepped):
                log.warning("clock-stepped", step_ns=found.step_ns)
                note_later(NoteKind.CLOCK_STEPPED, detail=f"step_ns={found.step_ns}")
            else:
                log.info("clock-corrected", first=found.first_number, last=found.last_number)
                note_later(NoteKind.CLOCK_CORRECTED, correction=found)

    def report(self) -> Report:
        """The status says how the clock is known without being told."""
        return Report()


def read_both() -> Moment | None:
    """Both clocks at one instant; None when this thread never got them close enough together."""
    for _ in range(TRIES):
        before_ns = time.monotonic_ns()
        wall_ns = time.time_ns()
        after_ns = time.monotonic_ns()
        if after_ns - before_ns < CLOSE_NS:
            return Moment(wall_ns=max(0, wall_ns), mono_ns=(before_ns + after_ns) // 2)
    return None
