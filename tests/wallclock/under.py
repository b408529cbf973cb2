"""Runs one of our programs under a wall clock that a file sets: `python -m tests.wallclock.under FILE MODULE ARGS…`.

The file holds {"ahead_ns", "synchronized"}. Monotonic time stays the machine's. Done in Python and not by libfaketime,
whose clock_nanosleep refuses what Python 3.11 sleeps with.
"""

from __future__ import annotations

import json
import runpy
import sys
import time
from pathlib import Path
from typing import Any

LOOK_AGAIN_NS = 20_000_000


class FileClock:
    """`time_ns` and `state` as the file says."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._true_ns = time.time_ns
        self._read_at_ns = -LOOK_AGAIN_NS
        self._said: dict[str, Any] = {}

    def time_ns(self) -> int:
        return self._true_ns() + int(self._look()["ahead_ns"])

    def time(self) -> float:
        return self.time_ns() / 1e9

    def synchronized(self) -> bool:
        return bool(self._look()["synchronized"])

    def _look(self) -> dict[str, Any]:
        now_ns = time.monotonic_ns()
        if now_ns - self._read_at_ns >= LOOK_AGAIN_NS:
            self._said, self._read_at_ns = json.loads(self._file.read_text()), now_ns
        return self._said


def main() -> None:
    clock = FileClock(Path(sys.argv[1]))
    time.time_ns, time.time = clock.time_ns, clock.time  # before anything of ours is imported
    from edge.recorder import clock as ours  # noqa: PLC0415
    from storage.manifest import ClockState  # noqa: PLC0415

    ours.read_clock_state = lambda: ClockState(
        source="kernel", synchronized=clock.synchronized(), offset_ns=0, uncertainty_ns=1_000_000
    )
    sys.argv = sys.argv[2:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
