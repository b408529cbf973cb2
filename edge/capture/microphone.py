"""A microphone through PortAudio with an explicit latency; `card_clock.py` says when its samples were taken."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from config.room import MicrophoneSource as MicrophoneSettings
from edge.capture.frame import SOUND_RATE, AudioBlock, Captured
from edge.capture.portaudio import SHARED, load_portaudio
from edge.capture.sound_cards import portaudio_name
from edge.capture.source import SourceLost, SourceUnavailable, TrackKind
from edge.timeline.card_clock import CardClock

_BLOCK_SAMPLES = SOUND_RATE // 50
_MOST_BLOCKS = 250  # five seconds; a full queue refuses the newest block, which becomes silence and a gap


class MicrophoneSource:
    def __init__(self, settings: MicrophoneSettings, monotonic_ns: Callable[[], int] = time.monotonic_ns) -> None:
        self._settings = settings
        self._monotonic_ns = monotonic_ns
        self._blocks: queue.Queue[AudioBlock] = queue.Queue(_MOST_BLOCKS)
        self._stream: Any = None
        self._clock = CardClock()

    def open(self) -> frozenset[TrackKind]:
        portaudio = load_portaudio()
        self._blocks = queue.Queue(_MOST_BLOCKS)
        try:
            SHARED.open(self, portaudio)
        except (portaudio.PortAudioError, ValueError, OSError) as error:
            raise _opening_fault(error) from None
        return frozenset({"audio"})

    def begin(self, portaudio: Any, cards: dict[str, int]) -> None:
        self._clock = CardClock()
        self._stream = portaudio.InputStream(
            samplerate=SOUND_RATE,
            blocksize=_BLOCK_SAMPLES,
            device=portaudio_name(self._settings.device, cards) or None,
            channels=self._settings.channels,
            dtype="int16",
            latency=self._settings.latency_ms / 1000,
            callback=self._take,
        )
        self._stream.start()

    def read(self, timeout_s: float) -> Captured | None:
        try:
            return self._blocks.get(timeout=timeout_s)
        except queue.Empty:
            if self._is_gone(timeout_s):
                raise SourceLost(
                    "microphone-unplugged",
                    "麦克风断开了，画面照常录制，正在自动重连。请检查麦克风的连线",
                    "The microphone is gone; the picture goes on and it is tried again. Check its cable",
                ) from None
            return None

    def close(self) -> None:
        SHARED.close(self)

    def end(self) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            try:
                stream.abort()
                stream.close()
            except Exception:  # noqa: BLE001 - a card that is gone can't be closed in order
                return

    def _is_gone(self, timeout_s: float) -> bool:
        """Not while another microphone is being opened: this one may be between two streams."""
        if not SHARED.lock.acquire(timeout=timeout_s):
            return False
        try:
            return self._stream is None or not self._stream.active
        finally:
            SHARED.lock.release()

    def _take(self, samples: np.ndarray[Any, np.dtype[np.int16]], frames: int, times: Any, status: Any) -> None:
        """PortAudio's own thread: copy and leave."""
        now_ns = self._monotonic_ns()
        said_ns = now_ns - round((times.currentTime - times.inputBufferAdcTime) * 1e9)
        if status.input_overflow:
            self._clock.lost()
        mono_ns = self._clock.mono_ns(frames, now_ns, said_ns)
        if not self._clock.settled(now_ns):
            return
        try:
            self._blocks.put_nowait(AudioBlock(mono_ns, samples.copy()))
        except queue.Full:
            return


def _opening_fault(error: Exception) -> SourceUnavailable:
    text = str(error).lower()
    if "busy" in text or "unavailable" in text:
        return SourceUnavailable(
            "microphone-busy",
            "麦克风正被别的程序占用，画面照常录制（无声），正在自动重试。请关闭占用它的程序",
            "Another program uses the microphone; the picture goes on with silence and it is tried again",
        )
    return SourceUnavailable(
        "microphone-missing",
        "找不到麦克风，画面照常录制（无声），正在自动重试。请检查麦克风是否插好",
        "The microphone is not there; the picture goes on with silence and it is tried again. Is it plugged in?",
    )
