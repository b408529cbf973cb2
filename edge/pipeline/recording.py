"""The recording pipeline: sources in, segments and live packets out. Starts and stops threads; touches no disk.

    source threads ─► Inbox (bounded) ─► one thread: timeline, overlay, encoder, muxer ─► RecordingSink, live taps

Nothing here waits for the sink: its calls return at once by contract.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from config.room import RoomConfiguration
from edge.capture.frame import AudioBlock, CopiedPacket, VideoFrame
from edge.capture.opening import plan_sources
from edge.capture.supervisor import SourceThread
from edge.pipeline.clock import Clock
from edge.pipeline.inbox import CutWanted, Inbox, Item, KeyWanted
from edge.pipeline.levels import FLOOR_DBFS
from edge.pipeline.observation import Observation, Tap
from edge.pipeline.preview import preview_of
from edge.pipeline.run import LiveTaps, Run, RunPlan, configured_channels, configured_microphones
from edge.segment.sink import RecordingSink, SourceState
from storage.manifest import GapCause, SourceName
from streaming.packet import Packet, PcmBlock

LOG = logging.getLogger("shilu.pipeline")
START_PATIENCE_NS = 1_200_000_000  # how long the first run waits for a camera and a microphone
_TICK_S = 0.05
_RETRY_NS = 1_000_000_000


class RecordingPipeline:
    """`start` once, `stop` once. Every other call may come from any thread and returns at once."""

    def __init__(
        self,
        configuration: RoomConfiguration,
        sink: RecordingSink,
        on_packet: Callable[[Packet], None] = lambda _packet: None,
        on_sound: Callable[[PcmBlock], None] = lambda _block: None,
        clock: Clock | None = None,
        observe: Callable[[Observation], None] = lambda _observation: None,
    ) -> None:
        self._configuration = configuration
        self._sink = sink
        self._taps = LiveTaps(on_packet, on_sound)
        self._clock = clock or Clock()
        self._inbox = Inbox()
        self._microphones = configured_microphones(configuration)
        self._waiting: list[VideoFrame | AudioBlock | CopiedPacket] = []
        self._run: Run | None = None
        self._label = ""
        self._heard: frozenset[SourceName] = frozenset()
        self._channels: int | None = None
        self._camera_lost = False
        self._ended_frames = 0
        self._ended_lost = 0
        self._begin_after_ns = 0
        self._not_before_ns = 0
        self.loops = 0
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="pipeline", daemon=True)
        self._sources = [
            SourceThread(
                planned.source, planned.names, Tap(self._inbox.put, observe), self._source_state,
                self._clock.monotonic_ns, self._clock.wall_ns,
            )
            for planned in plan_sources(configuration)
        ]  # fmt: skip

    def start(self) -> None:
        self._begin_after_ns = self._clock.monotonic_ns() + START_PATIENCE_NS
        self._thread.start()
        for source in self._sources:
            source.start()

    def stop(self, timeout_s: float = 5.0) -> None:
        """Close the sources, encode what waits, end the run in order."""
        for source in self._sources:
            source.ask_to_stop()
        for source in self._sources:
            source.join(1.0)
        self._stopping.set()
        self._thread.join(timeout_s)

    def request_key_frame(self) -> None:
        """A viewer wants one; at most one a second is made. A copied camera makes its own."""
        self._inbox.put(KeyWanted())

    def cut(self, session_label: str | None) -> None:
        """A session opens (with the short label that stands on the picture) or closes (None): a new segment at once."""
        self._inbox.put(CutWanted(session_label or ""))

    @property
    def loop_turns(self) -> dict[str, int]:
        """How often each loop turned: a number that stands still is a thread that is stuck, whatever it records."""
        turns = {source.name: source.loops for source in self._sources}
        return {"pipeline": self.loops, **turns}

    @property
    def run(self) -> str | None:
        """Id of the run that is being recorded."""
        run = self._run
        return None if run is None else run.run

    @property
    def levels_dbfs(self) -> list[float]:
        run = self._run
        return [FLOOR_DBFS] if run is None else list(run.sound.levels_dbfs)

    @property
    def frames(self) -> int:
        run = self._run
        return self._ended_frames + (0 if run is None else run.picture.frames)

    @property
    def frames_lost(self) -> int:
        run = self._run
        return self._ended_lost + (0 if run is None else run.picture.frames_lost)

    @property
    def encoder(self) -> str:
        run = self._run
        return "" if run is None else run.picture.encoder_name

    def preview_jpeg(self, max_width: int = 640) -> bytes | None:
        """The latest picture as it is recorded, or None before there is one."""
        run = self._run
        latest = None if run is None else run.picture.latest
        return None if latest is None else preview_of(latest, max_width)

    def _source_state(self, state: SourceState) -> None:
        if state.name == "camera":
            self._camera_lost = state.state != "ok"
        self._sink.source_state(state)

    def _loop(self) -> None:
        while not self._stopping.is_set():
            self._guarded(lambda: self._step(self._inbox.take(_TICK_S)))
            self.loops += 1
        self._guarded(lambda: self._step(self._inbox.take(0)))
        self._guarded(lambda: self._end_run(None))

    def _guarded(self, step: Callable[[], None]) -> None:
        """The one place where a fault of this thread is handled: the run ends, another one begins."""
        try:
            step()
        except Exception:
            LOG.exception("encoding failed; a new run begins")
            self._not_before_ns = self._clock.monotonic_ns() + _RETRY_NS
            try:
                self._end_run(GapCause.ENCODER_FAILED)
            except Exception:
                LOG.exception("the failed run could not be ended in order")

    def _step(self, items: list[Item]) -> None:
        for item in items:
            self._obey(item)
        now_ns = self._clock.monotonic_ns()
        if self._run is None:
            self._begin_when_ready(now_ns)
            return
        for mono_ns in self._inbox.take_refused():
            self._run.picture.refuse(mono_ns)
        self._keep_going(self._run, now_ns)

    def _obey(self, item: Item) -> None:
        run = self._run
        if isinstance(item, CutWanted):
            self._label = item.label
            if run is not None:
                run.picture.ask_cut(item.label)
        elif isinstance(item, KeyWanted):
            if run is not None:
                run.picture.ask_key()
        elif run is None:
            self._waiting.append(item)
        else:
            self._feed(run, item)

    def _feed(self, run: Run, item: VideoFrame | AudioBlock | CopiedPacket) -> None:
        if isinstance(item, CopiedPacket) and run.copied != (item.width, item.height):
            if not item.key:
                return  # nothing can begin with it
            self._end_run(GapCause.FORMAT_CHANGED)
            run = self._begin_run(item.mono_ns, (item.width, item.height))
        elif run.picture.stood_still(item.mono_ns):  # the whole machine slept: not to be filled second by second
            self._end_run(GapCause.ENCODER_FAILED)
            run = self._begin_run(item.mono_ns, run.copied)
        run.add(item)

    def _keep_going(self, run: Run, now_ns: int) -> None:
        picture, sound_waits = not self._inbox.pictures_wait, self._inbox.sound_waits  # what waits is late, not missing
        if picture and run.picture.stood_still(now_ns):
            self._end_run(GapCause.ENCODER_FAILED)
            run = self._begin_run(now_ns, None)
        elif picture and run.copied is not None and run.picture.starved(now_ns, self._camera_lost):
            self._end_run(GapCause.CAMERA_LOST)
            run = self._begin_run(now_ns, None)
        run.fill(now_ns, self._camera_lost, picture, sound_waits)

    def _begin_when_ready(self, now_ns: int) -> None:
        if now_ns < self._not_before_ns:
            self._waiting = []
            return
        pictures = [item for item in self._waiting if _can_begin(item)]
        blocks = [item for item in self._waiting if isinstance(item, AudioBlock)]
        complete = bool(pictures) and self._microphones <= {block.source for block in blocks}
        if not complete and now_ns < self._begin_after_ns:
            return
        first = next(iter([*pictures, *blocks]), None)
        copied = (first.width, first.height) if isinstance(first, CopiedPacket) else None
        waiting, self._waiting = self._waiting, []
        channels = blocks[0].samples.shape[1] if blocks and len(self._microphones) < 2 else None
        run = self._begin_run(now_ns if first is None else first.mono_ns, copied, channels)
        for item in waiting:
            self._feed(run, item)

    def _begin_run(self, first_mono_ns: int, copied: tuple[int, int] | None, channels: int | None = None) -> Run:
        channels = channels or self._channels or configured_channels(self._configuration)
        self._channels = channels
        plan = RunPlan(first_mono_ns, min(channels, 2), self._heard, copied)
        run = Run(self._configuration, plan, self._sink, self._taps, self._clock)
        run.picture.label = self._label
        self._run = run
        return run

    def _end_run(self, cause: GapCause | None) -> None:
        run, self._run = self._run, None
        if run is None:
            return
        self._heard = run.sound.heard
        self._ended_frames += run.picture.frames
        self._ended_lost += run.picture.frames_lost
        run.end(cause)


def _can_begin(item: VideoFrame | AudioBlock | CopiedPacket) -> bool:
    return isinstance(item, VideoFrame) or (isinstance(item, CopiedPacket) and item.key)
