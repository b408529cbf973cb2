"""How well the wall clock is known: asks the kernel through adjtimex(2), which needs no rights to read.

A unit with `ProtectClock` must allow that call. Without an answer the state is `unknown`, never assumed.
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
_CHRONY = Path("/run/chrony/chronyd.pid")
_TIMESYNCD = Path("/run/systemd/timesync/synchronized")


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
    return describe(answer, timex.status, timex.offset, timex.esterror, _source())


def describe(
    answer: int, status: int, offset: int, error_us: int, source: Literal["chrony", "systemd-timesyncd", "kernel"]
) -> ClockState:
    """Pure: what adjtimex's numbers mean. `offset` is in nanoseconds or microseconds by a bit of `status`."""
    return ClockState(
        source=source,
        synchronized=answer != _TIME_ERROR and not status & _STA_UNSYNC,
        offset_ns=offset if status & _STA_NANO else offset * 1_000,
        uncertainty_ns=max(0, error_us) * 1_000,
    )


def _source() -> Literal["chrony", "systemd-timesyncd", "kernel"]:
    if os.path.exists(_CHRONY):
        return "chrony"
    return "systemd-timesyncd" if os.path.exists(_TIMESYNCD) else "kernel"
