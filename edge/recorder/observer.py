"""The thread in which attendants look and listen. Bounded: what finds its queue full is not looked at.

Nothing that records waits for it, and a fault in one attendant is logged and leaves the others at work.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence

import structlog

from edge.pipeline.observation import Observation, SeenPicture
from edge.process.thread_names import show_name
from edge.recorder.attendant import Attendant, Problem, Report
from storage.manifest import Moment

log = structlog.get_logger("recorder")
MOST_WAITING = 400  # four seconds of two microphones in blocks of 20 ms
TICK_NS = 1_000_000_000
_TAKE_S = 0.25


class Observer:
    """`observe` from any thread; `start` once, `stop` once."""

    def __init__(self, attendants: Sequence[Attendant], now: Callable[[], Moment]) -> None:
        self._attendants, self._now = tuple(attendants), now
        self._waiting: queue.Queue[Observation] = queue.Queue(MOST_WAITING)
        self._stopping = threading.Event()
        self._told: set[str] = set()
        self._next_tick_ns = 0
        self.loops = 0
        self.missed = 0
        self._thread = threading.Thread(target=self._work, name="observer", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, timeout_s: float = 1.0) -> None:
        self._stopping.set()
        self._thread.join(timeout_s)

    def observe(self, observation: Observation) -> None:
        try:
            self._waiting.put_nowait(observation)
        except queue.Full:
            self.missed += 1

    def reports(self) -> list[Report]:
        """What each attendant says now. One that fails says so itself: silence never counts as health."""
        return [self._asked(attendant) for attendant in self._attendants]

    def _asked(self, attendant: Attendant) -> Report:
        try:
            return attendant.report()
        except Exception as error:  # noqa: BLE001 - the status must be given whatever fails
            self._tell(attendant, error)
            return Report((Problem("attendant-failed"),))

    def _work(self) -> None:
        show_name()
        while not self._stopping.is_set():
            self.loops += 1
            try:
                observation = self._waiting.get(timeout=_TAKE_S)
            except queue.Empty:
                observation = None
            if observation is not None:
                self._show(observation)
            self._tick_when_due()

    def _show(self, observation: Observation) -> None:
        for attendant in self._attendants:
            if isinstance(observation, SeenPicture):
                self._guarded(attendant, lambda one=attendant: one.see(observation))  # type: ignore[misc]
            else:
                self._guarded(attendant, lambda one=attendant: one.hear(observation))  # type: ignore[misc]

    def _tick_when_due(self) -> None:
        now = self._now()
        if now.mono_ns < self._next_tick_ns:
            return
        self._next_tick_ns = now.mono_ns + TICK_NS
        for attendant in self._attendants:
            self._guarded(attendant, lambda one=attendant: one.tick(now))  # type: ignore[misc]

    def _guarded(self, attendant: Attendant, call: Callable[[], None]) -> None:
        try:
            call()
        except Exception as error:  # noqa: BLE001 - one attendant's fault must not blind the others
            self._tell(attendant, error)

    def _tell(self, attendant: Attendant, error: Exception) -> None:
        name = type(attendant).__name__
        if name not in self._told:
            self._told.add(name)
            log.error("attendant-failed", attendant=name, exc_info=error)
