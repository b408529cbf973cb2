"""The sink of the second copy: a bounded queue and the one thread that waits for the second disk. Never fails others.

Drop rule: as for the spool, 30 s of media wait; beyond it whole fragments are dropped up to a key frame. A disk that
fails is left alone and tried again every five seconds; what comes meanwhile is let go.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import Literal

import structlog

from edge.mirror.copy_keeper import CopyKeeper
from edge.mirror.place import MirrorLost, MirrorPlace, lost
from edge.segment.sink import Fragment, RunStart, SourceState
from edge.spool.disk_room import free_bytes
from edge.spool.intake import Intake, RunEnd, SegmentEnd, SegmentStart, Skipped
from storage.errors import StorageError
from storage.manifest import AudioTrack, GapCause, Moment, SourceName, VideoTrack

log = structlog.get_logger("mirror")
TICK_S = 0.25
RETRY_NS = 5_000_000_000
BEHIND_90K = 5 * 90_000
STUCK_NS = 35_000_000_000  # longer than its queue: what comes is being dropped


@dataclass(frozen=True, slots=True)
class MirrorState:
    state: Literal["ok", "behind", "lost"]
    free_bytes: int | None = None
    message: str = ""
    message_en: str = ""


_NOT_YET = MirrorState("lost", None, "备份盘正在打开。", "The second disk is being opened.")
_STUCK = MirrorState(
    "lost",
    None,
    "备份盘长时间没有响应，录像照常写入主存储；请检查备份盘。",
    "The second disk does not answer; recording goes on with the first copy alone. Check that disk.",
)
_BEHIND = (
    "备份盘写入过慢，录像照常写入主存储。",
    "The second disk is slow; recording goes on with the first copy.",
)


class MirrorWriter:
    """A `RecordingSink`. `start` once, `stop` once."""

    def __init__(self, place: MirrorPlace, keeper: CopyKeeper) -> None:
        self._place, self._keeper = place, keeper
        self._intake = Intake()
        self._state = _NOT_YET
        self._attached = False
        self._try_mono_ns = 0
        self._turned_mono_ns = time.monotonic_ns()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name="mirror", daemon=True)

    @property
    def state(self) -> MirrorState:
        """From any thread, at once."""
        if time.monotonic_ns() - self._turned_mono_ns > STUCK_NS:
            return _STUCK
        if self._state.state == "ok" and self._intake.queued_90k > BEHIND_90K:
            return MirrorState("behind", self._state.free_bytes, *_BEHIND)
        return self._state

    @property
    def written(self) -> Moment | None:
        return self._keeper.written

    @property
    def open_name(self) -> str | None:
        """`run/sequence` of the segment that is being written."""
        return self._keeper.open_name

    def seal_to(self, recipients: list[str]) -> None:
        self._keeper.recipients = recipients

    def start(self) -> None:
        self._thread.start()

    def stop(self, timeout_s: float) -> None:
        """What waits is written out, unless the disk does not answer in time."""
        self._stopping.set()
        self._thread.join(timeout_s)

    def run_started(self, run: RunStart) -> None:
        self._intake.put(run)

    def segment_started(self, sequence: int) -> None:
        self._intake.put(SegmentStart())

    def fragment(self, fragment: Fragment) -> None:
        self._intake.put(fragment)

    def segment_ended(self, tracks: tuple[VideoTrack | AudioTrack, ...]) -> None:
        self._intake.put(SegmentEnd(tracks))

    def run_ended(self, cause: GapCause | None) -> None:
        self._intake.put(RunEnd(cause))

    def gap(
        self,
        track: Literal["video", "audio"],
        start: Moment,
        end: Moment,
        cause: GapCause,
        source: SourceName | None = None,
    ) -> None:
        """The chain's alone."""

    def skipped(self, start_pts_90k: int, end_pts_90k: int, cause: GapCause) -> None:
        self._intake.put(Skipped(start_pts_90k, end_pts_90k, cause))

    def source_state(self, state: SourceState) -> None:
        """The first copy's writer passes it on."""

    def _work(self) -> None:
        while True:
            item = self._intake.take(TICK_S)
            self._turned_mono_ns = time.monotonic_ns()
            if item is None and self._stopping.is_set():
                break
            try:
                self._attach_when_due()
                if item is not None:
                    self._keeper.take(item)
                self._keeper.tick()
            except (OSError, StorageError, MirrorLost) as error:
                self._let_go(error)
        self._keeper.detach()

    def _attach_when_due(self) -> None:
        now_ns = time.monotonic_ns()
        if now_ns < self._try_mono_ns:
            return
        self._try_mono_ns = now_ns + RETRY_NS
        root = self._place.open()
        if not self._attached:
            self._keeper.attach(root)
            self._attached = True
            log.info("mirror-attached")
        self._state = MirrorState("ok", free_bytes(root))

    def _let_go(self, error: Exception) -> None:
        trouble = error if isinstance(error, MirrorLost) else lost(error)
        if self._attached or self._state.message_en != trouble.message_en:
            log.error(trouble.code, error=type(error.__cause__ or error).__name__)
        self._attached = False
        self._state = MirrorState("lost", None, trouble.message, trouble.message_en)
        self._try_mono_ns = time.monotonic_ns() + RETRY_NS
        self._keeper.detach()
