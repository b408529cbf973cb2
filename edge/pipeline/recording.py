"""The recording pipeline: sources in, segments and live packets out. Starts and stops threads; touches no disk.

    source threads ─► Inbox (bounded) ─► one thread: timeline, overlay, encoder, muxer ─► RecordingSink, live taps

Nothing here waits for the sink: its calls return at once by contract.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from config.room import RoomConfiguration
from edge.encode.encoder_choice import EncoderChoice
from edge.encode.video_encoder import EncoderFailed
from edge.pipeline.beginning import Beginning
from edge.pipeline.bends import Bends
from edge.pipeline.clock import Clock
from edge.pipeline.inbox import ArrangementWanted, CutWanted, Inbox, Item, KeyWanted, RenewWanted
from edge.pipeline.levels import FLOOR_DBFS
from edge.pipeline.observation import Observation
from edge.pipeline.preview import preview_of
from edge.pipeline.run import LiveTaps, configured_sources
from edge.pipeline.runs import RecordingMeans, Runs
from edge.pipeline.sources import Sources
from edge.process.thread_names import show_name
from edge.process.watchdog import Loop
from edge.segment.sink import RecordingSink
from storage.manifest import GapCause, SourceName
from streaming.packet import Packet, PcmBlock

LOG = logging.getLogger("shilu.pipeline")
START_PATIENCE_NS = 1_200_000_000  # how long the first run waits for its sources and for a word about the encoder
_TICK_S = 0.05
_RETRY_NS = 1_000_000_000
TURN_NS = 1_500_000_000  # one picture or block through timeline, encoder and muxer; an encoder that hangs takes longer
BEGINNING_NS = 15_000_000_000  # until a run has proved itself: an encoder is opened, fonts come from a cold disk
PROVEN_PICTURES = 10


class RecordingPipeline:
    """`start` once, `stop` once. Every other call may come from any thread and returns at once.

    `clock_is_set` is asked about once a second and answers at once; `encoders` lives as long as the process.
    """

    def __init__(
        self,
        configuration: RoomConfiguration,
        sink: RecordingSink,
        on_packet: Callable[[Packet], None] = lambda _packet: None,
        on_sound: Callable[[PcmBlock], None] = lambda _block: None,
        clock: Clock | None = None,
        observe: Callable[[Observation], None] = lambda _observation: None,
        clock_is_set: Callable[[], bool] = lambda: True,
        encoders: EncoderChoice | None = None,
    ) -> None:
        self._clock = clock or Clock()
        self._encoders = encoders or EncoderChoice()
        self._inbox = Inbox()
        self._beginning = Beginning(configured_sources(configuration))
        self._bends = Bends()
        means = RecordingMeans(self._encoders, clock_is_set)
        self._runs = Runs(configuration, sink, LiveTaps(on_packet, on_sound), self._clock, means)
        self._begin_after_ns = 0
        self._not_before_ns = 0
        self.loops = 0
        self._ending = False
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="pipeline", daemon=True)
        self._sources = Sources(configuration, self._inbox.put, observe, sink.source_state, self._clock)

    def start(self) -> None:
        self._begin_after_ns = self._clock.monotonic_ns() + START_PATIENCE_NS
        self._encoders.prepare(self._runs.configuration.picture)
        self._runs.arrange(None)
        self._thread.start()
        self._sources.start()

    def stop(self, timeout_s: float = 5.0) -> bool:
        """Close the sources, encode what waits, end the run in order. False: it is stuck, nothing may follow."""
        self._ending = True
        self._sources.stop()
        self._stopping.set()
        self._thread.join(timeout_s)
        self._runs.close()
        return not self._thread.is_alive()

    def request_key_frame(self) -> None:
        """A viewer wants one; at most one a second is made. A copied camera makes its own."""
        self._inbox.put(KeyWanted())

    def cut(self, session_label: str | None) -> None:
        """A session opens (with the short label that stands on the picture) or closes (None): a new segment at once."""
        self._inbox.put(CutWanted(session_label or ""))

    def renew(self) -> None:
        """End the run and begin another one, with another encoder."""
        self._inbox.put(RenewWanted())

    def arrange(self, configuration: RoomConfiguration) -> None:
        """Boxes, names and sensor as `configuration` says from the next picture on; the run goes on."""
        self._inbox.put(ArrangementWanted(configuration))

    def watched_loops(self) -> list[Loop]:
        """All its threads, for the watchdog: one that stands still is stuck. None while it ends."""
        if self._ending:
            return []
        run = self._runs.current
        proven = run is not None and run.picture.frames >= PROVEN_PICTURES
        limit_ns = TURN_NS if proven else BEGINNING_NS
        return [Loop("pipeline", id(self), self.loops, limit_ns), *self._sources.loops()]

    def replace_source(self, loop: str) -> None:
        """A source's thread is held fast by its driver: another one opens the device anew beside it."""
        self._sources.replace(loop)

    @property
    def clock_bends(self) -> dict[SourceName, int]:
        """How often each source's own clock ran backwards."""
        return self._bends.counts.copy()

    @property
    def run(self) -> str | None:
        """Id of the run that is being recorded."""
        run = self._runs.current
        return None if run is None else run.run

    @property
    def levels_dbfs(self) -> list[float]:
        run = self._runs.current
        return [FLOOR_DBFS] if run is None else list(run.sound.levels_dbfs)

    @property
    def frames(self) -> int:
        return self._runs.frames

    @property
    def frames_lost(self) -> int:
        return self._runs.frames_lost

    @property
    def frames_refused(self) -> int:
        """Of `frames_lost`: those that found the encoder behind."""
        return self._inbox.refused

    @property
    def encoder(self) -> str:
        run = self._runs.current
        return "" if run is None else run.picture.encoder_name

    def preview_jpeg(self, max_width: int = 640) -> bytes | None:
        """The latest picture as it is recorded, or None before there is one."""
        run = self._runs.current
        latest = None if run is None else run.picture.latest
        return None if latest is None else preview_of(latest, max_width)

    def _loop(self) -> None:
        show_name()
        while not self._stopping.is_set():
            self._guarded(lambda: self._step(self._inbox.take(_TICK_S)))
            self.loops += 1
        self._guarded(lambda: self._step(self._inbox.take(0)))
        self._guarded(lambda: self._runs.end(None))

    def _guarded(self, step: Callable[[], None]) -> None:
        """The one place where a fault of this thread is handled: the run ends, another one begins."""
        try:
            step()
        except Exception as error:
            LOG.exception("encoding failed; a new run begins")
            if isinstance(error, EncoderFailed):
                self._encoders.give_up(error.name)
            self._not_before_ns = self._clock.monotonic_ns() + _RETRY_NS
            try:
                self._runs.end(GapCause.ENCODER_FAILED)
            except Exception:
                LOG.exception("the failed run could not be ended in order")

    def _step(self, items: list[Item]) -> None:
        for item in items:
            self._obey(item)
            self.loops += 1  # much that waits is no stuck thread
        now_ns, run = self._clock.monotonic_ns(), self._runs.current
        if run is None:
            self._begin_when_ready(now_ns)
            return
        for mono_ns in self._inbox.take_refused():
            run.picture.refuse(mono_ns)
        picture, sound_waits = not self._inbox.pictures_wait, self._inbox.sound_waits  # what waits is late, not missing
        self._runs.keep_going(run, now_ns, self._sources.lost, picture, sound_waits)

    def _obey(self, item: Item) -> None:
        run = self._runs.current
        if isinstance(item, CutWanted):
            self._runs.cut(item.label)
        elif isinstance(item, KeyWanted):
            if run is not None:
                run.picture.ask_key()
        elif isinstance(item, RenewWanted):
            self._runs.renew()
        elif isinstance(item, ArrangementWanted):
            self._runs.arrange(item.configuration)
        else:
            self._bends.look(item.source, item.mono_ns)
            if run is None:
                self._beginning.add(item)
            else:
                self._runs.feed(run, item)

    def _begin_when_ready(self, now_ns: int) -> None:
        if now_ns < self._not_before_ns:
            self._beginning.clear()
            return
        complete = self._beginning.is_complete and self._encoders.is_settled(self._runs.configuration.picture)
        if complete or now_ns >= self._begin_after_ns:
            self._runs.begin(self._beginning.take(now_ns))
