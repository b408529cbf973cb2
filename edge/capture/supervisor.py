"""Keeps one source going in a thread of its own: opens, reads, reports, tries again. Never gives up, never waits long.

A source is `absent` until it delivered once, `lost` afterwards, `ok` while it delivers.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from edge.capture.frame import AudioBlock, Captured
from edge.capture.source import Source, SourceError, SourceLost, SourceUnavailable, TrackKind
from edge.process.watchdog import Loop
from edge.segment.sink import SourceState
from storage.manifest import SourceName

LOG = logging.getLogger("shilu.capture")
RETRY_S = 2.0  # writing again within five seconds of a device being back, its opening and settling included
OPENING_NS = 30_000_000_000  # how long a driver may take to open; network cameras have bounds of their own
READING_NS = 6_000_000_000  # or to answer once it is open: a read is asked for a quarter of a second
SILENT_S = 4.0
_READ_S = 0.25


@dataclass(slots=True)
class _Track:
    state: SourceState | None = None
    last_ns: int = 0
    delivered: bool = False


class SourceThread:
    """`deliver` and `report` are called from this thread and must return at once."""

    def __init__(
        self,
        source: Source,
        names: Mapping[TrackKind, SourceName],
        deliver: Callable[[Captured], None],
        report: Callable[[SourceState], None],
        monotonic_ns: Callable[[], int],
        wall_ns: Callable[[], int],
    ) -> None:
        self._source = source
        self._deliver = deliver
        self._report = report
        self._monotonic_ns = monotonic_ns
        self._wall_ns = wall_ns
        self._tracks: dict[TrackKind, _Track] = {kind: _Track() for kind in sorted(names)}
        self._names = names
        self.loops = 0
        self._opening = True
        self._abandoned = False
        self._stopping = threading.Event()
        self.name = "capture-" + "-".join(names[kind] for kind in self._tracks)
        self._thread = threading.Thread(target=self._run, name=self.name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def ask_to_stop(self) -> None:
        self._stopping.set()

    def join(self, timeout_s: float) -> None:
        """A driver that hangs is left behind: the process is about to end, and recording must be closed first."""
        self._thread.join(timeout_s)

    def loop(self) -> Loop | None:
        """For the watchdog; None when it is about to end."""
        if self._stopping.is_set():
            return None
        return Loop(self.name, id(self), self.loops, OPENING_NS if self._opening else READING_NS)

    def replaced_by(self, source: Source) -> SourceThread:
        """Give up on a thread that its driver holds fast; should it ever return, it delivers nothing more. The new
        one is not started yet."""
        self._fail_all(_stuck())
        self._abandoned = True
        self._stopping.set()
        successor = SourceThread(source, self._names, self._deliver, self._report, self._monotonic_ns, self._wall_ns)
        for kind, track in self._tracks.items():
            successor._tracks[kind].state = track.state
            successor._tracks[kind].delivered = track.delivered
        return successor

    @property
    def is_held(self) -> bool:
        """Whether it was given up and still has not come back."""
        return self._abandoned and self._thread.is_alive()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self.loops += 1
            try:
                self._read_until_trouble()
            except SourceError as error:
                self._fail_all(error)
            except Exception as error:  # noqa: BLE001 - whatever a driver raises, the other track goes on
                LOG.warning("source failed: %s", type(error).__name__)
                self._fail_all(_unknown_fault(error))
            finally:
                self._opening = True  # closing and opening are the driver's slow calls
                self._source.close()
            self._stopping.wait(RETRY_S)

    def _read_until_trouble(self) -> None:
        self._opening = True
        have = self._source.open()
        self._opening = False
        now_ns = self._monotonic_ns()
        for kind, track in self._tracks.items():
            track.last_ns = now_ns
            if kind not in have:
                self._fail(kind, _missing_track(kind))
        while not self._stopping.is_set():
            item = self._source.read(_READ_S)
            self.loops += 1
            now_ns = self._monotonic_ns()
            if item is not None:
                self._take(item, now_ns)
            self._look_for_silence(have, now_ns)

    def _take(self, item: Captured, now_ns: int) -> None:
        if self._abandoned:
            return
        kind: TrackKind = "audio" if isinstance(item, AudioBlock) else "video"
        track = self._tracks.get(kind)
        if track is None:
            return
        track.last_ns, track.delivered = now_ns, True
        if track.state is None or track.state.state != "ok":
            self._say(kind, SourceState(self._names[kind], kind, "ok", self._wall_ns()))
        self._deliver(replace(item, source=self._names[kind]))

    def _look_for_silence(self, have: frozenset[TrackKind], now_ns: int) -> None:
        silent = [k for k, track in self._tracks.items() if k in have and now_ns - track.last_ns > SILENT_S * 1e9]
        if len(silent) == len(have & self._tracks.keys()) and silent:
            raise _silent(silent[0])
        for kind in silent:
            self._fail(kind, _silent(kind))

    def _fail_all(self, error: SourceError) -> None:
        for kind in self._tracks:
            self._fail(kind, error)

    def _fail(self, kind: TrackKind, error: SourceError) -> None:
        track = self._tracks[kind]
        state = SourceState(
            name=self._names[kind],
            kind=kind,
            state="lost" if track.delivered else "absent",
            since_wall_ns=self._wall_ns(),
            code=error.code,
            message=error.message,
            message_en=error.message_en,
        )
        known = track.state
        if known is None or (known.state, known.code) != (state.state, state.code):
            self._say(kind, state)

    def _say(self, kind: TrackKind, state: SourceState) -> None:
        if self._abandoned:
            return
        self._tracks[kind].state = state
        LOG.info("source %s is %s %s", state.name, state.state, state.code)
        self._report(state)


def _silent(kind: TrackKind) -> SourceLost:
    if kind == "video":
        return SourceLost(
            "camera-silent",
            "摄像头不再送来画面，录音照常进行，正在自动重连。请检查摄像头的电源和连线",
            "The camera stopped sending pictures; sound goes on being recorded and the camera is tried again. "
            "Check its power and cable",
        )
    return SourceLost(
        "microphone-silent",
        "麦克风不再送来声音，画面照常录制，正在自动重连。请检查麦克风的连线",
        "The microphone stopped sending sound; the picture goes on being recorded and the microphone is tried again. "
        "Check its cable",
    )


def _stuck() -> SourceLost:
    return SourceLost(
        "source-stuck",
        "设备驱动没有回应，另一路照常录制，正在重新打开该设备。若长时间如此，请拔下设备重新插上",
        "The device's driver does not answer; the other track goes on being recorded and the device is opened anew. "
        "If it lasts, unplug the device and plug it in again",
    )


def _missing_track(kind: TrackKind) -> SourceUnavailable:
    if kind == "video":
        return SourceUnavailable(
            "no-picture", "该音视频源没有画面，只录制声音", "This source has no picture; sound alone is recorded"
        )
    return SourceUnavailable(
        "no-sound", "该音视频源没有声音，只录制画面", "This source has no sound; the picture alone is recorded"
    )


def _unknown_fault(error: Exception) -> SourceLost:
    return SourceLost(
        "source-failed",
        "音视频源出错，另一路照常录制，正在自动重连",
        f"The source failed ({type(error).__name__}); the other track goes on and it is tried again",
    )
