"""What a running process costs: its CPU time and its memory, from /proc. Starts and stops nothing."""

from __future__ import annotations

import os
import re
from pathlib import Path

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int) -> float:
    """User and system time of all its threads so far."""
    return _used(Path(f"/proc/{pid}/stat"))


def thread_seconds(pid: int, name: str) -> float:
    """The same of those of its threads that show this name."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return sum(_used(task / "stat") for task in tasks if _text(task / "comm").strip() == name)


def memory_mb(pid: int, key: str = "VmRSS") -> float:
    """`VmRSS` now or `VmHWM` at its peak."""
    found = re.search(rf"{key}:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace"))
    return int(found.group(1)) / 1024 if found else 0.0


def _used(stat: Path) -> float:
    fields = _text(stat).rsplit(")", 1)[-1].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS_PER_S if len(fields) > 12 else 0.0


def _text(path: Path) -> str:
    """Empty when the thread has ended meanwhile."""
    try:
        return path.read_text(encoding="ascii", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return ""
