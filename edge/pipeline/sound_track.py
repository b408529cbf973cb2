"""The sound of one run: placed on the line, filled where missing, measured, given to muxer and live listeners.

Two microphones have a line each, with a clock of its own, and a channel each: the first one left, the second one right.
When one is lost there is silence on its channel alone, and the other goes on untouched.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from edge.capture.frame import AudioBlock
from edge.encode.audio_encoder import FRAME_SAMPLES, PRIMING_SAMPLES
from edge.pipeline.levels import LevelMeter
from edge.timeline.channel_pair import ChannelPair, PairPiece
from edge.timeline.gaps import GapSpan, GapWatch
from edge.timeline.sound_line import RATE, Piece, SoundLine, ticks_of_samples
from storage.manifest import GapCause, MicrophoneTrack, SourceName
from streaming.packet import PcmBlock

_PCM_SAMPLES = RATE // 100
_MOST_APART_NS = 2_000_000_000  # beyond its patience: a microphone that is this far behind the other is filled at once


@dataclass(frozen=True, slots=True)
class Microphone:
    """`patience_ns`: how long its sound may be on its way before silence takes its place."""

    source: SourceName
    patience_ns: int


@dataclass(frozen=True, slots=True)
class SoundGap:
    """Why there is silence; `source`: on the channel of this one of two microphones alone."""

    cause: GapCause
    source: SourceName | None = None


class SoundTrack:
    """`microphones`: one, with `channels` channels, or two, with one each. `heard`: those that delivered before."""

    def __init__(
        self,
        anchor_mono_ns: int,
        channels: int,
        microphones: Sequence[Microphone],
        heard: frozenset[SourceName],
        write: Callable[[Piece], None],
        listen: Callable[[PcmBlock], None],
        gap: Callable[[GapSpan[SoundGap]], None],
    ) -> None:
        each = channels if len(microphones) == 1 else 1
        self._microphones = tuple(microphones)
        self._lines = tuple(SoundLine(anchor_mono_ns, each, position=PRIMING_SAMPLES) for _ in microphones)
        self._pair = ChannelPair() if len(microphones) == 2 else None
        self._time = self._lines[0]  # all lines have one anchor: each can tell the time of a place
        self._heard = heard
        self._write = write
        self._listen = listen
        self._gap = gap
        self._watch: GapWatch[SoundGap] = GapWatch()
        self._meter = LevelMeter(channels)
        self._unsent = np.zeros((0, channels), np.int16)
        self._finished = False

    @property
    def heard(self) -> frozenset[SourceName]:
        """The microphones that ever delivered."""
        return self._heard

    @property
    def levels_dbfs(self) -> list[float]:
        return self._meter.levels_dbfs

    @property
    def microphones(self) -> tuple[MicrophoneTrack, ...]:
        """By channel where there are two: each one's clock against the timeline."""
        pairs = zip(self._microphones, self._lines, strict=True)
        return tuple(MicrophoneTrack(source=one.source, drift_ppm=line.drift_ppm) for one, line in pairs)

    def add(self, block: AudioBlock) -> None:
        for channel, microphone in enumerate(self._microphones):
            if microphone.source == block.source:
                for piece in self._lines[channel].add(block.mono_ns, block.samples):
                    if not piece.filled:  # what is silent before it was before this microphone ever delivered
                        self._heard |= {block.source}
                    self._take(channel, [piece])
                self._wait_no_longer(self._lines[channel])

    def fill(self, now_ns: int, waiting: frozenset[SourceName] = frozenset()) -> None:
        """Called often: silence takes the place of what should have come by now, but for what is `waiting` already."""
        for channel, microphone in enumerate(self._microphones):
            if microphone.source not in waiting:
                self._fill_until(channel, now_ns - microphone.patience_ns)

    def finish(self, until_mono_ns: int) -> None:
        """Bring the track up to the last picture, and both channels to one end; then a packet of silence beside it.

        The last picture may be the only one of its segment, and without that packet no sound would stand in it.
        """
        for channel, line in enumerate(self._lines):
            self._take(channel, line.interrupt() + line.fill(until_mono_ns))
        end = max(line.position for line in self._lines)
        for channel, line in enumerate(self._lines):
            self._take(channel, line.fill_to(end))
        self._state(self._watch.real(self._time.time_of(self._lines[0].position)))
        self._finished = True  # what follows is too short to be stated
        tail = self._time.position_of(until_mono_ns) + FRAME_SAMPLES + 1
        for channel, line in enumerate(self._lines):
            self._take(channel, line.fill_to(tail))

    def _wait_no_longer(self, ahead: SoundLine) -> None:
        """Neither channel waits for the other without end, whether anybody calls `fill` or not."""
        reached_ns = ahead.time_of(ahead.position) - _MOST_APART_NS
        for channel, microphone in enumerate(self._microphones):
            self._fill_until(channel, reached_ns - microphone.patience_ns)

    def _fill_until(self, channel: int, until_ns: int) -> None:
        line = self._lines[channel]
        if line.time_of(line.position) < until_ns:
            self._take(channel, line.fill(until_ns))

    def _take(self, channel: int, pieces: list[Piece]) -> None:
        if self._pair is None:
            for piece in pieces:
                self._give(PairPiece(piece, frozenset({0} if piece.filled else ())))
            return
        for joined in self._pair.add(channel, pieces):
            self._give(joined)

    def _give(self, given: PairPiece) -> None:
        piece = given.piece
        start_ns, end_ns = self._time.time_of(piece.start), self._time.time_of(piece.end)
        if given.missing and not self._finished:
            self._state(self._watch.filled(start_ns, end_ns, self._why(given.missing)))
        elif not self._finished:
            self._state(self._watch.real(start_ns))
        self._meter.add(piece.samples)
        self._write(piece)
        self._send(piece)

    def _why(self, missing: frozenset[int]) -> SoundGap:
        sources = [self._microphones[channel].source for channel in sorted(missing)]
        heard = any(source in self._heard for source in sources)
        cause = GapCause.MICROPHONE_LOST if heard else GapCause.MICROPHONE_ABSENT
        return SoundGap(cause, None if len(missing) == len(self._microphones) else sources[0])

    def _state(self, spans: list[GapSpan[SoundGap]]) -> None:
        for span in spans:
            self._gap(span)

    def _send(self, piece: Piece) -> None:
        start = piece.start - len(self._unsent)
        samples = np.concatenate([self._unsent, piece.samples])
        whole = len(samples) // _PCM_SAMPLES * _PCM_SAMPLES
        for place in range(0, whole, _PCM_SAMPLES):
            block = samples[place : place + _PCM_SAMPLES]
            at = start + place
            self._listen(PcmBlock(block.tobytes(), ticks_of_samples(at), self._time.time_of(at), block.shape[1]))
        self._unsent = samples[whole:]
