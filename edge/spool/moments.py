"""Instants of a run from its anchor, and of now. Media time decides inside a run: a wall step never bends it."""

from __future__ import annotations

import time
from pathlib import Path

from edge.timeline.video_clock import nanoseconds_of
from storage.manifest import Moment

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def moment_at(anchor: Moment, pts_90k: int) -> Moment:
    """Both clocks at `pts_90k` of the run whose pts 0 was at `anchor`."""
    elapsed_ns = nanoseconds_of(pts_90k)
    return Moment(wall_ns=anchor.wall_ns + elapsed_ns, mono_ns=anchor.mono_ns + elapsed_ns, pts_90k=pts_90k)


def present() -> Moment:
    """Now, on both clocks, read one right after the other."""
    return Moment(wall_ns=time.time_ns(), mono_ns=time.monotonic_ns())


def boot_id() -> str:
    """Names this boot of the PC: monotonic times compare only within one. `unknown` where the kernel tells none."""
    try:
        return _BOOT_ID.read_text(encoding="ascii").strip().replace("-", "")
    except (OSError, ValueError):
        return "unknown"
