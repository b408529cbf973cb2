"""What a running recorder holds over time: its memory and its open files. Looks every few seconds, from /proc."""

from __future__ import annotations

import contextlib
import os
import statistics
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from bench.process_meter import memory_mb


@dataclass
class Vitals:
    """One sample each `every_s`: seconds since the start, MB, descriptors."""

    samples: list[tuple[float, float, int]] = field(default_factory=list)

    def growth(self, warm_s: float) -> tuple[float, int]:
        """Per cent of memory, number of descriptors: the last sixth of the time against the first one after warm-up."""
        warm = [sample for sample in self.samples if sample[0] >= warm_s]
        part = max(1, len(warm) // 6)
        before, after = warm[:part], warm[-part:]
        memory = [statistics.median(mb for _, mb, _ in some) for some in (before, after)]
        descriptors = [min(count for _, _, count in some) for some in (before, after)]
        return round((memory[1] - memory[0]) / memory[0] * 100, 2), descriptors[1] - descriptors[0]


@contextlib.contextmanager
def watched(pid: int, every_s: float) -> Iterator[Vitals]:
    vitals, done, begun = Vitals(), threading.Event(), time.monotonic()

    def look() -> None:
        while not done.wait(every_s):
            with contextlib.suppress(OSError):
                now_s = time.monotonic() - begun
                vitals.samples.append((now_s, memory_mb(pid), len(os.listdir(f"/proc/{pid}/fd"))))

    thread = threading.Thread(target=look, name="vitals")
    thread.start()
    try:
        yield vitals
    finally:
        done.set()
        thread.join()
