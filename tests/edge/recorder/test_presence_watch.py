"""The attendant with its real detectors, its gate and a day's clock: what it steers, reports and notes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from config.room import RoomConfiguration
from edge.gate.gate import Gate
from edge.gate.steering import Sessions, Steering, SteeringParts
from edge.pipeline.observation import HeardSound, SeenPicture
from edge.recorder.attendant import Surroundings
from edge.recorder.presence_watch import PresenceWatch
from edge.recorder.sessions import Session
from storage.manifest import ClockState, GapCause, Moment, NoteKind
from tests.edge.gate.test_gate_footage import Spool
from tests.edge.presence.made_scene import LOOK_NS, Figure, Scene, speak

S = 1_000_000_000
MONDAY_NINE_NS = 1_795_395_600 * S  # 2026-11-23 09:00 in the county
WORKDAY = {"weekly": {"monday": ["09:00-12:00"]}}


@dataclass
class Room:
    """Everything an attendant asks, with a clock that the test moves."""

    recording: dict[str, Any]
    synchronized: bool | None = True
    wall_ns: int = MONDAY_NINE_NS
    mono_ns: int = 100 * S
    session: Session | None = None
    last_closed: Moment | None = None
    notes: list[tuple[NoteKind, str | None]] = field(default_factory=list)
    keys_wanted: int = 0

    def __post_init__(self) -> None:
        self.gate = Gate(Spool(), lambda: 0, 30 * S)
        parts = SteeringParts(
            configuration=self.configuration,
            sessions=Sessions(lambda: self.session is not None, lambda: self.last_closed),
            clock_state=self.clock_state,
            now=self.now,
            note_later=self.note_later,
            opened=self.want_key,
        )
        self.steering = Steering(self.gate, parts)
        around = Surroundings(self.configuration, lambda: self.session, self.clock_state, self.note_later)
        self.watch = PresenceWatch(around, self.steering)
        self.steering.decide()

    def configuration(self) -> RoomConfiguration:
        names = {"device": "0" * 32, "room": "1" * 32, "room_name": "一号接谈室", "unit_name": "青石镇"}
        return RoomConfiguration.model_validate({"version": 1, **names, "recording": self.recording})

    def clock_state(self) -> ClockState:
        return ClockState(synchronized=self.synchronized)

    def now(self) -> Moment:
        return Moment(wall_ns=self.wall_ns, mono_ns=self.mono_ns)

    def note_later(self, kind: NoteKind, **fields: Any) -> None:
        self.notes.append((kind, fields.get("detail")))

    def want_key(self) -> None:
        self.keys_wanted += 1

    def go(self, seconds: int, scene: Scene | None = None, figures: tuple[Figure, ...] = ()) -> None:
        """Ticks every second; four looks a second at `scene`, when there is one."""
        begun_ns = self.mono_ns
        for _ in range(seconds):
            for number in range(4 if scene else 0):
                at = self.mono_ns + number * LOOK_NS
                if scene is not None:
                    picture = scene.picture((at - begun_ns) / S, figures)
                    self.watch.see(SeenPicture("camera", at, picture))
            self.mono_ns, self.wall_ns = self.mono_ns + S, self.wall_ns + S
            self.watch.tick(self.now())

    @property
    def fields(self) -> dict[str, Any]:
        return dict(self.watch.report().fields)


def test_who_walks_in_opens_the_gate_and_who_leaves_closes_it_after_the_post_roll() -> None:
    room = Room({"mode": "presence", "presence": {"post_roll_s": 60}})
    assert room.fields["standby_cause"] == "nobody-present"
    assert room.notes == [(NoteKind.RECORDING_PAUSED, "nobody-present")]
    room.go(15, Scene(), (Figure(8, 60),))
    assert room.gate.open
    assert room.keys_wanted == 1
    assert room.fields["presence"]["movement"] is True
    assert room.fields["presence"]["voice"] is False
    room.go(58, Scene())
    assert room.gate.open
    room.go(10, Scene())
    assert not room.gate.open
    assert room.notes[1:] == [(NoteKind.RECORDING_PAUSED, "nobody-present")]


def test_a_voice_behind_the_door_opens_it_too() -> None:
    room = Room({"mode": "presence"})
    room.go(2)
    samples = (speak("您好，请坐，您今天来反映什么问题？") * 32767).astype(np.int16)[:, None]
    for start in range(0, samples.shape[0] - 960, 960):
        room.watch.hear(
            HeardSound("second-microphone", room.mono_ns + start * S // 48_000, samples[start : start + 960])
        )
    assert room.gate.open
    assert room.fields["presence"]["voice"] is True


def test_hours_open_and_close_by_themselves_and_a_session_goes_on_into_the_evening() -> None:
    room = Room({"mode": "hours", "hours": WORKDAY}, wall_ns=MONDAY_NINE_NS - 10 * S)
    assert room.fields["standby_cause"] == "outside-hours"
    room.go(11)
    assert room.gate.open
    room.wall_ns = MONDAY_NINE_NS + 3 * 3600 * S
    room.session = Session("a" * 32, room.wall_ns, room.mono_ns)
    room.go(30)
    assert room.gate.open
    room.session, room.last_closed = None, room.now()
    room.go(29)
    assert room.gate.open
    room.go(3)
    assert room.gate.cause is GapCause.OUTSIDE_HOURS
    room.session = Session("b" * 32, room.wall_ns, room.mono_ns)
    room.steering.decide()  # as opening a session does
    assert room.gate.open


def test_by_a_clock_that_is_not_synchronized_hours_record_always() -> None:
    room = Room({"mode": "hours", "hours": WORKDAY}, synchronized=False, wall_ns=MONDAY_NINE_NS - 3600 * S)
    assert room.fields["standby_cause"] is None
    room.synchronized = True
    room.go(1)
    assert room.fields["standby_cause"] == "outside-hours"


def test_people_without_a_session_are_noted_once() -> None:
    room = Room({"mode": "always", "hours": WORKDAY, "missed_session_s": 60})
    room.go(150, Scene(), (Figure(5, 500),))
    told = [detail for kind, detail in room.notes if kind is NoteKind.PRESENCE_WITHOUT_SESSION]
    assert len(told) == 1
    since_ns = int(str(told[0]).removeprefix("since_wall_ns="))
    assert 4 * S < since_ns - MONDAY_NINE_NS < 9 * S


def test_without_hours_or_outside_them_or_with_a_session_nothing_is_noted() -> None:
    people = (Figure(5, 500),)
    for room in (
        Room({"mode": "always", "missed_session_s": 60}),
        Room({"mode": "always", "hours": WORKDAY, "missed_session_s": 60}, wall_ns=MONDAY_NINE_NS - 3600 * S),
        Room({"mode": "always", "hours": WORKDAY, "missed_session_s": 60}, synchronized=None),
        Room({"mode": "always", "hours": WORKDAY, "missed_session_s": 60}, session=Session("a" * 32, 0, None)),
    ):
        room.go(80, Scene(), people)
        assert room.notes == []
