"""Says how many hours of recording the disk still takes, and warns from a day on. Measures nothing itself."""

from __future__ import annotations

from collections.abc import Callable

from config.room import RoomConfiguration
from edge.pipeline.observation import HeardSound, SeenPicture
from edge.recorder.attendant import Problem, Report
from edge.spool.forecast import DiskFigures, Growth, configured_bytes_per_s, hours_left
from storage.manifest import Moment

LOW_HOURS = 24.0
WELL_HOURS = 25.0  # so that the warning does not come and go at its edge


class DiskWatch:
    """An `Attendant`."""

    def __init__(self, figures: Callable[[], DiskFigures], configuration: Callable[[], RoomConfiguration]) -> None:
        self._figures, self._configuration = figures, configuration
        self._growth = Growth()
        self._report = Report(fields={"disk_hours_left": None})
        self._low_since_wall_ns: int | None = None

    def see(self, picture: SeenPicture) -> None:
        """Pictures say nothing about the disk."""

    def hear(self, sound: HeardSound) -> None:
        """Nor does sound."""

    def tick(self, now: Moment) -> None:
        figures = self._figures()
        self._growth.see(now.mono_ns, figures.sealed_bytes)
        hours = hours_left(figures, self._growth.bytes_per_s(configured_bytes_per_s(self._configuration())))
        limit = LOW_HOURS if self._low_since_wall_ns is None else WELL_HOURS
        if hours is None or hours > limit:
            self._low_since_wall_ns = None
        elif self._low_since_wall_ns is None:
            self._low_since_wall_ns = now.wall_ns
        fields = {"disk_hours_left": None if hours is None else round(hours, 1)}
        problems: tuple[Problem, ...] = ()
        if hours is not None and self._low_since_wall_ns is not None:
            since = self._low_since_wall_ns
            problems = (Problem("disk-low", since_wall_ns=since, degrading=False, figure=int(hours)),)
        self._report = Report(problems, fields)

    def report(self) -> Report:
        return self._report
