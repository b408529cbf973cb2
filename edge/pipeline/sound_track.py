"""The sound of one run: placed on the line, filled where missing, measured, given to muxer and live listeners."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from edge.capture.frame import AudioBlock
from edge.encode.audio_encoder import PRIMING_SAMPLES
from edge.pipeline.levels import LevelMeter
from edge.timeline.gaps import GapSpan, GapWatch
from edge.timeline.sound_line import RATE, Piece, SoundLine, ticks_of_samples
from storage.manifest import GapCause
from streaming.packet import PcmBlock

_PCM_SAMPLES = RATE // 100


class SoundTrack:
    """`patience_ns`: how long sound may be on its way before silence takes its place."""

    def __init__(
        self,
        anchor_mono_ns: int,
        channels: int,
        patience_ns: int,
        heard: bool,
        write: Callable[[Piece], None],
        listen: Callable[[PcmBlock], None],
        gap: Callable[[GapSpan[GapCause]], None],
    ) -> None:
        self._line = SoundLine(anchor_mono_ns, channels, position=PRIMING_SAMPLES)
        self._patience_ns = patience_ns
        self._heard = heard
        self._write = write
        self._listen = listen
        self._gap = gap
        self._watch: GapWatch[GapCause] = GapWatch()
        self._meter = LevelMeter(channels)
        self._unsent = np.zeros((0, channels), np.int16)

    @property
    def heard(self) -> bool:
        """Whether the microphone ever delivered."""
        return self._heard

    @property
    def levels_dbfs(self) -> list[float]:
        return self._meter.levels_dbfs

    @property
    def drift_ppm(self) -> float:
        return self._line.drift_ppm

    def add(self, block: AudioBlock) -> None:
        pieces = self._line.add(block.mono_ns, block.samples)
        for piece in pieces:
            if not piece.filled:
                self._heard = True
            self._give(piece)

    def fill(self, now_ns: int) -> None:
        """Called often: silence takes the place of what should have come by now."""
        if self._line.time_of(self._line.position) < now_ns - self._patience_ns:
            for piece in self._line.fill(now_ns - self._patience_ns):
                self._give(piece)

    def finish(self, until_mono_ns: int) -> None:
        """Bring the track up to the picture's end."""
        for piece in self._line.interrupt() + self._line.fill(until_mono_ns):
            self._give(piece)
        self._state(self._watch.real(self._line.time_of(self._line.position)))

    def _give(self, piece: Piece) -> None:
        start_ns, end_ns = self._line.time_of(piece.start), self._line.time_of(piece.end)
        if piece.filled:
            cause = GapCause.MICROPHONE_LOST if self._heard else GapCause.MICROPHONE_ABSENT
            self._state(self._watch.filled(start_ns, end_ns, cause))
        else:
            self._state(self._watch.real(start_ns))
        self._meter.add(piece.samples)
        self._write(piece)
        self._send(piece)

    def _state(self, spans: list[GapSpan[GapCause]]) -> None:
        for span in spans:
            self._gap(span)

    def _send(self, piece: Piece) -> None:
        start = piece.start - len(self._unsent)
        samples = np.concatenate([self._unsent, piece.samples])
        whole = len(samples) // _PCM_SAMPLES * _PCM_SAMPLES
        for place in range(0, whole, _PCM_SAMPLES):
            block = samples[place : place + _PCM_SAMPLES]
            at = start + place
            self._listen(PcmBlock(block.tobytes(), ticks_of_samples(at), self._line.time_of(at), block.shape[1]))
        self._unsent = samples[whole:]
