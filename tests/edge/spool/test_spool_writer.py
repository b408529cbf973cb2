"""The thread behind the sink: calls return at once, everything is written at the end, a broken disk ends it loudly."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable

from edge.segment.sink import RunStart, SourceState
from edge.spool.moments import moment_at, present
from edge.spool.writer import SpoolWriter
from storage.manifest import GapCause, GapManifest
from tests.edge.spool.spool_room import Life, check, fragments_of
from tests.storage.recordings import TRACKS, footage

LifeMaker = Callable[..., Life]


class Told:
    """What the writer reports."""

    def __init__(self, life: Life) -> None:
        self.runs: list[RunStart] = []
        self.states: list[SourceState] = []
        self.failed = threading.Event()
        self.writer = SpoolWriter(life.keeper, self.runs.append, self.states.append, lambda error: self.failed.set())


def hand_over(writer: SpoolWriter, run: str) -> None:
    """As the pipeline does: one run of three segments."""
    writer.run_started(RunStart(run, footage().init, moment_at(present(), 0), tuple(TRACKS)))
    for number in range(3):
        writer.segment_started(number)
        for fragment in fragments_of(number):
            writer.fragment(fragment)
        writer.segment_ended(tuple(TRACKS))
    writer.run_ended(None)


def test_stopping_writes_out_all_that_was_handed_over(begin_life: LifeMaker) -> None:
    life = begin_life()
    told = Told(life)
    hand_over(told.writer, "a" * 32)
    assert told.writer.queued_90k > 0
    told.writer.start()
    assert told.writer.stop(timeout_s=10)
    assert told.writer.queued_90k == 0
    assert [segment.sequence for segment in life.segments()] == [0, 1, 2]
    assert check(life.spool, life.keys).problem is None
    assert (len(told.runs), told.failed.is_set()) == (1, False)


def test_why_a_run_ends_is_said_by_whoever_ends_it(begin_life: LifeMaker) -> None:
    life = begin_life()
    told = Told(life)
    told.writer.break_cause = GapCause.FORMAT_CHANGED
    hand_over(told.writer, "a" * 32)
    told.writer.break_cause = None
    hand_over(told.writer, "b" * 32)
    told.writer.start()
    assert told.writer.stop(timeout_s=10)
    gaps = [entry for entry in life.entries() if isinstance(entry, GapManifest)]
    assert [gap.cause for gap in gaps] == [GapCause.FORMAT_CHANGED]


def test_an_error_that_is_no_full_disk_ends_the_process(begin_life: LifeMaker) -> None:
    life = begin_life()
    told = Told(life)
    shutil.rmtree(life.spool / "chain")
    hand_over(told.writer, "a" * 32)
    told.writer.start()
    assert told.failed.wait(10)
