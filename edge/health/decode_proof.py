"""Proves that what is about to be kept can be played: a key frame and a second of sound of each segment, decoded.

Works on the very bytes that go to the disk, in a bounded thread of its own; nothing that records waits for it but the
one who signs, for a moment. What can't be decoded is kept all the same: it is footage too, and the chain says so.
"""

from __future__ import annotations

import io
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import av
from av.audio.frame import AudioFrame
from av.video.frame import VideoFrame

MOST_WAITING = 4
MOST_KEPT = 64
SOUND_S = 1.0
LEAST_SOUND = 0.95  # of what should be there: an encoder's priming and the cut's edges are not
_STRICT = {"err_detect": "crccheck+bitstream+buffer+explode"}


@dataclass(frozen=True, slots=True)
class Sample:
    """The beginning of one segment: the run's init bytes and the first fragments, `sound_s` of sound within."""

    run: str
    start_pts_90k: int
    data: bytes
    has_sound: bool
    sound_s: float


def fault_in(sample: Sample) -> str | None:
    """Why the sample can't be played, in a word for the log; None when it can."""
    try:
        with av.open(io.BytesIO(sample.data), "r", format="mp4") as container:
            if not container.streams.video or (sample.has_sound and not container.streams.audio):
                return "a track is missing"
            shown, heard = _play(container, sample.has_sound)
    except (av.FFmpegError, ValueError, EOFError) as error:
        return type(error).__name__
    if not shown:
        return "no key frame"
    wanted_s = min(SOUND_S, sample.sound_s) * LEAST_SOUND
    return "too little sound" if sample.has_sound and heard < wanted_s else None


def _play(container: av.container.InputContainer, has_sound: bool) -> tuple[bool, float]:
    """Whether the first key frame gives a picture; seconds of sound, at most about SOUND_S. Raises FFmpegError."""
    shown, heard = False, 0.0
    for stream in container.streams:
        stream.codec_context.options = _STRICT
    for packet in container.demux():
        if not packet.size:
            continue  # the end of a track
        if packet.stream.type == "video" and not shown and packet.is_keyframe:
            shown = _shows([*packet.decode(), *container.streams.video[0].codec_context.decode(None)])
        elif packet.stream.type == "audio" and heard < SOUND_S:
            frames = [frame for frame in packet.decode() if isinstance(frame, AudioFrame)]
            heard += sum(frame.samples / frame.sample_rate for frame in frames)
        if shown and (heard >= SOUND_S or not has_sound):
            break
    return shown, heard


def _shows(frames: Sequence[object]) -> bool:
    pictures = [frame for frame in frames if isinstance(frame, VideoFrame)]
    return bool(pictures) and not any(picture.is_corrupt for picture in pictures)


class Prover:
    """`offer` from any thread, returns at once; `start` once, `stop` once. `failed` is called from its own thread."""

    def __init__(self, failed: Callable[[], None]) -> None:
        self._failed = failed
        self._waiting: deque[Sample] = deque()
        self._results: OrderedDict[tuple[str, int], str | None] = OrderedDict()
        self._under_way: Sample | None = None
        self._changed = threading.Condition()
        self._stopping = False
        self.failing: str | None = None  # what the last segment looked at suffers from
        self.waiting_since_mono_ns: int | None = None  # the last proof, or what was offered first after it
        self.dropped = 0
        self._thread = threading.Thread(target=self._work, name="decode-proof", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, timeout_s: float = 1.0) -> None:
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        self._thread.join(timeout_s)

    def offer(self, sample: Sample) -> None:
        """The oldest that waits is let go when too many do: it stays unproved, and the status says so in time."""
        with self._changed:
            if len(self._waiting) >= MOST_WAITING:
                self._waiting.popleft()
                self.dropped += 1
            self._waiting.append(sample)
            if self.waiting_since_mono_ns is None:
                self.waiting_since_mono_ns = time.monotonic_ns()
            self._changed.notify_all()

    def await_result(self, run: str, start_pts_90k: int, timeout_s: float) -> bool | None:
        """Whether that segment plays; None when nobody knows in time."""
        key = (run, start_pts_90k)
        with self._changed:
            self._changed.wait_for(lambda: key in self._results or not self._is_expected(key), timeout_s)
            return self._results[key] is None if key in self._results else None

    def _is_expected(self, key: tuple[str, int]) -> bool:
        samples = [*self._waiting, *([self._under_way] if self._under_way else [])]
        return any((sample.run, sample.start_pts_90k) == key for sample in samples)

    def _work(self) -> None:
        while True:
            with self._changed:
                self._under_way = None
                self._changed.wait_for(lambda: self._waiting or self._stopping)
                if self._stopping:
                    return
                sample = self._under_way = self._waiting.popleft()
            fault = fault_in(sample)
            self.failing = fault
            if fault is not None:
                self._failed()  # its note stands in the chain before whoever signs goes on
            with self._changed:
                self.waiting_since_mono_ns = time.monotonic_ns() if self._waiting else None
                self._results[(sample.run, sample.start_pts_90k)] = fault
                while len(self._results) > MOST_KEPT:
                    self._results.popitem(last=False)
                self._changed.notify_all()
