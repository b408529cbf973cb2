"""The synthetic source: stamped picture and sound in real time. Draws nothing itself; `stamp.py` does."""

from __future__ import annotations

import time
from collections.abc import Callable

from edge.capture.frame import SOUND_RATE, AudioBlock, Captured, VideoFrame
from edge.capture.source import TrackKind
from edge.capture.stamp import StampPainter, StampSound

BLOCK_SAMPLES = SOUND_RATE // 50
_SKIP_BEHIND_NS = 2_000_000_000


class SyntheticSource:
    """Frame n is taken at start + n/rate, sound block k at start + k·20 ms, both exactly.

    A machine that stood still for more than two seconds skips whole seconds, as a camera would have.
    """

    def __init__(
        self,
        width: int,
        height: int,
        rate: int,
        tracks: frozenset[TrackKind] = frozenset({"video", "audio"}),
        monotonic_ns: Callable[[], int] = time.monotonic_ns,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._rate = rate
        self._tracks = tracks
        self._monotonic_ns = monotonic_ns
        self._sleep = sleep
        self._painter = StampPainter(width, height, rate)
        self._sound = StampSound()
        self._start_ns = 0
        self._frame = 0
        self._block = 0

    def open(self) -> frozenset[TrackKind]:
        self._start_ns = self._monotonic_ns()
        self._frame = self._block = 0
        return self._tracks

    def read(self, timeout_s: float) -> Captured | None:
        self._skip_lost_time()
        frame_due = self._frame_ns(self._frame) if "video" in self._tracks else None
        block_due = self._block_ns(self._block + 1) if "audio" in self._tracks else None  # whole once its end is past
        due = min(at for at in (frame_due, block_due) if at is not None)
        wait_s = (due - self._monotonic_ns()) / 1e9
        if wait_s > timeout_s:
            self._sleep(timeout_s)
            return None
        if wait_s > 0:
            self._sleep(wait_s)
        return self._take_frame() if due == frame_due else self._take_block()

    def close(self) -> None:
        self._frame = self._block = 0

    def _take_frame(self) -> VideoFrame:
        number, self._frame = self._frame, self._frame + 1
        return VideoFrame(self._frame_ns(number), self._painter.paint(number))

    def _take_block(self) -> AudioBlock:
        number, self._block = self._block, self._block + 1
        return AudioBlock(self._block_ns(number), self._sound.samples(number * BLOCK_SAMPLES, BLOCK_SAMPLES))

    def _frame_ns(self, number: int) -> int:
        return self._start_ns + number * 1_000_000_000 // self._rate

    def _block_ns(self, number: int) -> int:
        return self._start_ns + number * 1_000_000_000 * BLOCK_SAMPLES // SOUND_RATE

    def _skip_lost_time(self) -> None:
        behind = self._monotonic_ns() - max(self._frame_ns(self._frame), self._block_ns(self._block))
        if behind > _SKIP_BEHIND_NS:
            seconds = behind // 1_000_000_000
            self._frame += seconds * self._rate
            self._block += seconds * SOUND_RATE // BLOCK_SAMPLES
