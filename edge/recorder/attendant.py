"""What looks after a recording beside recording it: the shape of every attendant, and what one says for the status.

An attendant watches one thing (presence, health, the disk's hours, the clock, the second copy). All its calls come
from the observer's one thread; only `report` comes from others. None of them may wait for a disk or a device.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from config.room import RoomConfiguration
from edge.gate.steering import Steering
from edge.health.frames import Counters
from edge.pipeline.observation import HeardSound, SeenPicture
from edge.recorder.sessions import Session
from edge.spool.forecast import DiskFigures
from storage.manifest import ClockCorrection, ClockState, Moment, NoteKind, SourceName


@dataclass(frozen=True, slots=True)
class Problem:
    """Something is wrong now. `code` is one of `edge/recorder/problems.py`.

    `degrading`: the status may not be green with it. `source`: which one, where several can have it. `figure`: stands
    in the sentence where that has a place for it.
    """

    code: str
    source: SourceName | None = None
    since_wall_ns: int | None = None
    degrading: bool = True
    figure: int | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """One attendant's part of the status. `fields` go into `RecorderStatus` under their own names."""

    problems: tuple[Problem, ...] = ()
    fields: Mapping[str, Any] = field(default_factory=dict)


class NoteLater(Protocol):
    """Puts a signed note into the chain soon, from a thread that may wait for the disk. Returns at once."""

    def __call__(
        self,
        kind: NoteKind,
        *,
        session: str | None = None,
        detail: str | None = None,
        correction: ClockCorrection | None = None,
    ) -> None: ...


class Recorded(Protocol):
    """What the recording says of itself, each answered at once."""

    @property
    def counters(self) -> Counters | None: ...

    @property
    def lost_sources(self) -> frozenset[SourceName]:
        """Their own state says that they are lost: nothing is expected of them."""

    @property
    def undecodable(self) -> bool:
        """The beginning of the last segment could not be decoded."""

    @property
    def unproved_since_mono_ns(self) -> int | None:
        """For how long the beginning of a segment waits to be decoded; None when none does."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What an attendant may ask, each answered at once: what is configured now, which session is open, how the clock
    is known, how loops turn; and where it writes."""

    configuration: Callable[[], RoomConfiguration]
    session: Callable[[], Session | None]
    clock_state: Callable[[], ClockState]
    note_later: NoteLater
    head_number: Callable[[], int] = lambda: 0  # of the chain
    newest_entries: Callable[[], Iterable[tuple[int, dict[str, Any]]]] = lambda: ()  # number and JSON, for a start
    recorded: Recorded | None = None  # None: nobody looks whether it is fit for evidence
    disk: Callable[[], DiskFigures] | None = None  # None: nobody counts the disk's hours
    clock_bends: Callable[[], Mapping[SourceName, int]] = dict  # how often each source's own clock ran backwards
    steering: Steering | None = None  # None: everything is kept, and nobody looks for presence


class Attendant(Protocol):
    def see(self, picture: SeenPicture) -> None: ...

    def hear(self, sound: HeardSound) -> None: ...

    def tick(self, now: Moment) -> None:
        """About once a second, whether anything was seen or not."""

    def report(self) -> Report:
        """From any thread, at once."""
