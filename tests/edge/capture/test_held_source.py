"""A driver that never comes back: its thread is left behind, another one opens the device, nothing comes twice."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import numpy as np
import pytest

from config.room import RoomConfiguration, SyntheticSource
from edge.capture import opening
from edge.capture.frame import AudioBlock, Captured, VideoFrame
from edge.capture.source import TrackKind
from edge.capture.supervisor import OPENING_NS, READING_NS
from edge.pipeline.clock import Clock
from edge.pipeline.sources import MOST_HELD, Sources
from edge.process.watchdog import S
from edge.segment.sink import SourceState


class Driver:
    """A source whose `read` gives sound and then hangs until it is let go."""

    made: list[Driver]
    hangs = True

    def __init__(self) -> None:
        self.let_go = threading.Event()
        self.given = 0
        Driver.made.append(self)

    def open(self) -> frozenset[TrackKind]:
        return frozenset({"audio"})

    def read(self, timeout_s: float) -> AudioBlock:
        time.sleep(0.01)
        if Driver.hangs and self.given >= 3:
            self.let_go.wait()
        self.given += 1
        return AudioBlock(time.monotonic_ns(), np.zeros((480, 1), dtype=np.int16), 48_000)

    def close(self) -> None:
        pass


@pytest.fixture
def configuration(monkeypatch: pytest.MonkeyPatch) -> Iterator[RoomConfiguration]:
    Driver.made, Driver.hangs = [], True
    monkeypatch.setattr(opening.synthetic, "SyntheticSource", lambda *_: Driver())
    yield RoomConfiguration(
        version=1,
        device="0" * 32,
        room="1" * 32,
        room_name="一号接谈室",
        unit_name="青石镇人民群众来访接待中心",
        camera=SyntheticSource(kind="synthetic"),
        microphone=SyntheticSource(kind="synthetic"),
    )
    for driver in Driver.made:
        driver.let_go.set()


def until_still(sources: Sources) -> None:
    """Until its thread does not turn any more."""
    turns = -1
    while turns != (turns := sources.loops()[0].turns):
        time.sleep(0.1)


def test_a_held_source_is_opened_anew_and_said_to_be_lost_meanwhile(configuration: RoomConfiguration) -> None:
    states: list[SourceState] = []
    taken: list[Captured] = []
    sources = Sources(configuration, taken.append, lambda _: None, states.append, Clock())
    sources.start()
    until_still(sources)
    (held,) = sources.loops()
    assert held.limit_ns == READING_NS
    Driver.hangs = False
    before = len(taken)
    sources.replace(held.name)
    assert [(state.state, state.code) for state in states if state.kind == "audio"][-1] == ("lost", "source-stuck")
    while len(taken) < before + 5:
        time.sleep(0.01)
    assert [state.state for state in states if state.kind == "audio"] == ["ok", "lost", "ok"]
    assert len(Driver.made) == 2
    given = Driver.made[0].given
    Driver.made[0].let_go.set()
    time.sleep(0.1)
    assert Driver.made[0].given == given + 1  # it came back, delivered nothing and ended
    sources.stop()
    mine = [item.mono_ns for item in taken if not isinstance(item, VideoFrame)]
    assert mine == sorted(mine)


def test_so_many_threads_are_left_behind_and_no_more(configuration: RoomConfiguration) -> None:
    sources = Sources(configuration, lambda _: None, lambda _: None, lambda _: None, Clock())
    sources.start()
    for _ in range(MOST_HELD + 3):
        until_still(sources)
        sources.replace(sources.loops()[0].name)
    assert len(Driver.made) == MOST_HELD + 1
    for driver in Driver.made:
        driver.let_go.set()
    sources.stop()


def test_an_absent_camera_is_no_stuck_thread() -> None:
    """Its loop turns every three seconds, and a driver may take its time to open."""
    assert OPENING_NS > 10 * S
