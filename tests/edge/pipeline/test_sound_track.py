"""Two microphones on one track: each on its own channel, each with its own silence, and neither waits for the other."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.capture.frame import AudioBlock
from edge.encode.audio_encoder import FRAME_SAMPLES, PRIMING_SAMPLES
from edge.pipeline.sound_track import Microphone, SoundGap, SoundTrack
from edge.timeline.gaps import GapSpan
from edge.timeline.sound_line import RATE, Piece
from storage.manifest import GapCause, SourceName
from streaming.packet import PcmBlock

MS = 1_000_000
PATIENCE_MS = 500
TAIL = FRAME_SAMPLES + 1
OFFICER, VISITOR = "microphone", "second-microphone"


@dataclass
class Heard:
    pieces: list[Piece] = field(default_factory=list)
    blocks: list[PcmBlock] = field(default_factory=list)
    gaps: list[GapSpan[SoundGap]] = field(default_factory=list)

    @property
    def sound(self) -> np.ndarray:
        """But for the packet of silence beside the last picture."""
        place = PRIMING_SAMPLES
        for piece in self.pieces:
            assert piece.start == place, "without a hole, in order"
            place = piece.end
        return np.concatenate([piece.samples for piece in self.pieces])[:-TAIL]

    def gaps_ms(self) -> list[tuple[str | None, GapCause, int, int]]:
        return [
            (gap.cause.source, gap.cause.cause, round(gap.start_mono_ns / MS), round(gap.end_mono_ns / MS))
            for gap in self.gaps
        ]


def track_of(heard: Heard, microphones: int = 2, known: frozenset[SourceName] = frozenset()) -> SoundTrack:
    both = [Microphone(OFFICER, PATIENCE_MS * MS), Microphone(VISITOR, PATIENCE_MS * MS)]
    return SoundTrack(
        0, 2, both[:microphones], known, heard.pieces.append, heard.blocks.append, heard.gaps.append
    )  # fmt: skip


def block(source: SourceName, at_ms: int, value: int) -> AudioBlock:
    return AudioBlock(at_ms * MS, np.full((960, 1), value, np.int16), source=source)


def play(track: SoundTrack, until_ms: int, officer: range | None = None, visitor: range | None = None) -> None:
    """A simulated afternoon: blocks of 20 ms arrive as they are whole; `fill` is called as the pipeline does."""
    officer, visitor = (range(until_ms) if one is None else one for one in (officer, visitor))
    for at_ms in range(0, until_ms, 20):
        if at_ms in officer:
            track.add(block(OFFICER, at_ms, 1000))
        if at_ms in visitor:
            track.add(block(VISITOR, at_ms, -2000))
        track.fill((at_ms + 20) * MS)


def test_each_microphone_has_its_channel() -> None:
    heard = Heard()
    track = track_of(heard)
    play(track, 2000)
    assert track.levels_dbfs == [pytest.approx(-30.3, abs=0.1), pytest.approx(-24.3, abs=0.1)]
    assert [one.source for one in track.microphones] == [OFFICER, VISITOR]
    track.finish(2000 * MS)
    assert heard.sound.shape == (2 * RATE - PRIMING_SAMPLES, 2)
    assert np.unique(heard.sound, axis=0).tolist() == [[1000, -2000]]
    assert heard.gaps == []
    assert {one.channels for one in heard.blocks} == {2}


def test_a_lost_microphone_is_silent_on_its_channel_alone() -> None:
    heard = Heard()
    track = track_of(heard)
    play(track, 6000, visitor=range(2000))
    track.finish(6000 * MS)
    assert np.unique(heard.sound[:, 0]).tolist() == [1000]
    assert np.unique(heard.sound[2 * RATE - PRIMING_SAMPLES + 24 :, 1]).tolist() == [0]
    assert heard.gaps_ms() == [(VISITOR, GapCause.MICROPHONE_LOST, 2000, 6000)]


def test_when_both_are_lost_the_gap_is_the_whole_track() -> None:
    heard = Heard()
    track = track_of(heard)
    play(track, 8000, officer=range(4000), visitor=range(2000))
    track.finish(8000 * MS)
    assert heard.gaps_ms() == [
        (VISITOR, GapCause.MICROPHONE_LOST, 2000, 4000),
        (None, GapCause.MICROPHONE_LOST, 4000, 8000),
    ]


def test_one_that_never_came_is_absent() -> None:
    heard = Heard()
    track = track_of(heard)
    play(track, 3000, officer=range(0))
    track.finish(3000 * MS)
    assert heard.gaps_ms() == [(OFFICER, GapCause.MICROPHONE_ABSENT, 21, 3000)]
    assert track.heard == {VISITOR}


def test_one_that_comes_late_was_absent_before_and_not_lost() -> None:
    heard = Heard()
    track = track_of(heard)
    play(track, 3000, visitor=range(1500, 3000))
    track.finish(3000 * MS)
    assert heard.gaps_ms() == [(VISITOR, GapCause.MICROPHONE_ABSENT, 21, 1500)]


def test_neither_waits_for_the_other_though_nobody_fills() -> None:
    """The pipeline does not fill while sound waits in its inbox; a bound stands behind that."""
    heard = Heard()
    track = track_of(heard)
    for at_ms in range(0, 20_000, 20):
        track.add(block(OFFICER, at_ms, 1000))
        given = heard.pieces[-1].end / RATE if heard.pieces else 0
        assert at_ms / 1000 - given < 2.0 + PATIENCE_MS / 1000 + 0.3


def test_what_waits_in_the_inbox_is_late_and_not_missing() -> None:
    heard = Heard()
    track = track_of(heard)
    for at_ms in range(0, 1000, 20):
        track.add(block(OFFICER, at_ms, 1000))
        track.add(block(VISITOR, at_ms, -2000))
    track.fill(2400 * MS, frozenset({VISITOR}))
    for at_ms in range(1000, 2000, 20):
        track.add(block(VISITOR, at_ms, -2000))
    track.finish(2000 * MS)
    assert heard.gaps_ms() == [(OFFICER, GapCause.MICROPHONE_LOST, 1000, 2000)]
    assert np.unique(heard.sound[:, 1]).tolist() == [-2000]


def test_a_two_channel_interface_is_one_line() -> None:
    heard = Heard()
    track = track_of(heard, microphones=1)
    both = np.repeat(np.array([[300, -400]], np.int16), 960, axis=0)
    for at_ms in range(0, 1000, 20):
        track.add(AudioBlock(at_ms * MS, both))
    track.finish(1000 * MS)
    assert np.unique(heard.sound, axis=0).tolist() == [[300, -400]]
    assert [one.source for one in track.microphones] == [OFFICER]


@settings(max_examples=25, deadline=None)
@given(
    drops=st.lists(st.tuples(st.booleans(), st.integers(0, 180), st.integers(1, 60)), max_size=5),
    late_ms=st.lists(st.integers(0, 300), min_size=2, max_size=2),
)
def test_every_missing_stretch_is_stated_and_nothing_else(
    drops: list[tuple[bool, int, int]], late_ms: list[int]
) -> None:
    """Blocks of either microphone are missing, and all of one come late: silence and gaps agree, channel by channel."""
    heard = Heard()
    track = track_of(heard)
    missing = [
        {n for of_visitor, start, count in drops if of_visitor == bool(channel) for n in range(start, start + count)}
        for channel in range(2)
    ]
    arrivals = sorted(
        (number * 20 + 20 + late_ms[channel], channel, number)
        for channel in range(2)
        for number in range(200)
        if number not in missing[channel]
    )
    for arrived_ms, channel, number in arrivals:
        source, value = ((OFFICER, 1000), (VISITOR, -2000))[channel]
        track.add(block(source, number * 20, value))
        track.fill(arrived_ms * MS)
    track.finish(4000 * MS)
    sound = heard.sound
    assert len(sound) >= 4 * RATE - PRIMING_SAMPLES
    said = np.zeros((len(sound), 2), bool)
    for gap in heard.gaps:
        channels = [0, 1] if gap.cause.source is None else [0 if gap.cause.source == OFFICER else 1]
        start, end = (round(ns * RATE / 1e9) - PRIMING_SAMPLES for ns in (gap.start_mono_ns, gap.end_mono_ns))
        said[max(0, start) : end, channels] = True
    differs = (sound == 0) != said
    for channel in range(2):  # a stretch below 40 ms is not stated
        assert longest(differs[:, channel]) <= RATE * 41 // 1000


def longest(marks: np.ndarray) -> int:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], marks.astype(np.int8), [0]])))
    return int((edges[1::2] - edges[::2]).max()) if len(edges) else 0
