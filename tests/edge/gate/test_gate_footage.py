"""S6, S11, S12: whatever is decided when, every moment of a run is kept or told as skipped, once, in order."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

import hypothesis.strategies as st
from hypothesis import given

from edge.gate.gate import DETECTION_NS, FIRST_PIECE_90K, PIECE_90K, Gate
from edge.segment.sink import Fragment, RunStart, SourceState
from storage.manifest import AudioTrack, GapCause, Moment, SourceName, VideoTrack

STEP_90K = 22_500  # a quarter of a second
PRE_ROLL_NS = 30_000_000_000
TRACKS = (VideoTrack(codec="avc1.42c01f", width=320, height=180, rate=10.0),)


@dataclass
class Spool:
    """Checks the order of calls; keeps what came as spans of (run, start, end, cause or None)."""

    spans: list[tuple[str, int, int, GapCause | None]] = field(default_factory=list)
    keys: list[bool] = field(default_factory=list)  # of the first fragment of each segment
    runs: list[tuple[str, GapCause | None]] = field(default_factory=list)
    gaps: list[tuple[int, int]] = field(default_factory=list)
    run: str | None = None
    sequence: int = -1
    fresh: bool = False
    within: bool = False

    def run_started(self, run: RunStart) -> None:
        assert self.run is None
        self.run, self.sequence = run.run, -1

    def segment_started(self, sequence: int) -> None:
        assert self.run is not None
        assert not self.within
        assert sequence == self.sequence + 1
        self.sequence, self.fresh, self.within = sequence, True, True

    def fragment(self, fragment: Fragment) -> None:
        assert self.within
        assert self.run is not None
        if self.fresh:
            self.keys.append(fragment.key)
            self.fresh = False
        self.spans.append((self.run, fragment.start_pts_90k, fragment.end_pts_90k, None))

    def segment_ended(self, tracks: tuple[VideoTrack | AudioTrack, ...]) -> None:
        assert self.within
        assert tracks
        self.within = False

    def run_ended(self, cause: GapCause | None) -> None:
        assert self.run is not None
        assert not self.within
        self.runs.append((self.run, cause))
        self.run = None

    def gap(self, track: str, start: Moment, end: Moment, cause: GapCause, source: SourceName | None = None) -> None:
        assert start.pts_90k is not None
        assert end.pts_90k is not None
        self.gaps.append((start.pts_90k, end.pts_90k))

    def skipped(self, start_pts_90k: int, end_pts_90k: int, cause: GapCause) -> None:
        assert not self.within
        assert self.run is not None
        self.spans.append((self.run, start_pts_90k, end_pts_90k, cause))

    def source_state(self, state: SourceState) -> None:
        pass


class Room:
    """Drives a gate as the pipeline would: key frames every two seconds, segments of ten."""

    def __init__(self) -> None:
        self.spool = Spool()
        self.queued_90k = 0
        self.gate = Gate(self.spool, lambda: self.queued_90k, PRE_ROLL_NS)
        self.mono_ns = 5_000_000_000
        self.pts = self.step = 0
        self.runs = 0

    def begin(self) -> None:
        anchor = Moment(wall_ns=self.mono_ns + 10**18, mono_ns=self.mono_ns, pts_90k=0)
        self.pts = self.step = 0
        self.runs += 1
        self.gate.run_started(RunStart(f"run{self.runs}", b"init", anchor, TRACKS))

    def go(self, seconds: float) -> None:
        for _ in range(int(seconds * 4)):
            if self.step % 40 == 0:
                if self.step:
                    self.gate.segment_ended(TRACKS)
                self.gate.segment_started(self.step // 40)
            self.gate.fragment(Fragment(b"x" * 1000, self.pts, self.pts + STEP_90K, self.step % 8 == 0))
            self.pts, self.step, self.mono_ns = self.pts + STEP_90K, self.step + 1, self.mono_ns + 250_000_000

    def end(self, cause: GapCause | None = None) -> None:
        if self.step:
            self.gate.segment_ended(TRACKS)
        self.gate.run_ended(cause)

    def decide(self, cause: GapCause | None) -> None:
        self.gate.decide(cause, self.mono_ns, PRE_ROLL_NS)

    def kept(self) -> list[tuple[str, int, int]]:
        return [(run, start, end) for run, start, end, cause in self.spool.spans if cause is None]


NOBODY, CLOSED = GapCause.NOBODY_PRESENT, GapCause.OUTSIDE_HOURS


def test_what_is_always_kept_passes_as_it_came() -> None:
    room = Room()
    room.begin()
    room.go(25)
    assert len(room.kept()) == 100  # at once, not at the end
    room.end(GapCause.FORMAT_CHANGED)
    assert room.spool.sequence == 2
    assert room.spool.runs == [("run1", GapCause.FORMAT_CHANGED)]


def test_a_visit_is_kept_with_the_half_minute_before_it() -> None:
    room = Room()
    room.decide(NOBODY)
    room.begin()
    room.go(120)
    assert room.kept() == []
    arrived = room.pts
    room.decide(None)
    first = room.kept()[0][1]
    assert (30 * 90_000) <= arrived - first <= 30 * 90_000 + DETECTION_NS * 9 // 100_000 + 2 * 90_000
    assert room.spool.keys[0] is True
    room.go(60)
    room.decide(NOBODY)
    left = room.pts
    room.go(700)
    room.end()
    kept = room.kept()
    assert [end for _, _, end in kept[:-1]] == [start for _, start, _ in kept[1:]]
    assert kept[-1][2] == left
    skipped = [(start, end) for _, start, end, cause in room.spool.spans if cause is NOBODY]
    assert max(end - start for start, end in skipped) <= PIECE_90K + 2 * 90_000
    after = [end - start for start, end in skipped if start >= left]
    assert after[0] <= FIRST_PIECE_90K + 2 * 90_000  # soon, so that a crash finds it


def test_the_cut_of_the_pipeline_cuts_the_pre_roll_too() -> None:
    room = Room()
    room.decide(NOBODY)
    room.begin()
    room.go(100)
    room.decide(None)
    assert room.spool.sequence >= 3
    assert all(room.spool.keys)


def test_a_slow_disk_gets_the_pre_roll_as_it_can_take_it() -> None:
    room = Room()
    room.decide(NOBODY)
    room.begin()
    room.go(60)
    room.queued_90k = 20 * 90_000
    room.decide(None)
    assert room.kept() == []
    room.go(2)
    assert room.kept() == []
    room.queued_90k = 0
    room.go(1)
    assert room.kept()[-1][2] == room.pts
    room.queued_90k = 20 * 90_000
    room.go(5)
    assert room.kept()[-1][2] == room.pts  # what comes after the pre-roll waits in the spool's own queue


def test_a_disk_that_stands_still_does_not_make_it_hold_for_ever() -> None:
    room = Room()
    room.decide(NOBODY)
    room.begin()
    room.go(60)
    room.queued_90k = 20 * 90_000
    room.decide(None)
    room.go(300)
    assert room.pts - room.kept()[-1][2] <= 75 * 90_000


def test_a_run_that_ends_while_nothing_is_kept_leaves_its_last_half_minute_for_the_next() -> None:
    room = Room()
    room.decide(CLOSED)
    room.begin()
    room.go(60)
    room.gate.break_cause = GapCause.FORMAT_CHANGED
    room.end()
    room.gate.break_cause = None
    room.begin()
    room.go(10)
    room.decide(None)
    room.go(10)
    room.end()
    room.gate.finish()
    runs = [run for run, _, _ in room.kept()]
    assert runs.count("run1") * 0.25 >= 20
    assert room.spool.runs == [("run1", GapCause.FORMAT_CHANGED), ("run2", None)]


def test_a_lost_microphone_is_told_only_where_footage_is_kept() -> None:
    room = Room()
    room.decide(NOBODY)
    room.begin()
    room.go(60)
    _say_gap(room, 0, 60)
    room.go(60)
    assert room.spool.gaps == []
    room.decide(None)
    room.go(60)
    _say_gap(room, 120, 180)
    assert room.spool.gaps == [(120 * 90_000, 180 * 90_000)]
    room.decide(NOBODY)
    room.go(30)
    _say_gap(room, 175, 210)
    room.go(60)
    assert room.spool.gaps[-1] == (175 * 90_000, 210 * 90_000)


def _say_gap(room: Room, start_s: int, end_s: int) -> None:
    start, end = (Moment(wall_ns=10**18, mono_ns=10**12 + at * 10**9, pts_90k=at * 90_000) for at in (start_s, end_s))
    room.gate.gap("audio", start, end, GapCause.MICROPHONE_ABSENT)


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("go"), st.integers(1, 90)),
        st.tuples(st.just("decide"), st.sampled_from([None, NOBODY, CLOSED])),
        st.tuples(st.just("break"), st.sampled_from([None, GapCause.ENCODER_FAILED])),
        st.tuples(st.just("disk"), st.sampled_from([0, 20 * 90_000])),
    ),
    max_size=25,
)


@given(STEPS, st.sampled_from([None, NOBODY]))
def test_every_moment_is_kept_or_told_once_and_in_order(
    steps: list[tuple[str, object]], first: GapCause | None
) -> None:
    room = Room()
    room.decide(first)
    room.begin()
    wanted: list[tuple[str, int, int]] = []
    ends: dict[str, int] = {}
    for step, value in [*steps, ("break", None)]:
        if step == "go" and isinstance(value, int):
            before = room.pts
            room.go(value)
            if room.gate.open:
                wanted.append((f"run{room.runs}", before, room.pts))
        elif step == "decide":
            room.decide(value)  # type: ignore[arg-type]
        elif step == "disk" and isinstance(value, int):
            room.queued_90k = value
        else:
            room.end(value)  # type: ignore[arg-type]
            ends[f"run{room.runs}"] = room.pts
            room.begin()
    room.end()
    ends[f"run{room.runs}"] = room.pts
    room.gate.finish()
    assert [run for run, _ in room.spool.runs] == list(ends)
    for run, group in itertools.groupby(room.spool.spans, key=lambda span: span[0]):
        spans = list(group)
        assert spans[0][1] == 0
        assert spans[-1][2] == ends.pop(run)
        assert all(one[2] == two[1] for one, two in itertools.pairwise(spans))
    assert not any(ends.values())  # a run without an entry had no footage
    kept = set(room.kept())
    for run, start, end in wanted:
        assert all((run, at, at + STEP_90K) in kept for at in range(start, end, STEP_90K))
    assert room.gate._ring.size_bytes == 0
