"""How well the wall clock is known: asks the kernel through adjtimex(2), which needs no rights to read.

A unit with `ProtectClock` must allow that call. Without an answer the state is `unknown`, never assumed. What the time
services leave in the kernel differs:

- chrony writes its root distance as `maxerror`, 16 s while it is not synchronized; it clears the kernel's flag only
  with `rtcsync` in its configuration, and leaves `offset` alone, which therefore says nothing.
- systemd-timesyncd hands its corrections to the kernel (`offset`: what is still to be corrected), sets `maxerror` to
  nought and clears the flag; its file `synchronized` exists from the first time on. How far its server is from the
  truth it tells nobody: the uncertainty is counted from the last correction alone.

The kernel lets `maxerror` grow by half a millisecond a second, and sets the flag itself at 16 s or when somebody sets
the clock by hand. So a time service that has died shows as an uncertainty that grows.
"""

from __future__ import annotations

import ctypes
import os
from pathlib import Path
from typing import Literal

from storage.manifest import ClockState

_STA_UNSYNC = 0x0040
_STA_NANO = 0x2000
_TIME_ERROR = 5
_UNKNOWN_ERROR_US = 16_000_000
Source = Literal["chrony", "systemd-timesyncd", "kernel"]
# A unit's control group exists while it runs, and every user may look; chrony's own files are closed to others.
_GROUPS = (Path("/sys/fs/cgroup/system.slice"), Path("/sys/fs/cgroup/systemd/system.slice"))
_CHRONY = ("chrony.service", "chronyd.service")
_TIMESYNCD = ("systemd-timesyncd.service",)
_TIMESYNCD_SYNCED = Path("/run/systemd/timesync/synchronized")


class _Timex(ctypes.Structure):
    """struct timex as <sys/timex.h> has it; the kernel fills it."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("constant", ctypes.c_long),
        ("precision", ctypes.c_long),
        ("tolerance", ctypes.c_long),
        ("time_s", ctypes.c_long),
        ("time_us", ctypes.c_long),
        ("tick", ctypes.c_long),
        ("ppsfreq", ctypes.c_long),
        ("jitter", ctypes.c_long),
        ("shift", ctypes.c_int),
        ("stabil", ctypes.c_long),
        ("jitcnt", ctypes.c_long),
        ("calcnt", ctypes.c_long),
        ("errcnt", ctypes.c_long),
        ("stbcnt", ctypes.c_long),
        ("tai", ctypes.c_int),
        ("reserved", ctypes.c_int * 11),
    )


def read_clock_state() -> ClockState:
    """The kernel's view now. Never raises."""
    timex = _Timex()
    try:
        answer = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.byref(timex))
    except (OSError, AttributeError):
        return ClockState()
    if answer < 0:
        return ClockState()
    return describe(
        answer,
        timex.status,
        timex.offset,
        timex.maxerror,
        _source(),
        timesyncd_synced=os.path.exists(_TIMESYNCD_SYNCED),
    )


def describe(
    answer: int, status: int, offset: int, max_error_us: int, source: Source, *, timesyncd_synced: bool = True
) -> ClockState:
    """Pure: what adjtimex's numbers mean. `offset` is in nanoseconds or microseconds by a bit of `status`."""
    flagged = answer == _TIME_ERROR or bool(status & _STA_UNSYNC)
    if source == "chrony":
        return ClockState(
            source=source,
            synchronized=0 <= max_error_us < _UNKNOWN_ERROR_US,
            offset_ns=None,
            uncertainty_ns=max(0, max_error_us) * 1_000,
        )
    offset_ns = offset if status & _STA_NANO else offset * 1_000
    return ClockState(
        source=source,
        synchronized=not flagged and (source == "kernel" or timesyncd_synced),
        offset_ns=offset_ns,
        uncertainty_ns=max(0, max_error_us) * 1_000 + abs(offset_ns),
    )


def _source() -> Source:
    if _runs(_CHRONY):
        return "chrony"
    return "systemd-timesyncd" if _runs(_TIMESYNCD) else "kernel"


def _runs(units: tuple[str, ...]) -> bool:
    return any(os.path.isdir(group / unit) for group in _GROUPS for unit in units)
