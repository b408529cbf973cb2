"""The sources of one pipeline: their threads, and which of them say that they deliver nothing."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from config.room import RoomConfiguration
from edge.capture.frame import Captured
from edge.capture.opening import plan_sources
from edge.capture.supervisor import SourceThread
from edge.pipeline.clock import Clock
from edge.pipeline.observation import Observation, Tap
from edge.process.watchdog import Loop
from edge.segment.sink import SourceState
from storage.manifest import SourceName

LOG = logging.getLogger("shilu.pipeline")
MOST_HELD = 3


class Sources:
    """`start` once, `stop` once. `lost` may be read from any thread."""

    def __init__(
        self,
        configuration: RoomConfiguration,
        deliver: Callable[[Captured], None],
        observe: Callable[[Observation], None],
        report: Callable[[SourceState], None],
        clock: Clock,
    ) -> None:
        self._configuration, self._report = configuration, report
        planned_sources = plan_sources(configuration)
        self._lost = {name: False for planned in planned_sources for name in planned.names.values()}
        self._threads = [
            SourceThread(
                planned.source, planned.names, Tap(deliver, observe), self._take_state, clock.monotonic_ns,
                clock.wall_ns,
            )
            for planned in planned_sources
        ]  # fmt: skip
        self._held: list[SourceThread] = []
        self._changing = threading.Lock()
        self._stopped = False

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        with self._changing:
            self._stopped = True
        for thread in self._threads:
            thread.ask_to_stop()
        for thread in self._threads:
            thread.join(1.0)

    def loops(self) -> list[Loop]:
        """For the watchdog."""
        return [loop for thread in self._threads if (loop := thread.loop()) is not None]

    def replace(self, name: str) -> None:
        """Its driver holds that thread and will not let go: it is left behind, another one opens the device anew.

        MOST_HELD may be left behind; then the source stays lost until one of them comes back.
        """
        with self._changing:
            self._held = [thread for thread in self._held if thread.is_held]
            number = next((number for number, thread in enumerate(self._threads) if thread.name == name), None)
            if number is None or self._stopped or len(self._held) >= MOST_HELD:
                return
            LOG.error("%s is held by its driver; the device is opened anew", name)
            held = self._threads[number]
            self._threads[number] = held.replaced_by(plan_sources(self._configuration)[number].source)
            self._held.append(held)
            self._threads[number].start()

    @property
    def lost(self) -> frozenset[SourceName]:
        """Those whose thread has said so; one that was not heard of yet is not among them."""
        return frozenset(name for name, lost in self._lost.items() if lost)

    def _take_state(self, state: SourceState) -> None:
        self._lost[state.name] = state.state != "ok"
        self._report(state)
