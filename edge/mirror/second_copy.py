"""The second copy as the recorder holds it: writer, keeper and restorer put together, and what the status says of it.

While the first copy can be written nothing rests on this one; when it can't, this one is what goes on.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path

import structlog

from edge.mirror.copy_keeper import CopyKeeper
from edge.mirror.mirror_writer import MirrorWriter
from edge.mirror.place import MirrorPlace
from edge.mirror.restorer import FirstCopy, Restorer
from edge.pipeline.observation import HeardSound, SeenPicture
from edge.recorder.attendant import Problem, Report
from storage.manifest import ClockState, Moment

log = structlog.get_logger("mirror")
PROBE_S = 5.0


class SecondCopy:
    """An attendant too: it looks at nothing, but says in the status how the second disk is."""

    def __init__(
        self,
        directory: Path,
        device: str,
        first: FirstCopy,
        clock: Callable[[], ClockState],
        recipients: list[str],
        key: bytes,
    ) -> None:
        """`key`: by which the room knows its own copy again."""
        place = MirrorPlace(directory, first.spool, device)
        self.writer = MirrorWriter(place, CopyKeeper(first.session_at, clock, recipients, key))
        self.restorer = Restorer(first, place.root, key, lambda: self.writer.open_name)
        self._first = first
        self._first_failed = threading.Event()
        self._stopping = threading.Event()

    def start(self) -> None:
        self.writer.start()
        self.restorer.start()

    def stop(self, timeout_s: float) -> None:
        self._stopping.set()
        self.restorer.stop(timeout_s)
        self.writer.stop(timeout_s)

    @property
    def is_well(self) -> bool:
        """Whether footage reaches the second disk now."""
        return self.writer.state.state == "ok" and self.writer.written is not None

    def carry_on(self, again: Callable[[], None]) -> None:
        """The first copy failed. This one goes on alone; `again` is called once the first disk can be written.

        What it holds by then is brought into the spool after the restart that `again` stands for.
        """
        if self._first_failed.is_set():
            return
        self._first_failed.set()
        log.error("first-copy-failed", going_on="with the second copy alone")
        threading.Thread(target=self._wait_for_first, args=(again,), name="first-copy", daemon=True).start()

    def _wait_for_first(self, again: Callable[[], None]) -> None:
        while not self._stopping.wait(PROBE_S):
            if can_be_written(self._first.spool):
                log.warning("first-copy-back")
                again()
                return

    def see(self, picture: SeenPicture) -> None:
        """Nothing to look at."""

    def hear(self, sound: HeardSound) -> None:
        """Nothing to listen to."""

    def tick(self, now: Moment) -> None:
        """Nothing to do: its threads turn by themselves."""

    def report(self) -> Report:
        state = self.writer.state
        fields = {
            "state": state.state,
            "free_bytes": state.free_bytes,
            "message": state.message,
            "message_en": state.message_en,
        }
        problems = [] if state.state == "ok" else [Problem(f"mirror-{state.state}", degrading=False)]
        if self._first_failed.is_set():
            problems.insert(0, Problem("spool-failed"))
        return Report(tuple(problems), {"mirror": fields})


def can_be_written(spool: Path) -> bool:
    """Whether the spool is there and a file can be made, synced and removed in it. Waits for the disk.

    The index is not asked: its open file may belong to a disk that is gone for good, though it was plugged in again.
    """
    probe = spool / ".probe"
    try:
        (spool / "index.sqlite").stat()
        with probe.open("wb") as file:
            file.write(b"1")
            os.fsync(file.fileno())
        probe.unlink()
    except OSError:
        return False
    return True
