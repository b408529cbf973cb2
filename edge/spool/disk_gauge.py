"""Measures the free space of one disk every two seconds in a thread of its own: a disk that hangs holds up only it."""

from __future__ import annotations

import threading
from pathlib import Path

import structlog

from edge.spool.disk_room import free_bytes

log = structlog.get_logger("spool")
EVERY_S = 2.0


class DiskGauge:
    """`free_bytes` as last measured; None before the first time. `start` once, `stop` once."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.free_bytes: int | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name="disk-gauge", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Waits for nothing: the disk may hang."""
        self._stopping.set()

    def _work(self) -> None:
        while not self._stopping.is_set():
            try:
                self.free_bytes = free_bytes(self._directory)
            except OSError as error:  # the last figure stands; the spool's thread meets the same disk and says so
                log.warning("disk-not-measured", error=type(error).__name__, errno=error.errno)
            self._stopping.wait(EVERY_S)
