"""Keeps the disk's reserve free: lets go what the archive has receipted, and says when that is not enough."""

from __future__ import annotations

import errno
import os
import sqlite3
import time
from dataclasses import dataclass
from pathlib import Path

from edge.spool.index import SpoolIndex
from edge.spool.pruning import prune
from edge.spool.retention import choose
from storage.sealing import SealingError
from storage.signing import PublicKey

AT_ONCE = 64  # files let go in one go, so that the spool's thread is back with the footage soon
RESUME_MARGIN_BYTES = 8 << 20  # one segment more than the reserve, so that recording does not stop and go


@dataclass(frozen=True, slots=True)
class RoomLimits:
    """`reserve_bytes` stay free; `keep_ns` is how long receipted footage stays for the officers' convenience."""

    reserve_bytes: int
    keep_ns: int


class DiskRoom:
    """One thread's. `limits` may be replaced at any time by a new configuration."""

    def __init__(self, spool: Path, index: SpoolIndex, centre: PublicKey, limits: RoomLimits) -> None:
        self._spool, self._index, self._centre = spool, index, centre
        self.limits = limits

    def make(self, *, resuming: bool = False) -> bool:
        """Prune what may go. Whether the reserve (and some more, to resume a halted recording) is free now."""
        wanted = self.limits.reserve_bytes + (RESUME_MARGIN_BYTES if resuming else 0)
        rows = self._index.receipted(AT_ONCE)
        missing = wanted - free_bytes(self._spool)
        if chosen := choose(rows, time.time_ns(), self.limits.keep_ns, missing):
            prune(self._spool, self._index, chosen, self._centre)
        return free_bytes(self._spool) >= wanted


def free_bytes(directory: Path) -> int:
    """What this user may still write on the disk that `directory` lies on."""
    state = os.statvfs(directory)
    return state.f_bavail * state.f_frsize


def is_out_of_room(error: BaseException) -> bool:
    """Whether an error of the spool only means that the disk is full."""
    if isinstance(error, SealingError):
        return error.code == "disk-full"
    if isinstance(error, sqlite3.OperationalError):
        return "full" in str(error)
    return isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
