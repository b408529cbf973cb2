"""The thread that looks at all loops of a process and feeds the service manager's watchdog while every one turns.

It waits for nothing but the clock: no disk, no lock that another thread may hold for long. What to do about a stuck
loop is decided by whom it is told.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterable

from edge.process.service_manager import ALIVE, tell
from edge.process.watchdog import LOOK_NS, Loop, Watchdog

BEAT_S = 0.5


class LoopWatch:
    """`start` once, `stop` once. `on_stuck` and `failed` are called from its thread."""

    def __init__(
        self,
        loops: Callable[[], Iterable[Loop]],
        on_stuck: Callable[[Loop], None],
        failed: Callable[[BaseException], None],
    ) -> None:
        self._loops, self._on_stuck, self._failed = loops, on_stuck, failed
        self._watchdog = Watchdog()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name="watch", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()

    def _work(self) -> None:
        try:
            while not self._stopping.wait(LOOK_NS / 1e9):
                stuck = self._watchdog.look(self._loops(), time.monotonic_ns())
                for loop in stuck:
                    self._on_stuck(loop)
                if not stuck:
                    tell(ALIVE)
        except BaseException as error:  # noqa: BLE001 - nobody watches the watch: without it the process must not go on
            self._failed(error)


class Beat:
    """Counts the turns of an event loop."""

    def __init__(self) -> None:
        self.turns = 0

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            self.turns += 1
            await asyncio.sleep(BEAT_S)
