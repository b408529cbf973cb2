"""The attendant: what it saw becomes problems with source and time; what it can't see is said too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from config.opening_hours import OpeningHours, WeeklyHours
from config.recording import RecordingSettings
from config.room import FileSource, RoomConfiguration
from edge.health.frames import Counters
from edge.pipeline.observation import HeardSound, SeenPicture
from edge.recorder.attendant import Surroundings
from edge.recorder.health_watch import UNPROVED_NS, UNSEEN_NS, HealthWatch
from edge.recorder.sessions import Session
from storage.manifest import ClockState, Moment, SourceName
from tests.edge.health.made_scenes import LOOK_NS, MadeRoom, black

SECOND = 1_000_000_000
ROOM = RoomConfiguration(version=1, device="0" * 32, room="1" * 32, room_name="一号", unit_name="青石镇")


@dataclass
class Recording:
    counters: Counters | None = None
    lost_sources: frozenset[SourceName] = field(default_factory=frozenset)
    undecodable: bool = False
    unproved_since_mono_ns: int | None = None


def at(mono_ns: int) -> Moment:
    return Moment(wall_ns=10**18 + mono_ns, mono_ns=mono_ns)


def watching(
    recording: Recording,
    configurations: Sequence[RoomConfiguration] = (ROOM,),
    sessions: Sequence[Session | None] = (None,),
    clock: Sequence[ClockState] = (ClockState(),),
) -> HealthWatch:

    def note_later(*_: Any, **__: Any) -> None:
        raise AssertionError("the board writes, not the watch")

    around = Surroundings(lambda: configurations[-1], lambda: sessions[-1], lambda: clock[-1], note_later)
    return HealthWatch(around, recording)


def show_black(watch: HealthWatch, begin_s: int, end_s: int, source: SourceName = "camera") -> None:
    room = MadeRoom(1)
    for now_ns in range(begin_s * SECOND, end_s * SECOND, LOOK_NS):
        watch.see(SeenPicture(source, now_ns, black(room, 0)))
    watch.tick(at(end_s * SECOND))


def codes(watch: HealthWatch) -> list[tuple[str, str | None]]:
    return [(problem.code, problem.source) for problem in watch.report().problems]


def test_each_camera_and_microphone_by_itself_with_the_time_since() -> None:
    watch = watching(Recording())
    show_black(watch, 0, 10, "second-camera")
    for number in range(500):
        watch.hear(HeardSound("microphone", number * 20_000_000, np.zeros((960, 1), np.int16)))
    watch.tick(at(10 * SECOND))
    assert codes(watch) == [("picture-black", "second-camera"), ("sound-silent", "microphone")]
    since = watch.report().problems[0].since_wall_ns
    assert since is not None
    assert abs(since - 10**18) < SECOND


def test_of_a_lost_source_nothing_is_said_twice() -> None:
    recording = Recording()
    watch = watching(recording)
    show_black(watch, 0, 10)
    recording.lost_sources = frozenset({"camera"})
    watch.tick(at(11 * SECOND))
    assert codes(watch) == []


def test_a_source_that_nobody_sees_and_footage_that_nobody_proves_are_said() -> None:
    recording = Recording(unproved_since_mono_ns=SECOND)
    watch = watching(recording)
    watch.see(SeenPicture("camera", SECOND, MadeRoom(1).look(0)))
    watch.tick(at(SECOND + min(UNSEEN_NS, UNPROVED_NS)))
    assert codes(watch) == []
    watch.tick(at(3 * SECOND + max(UNSEEN_NS, UNPROVED_NS)))
    assert codes(watch) == [("footage-unproved", None), ("source-unwatched", "camera")]
    recording.undecodable = True
    watch.tick(at(4 * SECOND + max(UNSEEN_NS, UNPROVED_NS)))
    assert codes(watch)[0] == ("footage-undecodable", None)


def test_lights_off_at_night_is_no_trouble_until_the_room_opens_or_a_session_does() -> None:
    """`at` counts from 2001-09-09 09:46:40 in the county: a Sunday."""
    weekly = WeeklyHours(sunday=("10:00-12:00",))
    hours = RecordingSettings(mode="always", hours=OpeningHours(weekly=weekly))
    configurations = [ROOM.model_copy(update={"recording": hours})]
    sessions: list[Session | None] = [None]
    clock = [ClockState(synchronized=True)]
    watch = watching(Recording(), configurations, sessions, clock)
    show_black(watch, 0, 10)
    assert codes(watch) == []
    sessions.append(Session("2" * 32, opened_wall_ns=10**18, opened_mono_ns=0))
    watch.tick(at(11 * SECOND))
    assert codes(watch) == [("picture-black", "camera")]
    sessions.append(None)
    watch.tick(at(12 * SECOND))
    assert codes(watch) == []
    clock.append(ClockState(synchronized=False))
    watch.tick(at(13 * SECOND))
    assert codes(watch) == [("picture-black", "camera")], "a clock that isn't known says nothing about the night"
    clock.append(ClockState(synchronized=True))
    watch.tick(Moment(wall_ns=10**18 + 900 * SECOND, mono_ns=14 * SECOND))
    assert codes(watch) == [("picture-black", "camera")], "the room is open"


def test_another_camera_begins_anew() -> None:
    configurations = [ROOM]
    watch = watching(Recording(), configurations)
    show_black(watch, 0, 10)
    assert codes(watch) == [("picture-black", "camera")]
    configurations.append(ROOM.model_copy(update={"camera": FileSource(path="/film.mp4")}))
    watch.tick(at(11 * SECOND))
    assert codes(watch) == []
