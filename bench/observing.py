"""What looking after a recording costs: health and presence as they run in the recorder, on made pictures and sound.

The real tap, the real observer's thread and the real list of attendants; only time is made, so that many seconds of
footage are seen in one. Drawing the pictures is not counted.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from config.room import PictureSettings, RoomConfiguration
from edge.capture.frame import SOUND_RATE, AudioBlock, VideoFrame
from edge.capture.stamp import StampPainter, StampSound
from edge.gate.gate import Gate
from edge.gate.steering import Sessions, Steering, SteeringParts
from edge.health.frames import Counters
from edge.pipeline.observation import Observation, Tap
from edge.recorder.attendant import Attendant, Surroundings
from edge.recorder.attendants import make_attendants
from edge.recorder.observer import Observer
from storage.manifest import ClockCorrection, ClockState, Moment, NoteKind, SourceName
from tests.edge.pipeline.collecting_sink import CollectingSink

_BLOCK = SOUND_RATE // 50
_DRAWN = 50  # pictures, shown again and again
S = 1_000_000_000
WALL = 1_795_000_000 * S


class WellRecorded:
    """A recording of which there is nothing bad to say."""

    counters: Counters | None = None
    lost_sources: frozenset[SourceName] = frozenset()
    undecodable = False
    unproved_since_mono_ns: int | None = None


class MadeTime:
    """`now` stands still until it is moved on."""

    def __init__(self) -> None:
        self.mono_ns = S

    def now(self) -> Moment:
        return Moment(wall_ns=WALL + self.mono_ns, mono_ns=self.mono_ns)


def observing_cost(picture: PictureSettings, seconds: int, cameras: int = 1, microphones: int = 1) -> float:
    """CPU seconds per second of footage: the tap, the observer and all attendants together."""
    made = MadeTime()
    observer = Observer(attendants(made), made.now)
    pushed = 0

    def observe(observation: Observation) -> None:
        nonlocal pushed
        pushed += 1
        observer.observe(observation)

    taps = [Tap(lambda _item: None, observe) for _ in range(cameras)]
    ears = [Tap(lambda _item: None, observe) for _ in range(microphones)]
    feed = _feed(picture, taps, ears)
    observer.start()
    feed(made.mono_ns)
    begun, used = time.monotonic(), time.process_time()
    for _ in range(seconds):
        made.mono_ns += S
        feed(made.mono_ns)
        while observer.loops < pushed and time.monotonic() - begun < 10 * seconds:
            time.sleep(0.002)
    used = time.process_time() - used
    observer.stop()
    if observer.missed:
        raise RuntimeError(f"{observer.missed} observations were not looked at")
    return used / seconds


def attendants(made: MadeTime) -> tuple[Attendant, ...]:
    """The list that a room has which looks for presence."""
    configuration = RoomConfiguration(
        version=1, device="0" * 32, room="1" * 32, room_name="一号接谈室", unit_name="青石镇",
        recording={"mode": "presence"},
    )  # fmt: skip
    gate = Gate(CollectingSink(), lambda: 0, 30 * S)
    parts = SteeringParts(
        configuration=lambda: configuration,
        sessions=Sessions(lambda: False, lambda: None),
        clock_state=_clock_state,
        now=made.now,
        note_later=_note,
        opened=lambda: None,
    )
    return make_attendants(
        Surroundings(
            configuration=lambda: configuration,
            session=lambda: None,
            clock_state=_clock_state,
            note_later=_note,
            recorded=WellRecorded(),
            steering=Steering(gate, parts),
        )
    )


def _feed(picture: PictureSettings, taps: list[Tap], ears: list[Tap]) -> Callable[[int], None]:
    """Gives one second of pictures and sound, taken from `mono_ns` on, to all taps."""
    painter, sound = StampPainter(picture.width, picture.height, picture.rate), StampSound()
    drawn = [painter.paint(number) for number in range(_DRAWN)]
    cameras: tuple[SourceName, ...] = ("camera", "second-camera")
    microphones: tuple[SourceName, ...] = ("microphone", "second-microphone")
    heard = [np.ascontiguousarray(sound.samples(number * _BLOCK, _BLOCK)) for number in range(4 * 50)]
    shown = 0

    def feed(mono_ns: int) -> None:
        nonlocal shown
        for number in range(picture.rate):
            at_ns = mono_ns + number * S // picture.rate
            for name, tap in zip(cameras, taps, strict=False):
                tap(VideoFrame(at_ns, drawn[shown % _DRAWN], name))
            shown += 1
        for number in range(50):
            for name, ear in zip(microphones, ears, strict=False):
                ear(
                    AudioBlock(
                        mono_ns + number * S // 50, heard[(shown // picture.rate * 50 + number) % 200], source=name
                    )
                )

    return feed


def _clock_state() -> ClockState:
    return ClockState(source="kernel", synchronized=True)


def _note(
    kind: NoteKind,
    *,
    session: str | None = None,
    detail: str | None = None,
    correction: ClockCorrection | None = None,
) -> None:
    """Nobody writes it down here."""
    del kind, session, detail, correction


def main() -> None:
    for name, cameras, microphones in (("one camera, one microphone", 1, 1), ("two and two", 2, 2)):
        print(name, round(observing_cost(PictureSettings(), 20, cameras, microphones), 4), "CPU s/s")


if __name__ == "__main__":
    main()
