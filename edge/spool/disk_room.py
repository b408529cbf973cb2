"""Keeps the disk's reserve free: lets go what the archive has receipted, then what is past its time and never belonged
to a session, and says when that is not enough."""

from __future__ import annotations

import errno
import os
import sqlite3
import time
from dataclasses import dataclass
from pathlib import Path

import structlog

from edge.spool.ballast import Ballast
from edge.spool.expiring import Expiring
from edge.spool.index import SpoolIndex
from edge.spool.pruning import prune
from edge.spool.retention import choose
from storage.sealing import SealingError
from storage.signing import PublicKey

log = structlog.get_logger("spool")
LONGEST_NS = 2_000_000_000  # spent on making room before footage has its turn
ROOMY_SHARE, ROOMY_BYTES = 10, 64 << 20  # free: a tenth, and more than the least reserve with its margin
AT_ONCE = 64  # files let go in one go, so that the spool's thread is back with the footage soon
RESUME_MARGIN_BYTES = 8 << 20  # one segment more than the reserve, so that recording does not stop and go


@dataclass(frozen=True, slots=True)
class RoomLimits:
    """`reserve_bytes` stay free; `keep_ns` is how long receipted footage stays for the officers' convenience.

    `keep_unarchived_ns`: after it, and only on a full disk, footage goes that no session ever needed and no archive
    has. None: never.
    """

    reserve_bytes: int
    keep_ns: int
    keep_unarchived_ns: int | None = None


class DiskRoom:
    """One thread's. `limits` may be replaced at any time by a new configuration."""

    def __init__(
        self,
        spool: Path,
        index: SpoolIndex,
        centre: PublicKey,
        limits: RoomLimits,
        expiring: Expiring | None = None,
    ) -> None:
        self._spool, self._index, self._centre, self._expiring = spool, index, centre, expiring
        self._ballast = Ballast(spool)
        self.limits = limits

    def make(self, *, resuming: bool = False) -> bool:
        """Prune what may go. Whether the reserve (and some more, to resume a halted recording) is free now."""
        wanted = self.limits.reserve_bytes + (RESUME_MARGIN_BYTES if resuming else 0)
        try:
            made = self._make(wanted)
        except Exception as error:
            if not is_out_of_room(error) or not self._ballast.give_up():
                raise
            log.warning("ballast-given-up", going_on="what may go is let go with it")
            made = self._make(wanted)
        if made:
            self._ballast.keep(self.limits.reserve_bytes)
        return made

    def _make(self, wanted: int) -> bool:
        began_ns = time.monotonic_ns()
        self._let_go_receipted(wanted)
        while (missing := wanted - free_bytes(self._spool)) > 0:
            if not (self._let_go_receipted(wanted) or self._let_go_old(missing)):
                return False
            if time.monotonic_ns() - began_ns > LONGEST_NS:
                break
        return free_bytes(self._spool) >= wanted

    def _let_go_receipted(self, wanted: int) -> int:
        """Bytes freed: what is past its time, and the oldest while space is missing."""
        rows = self._index.receipted(AT_ONCE)
        missing = wanted - free_bytes(self._spool)
        known = self._expiring is None or self._expiring.watch_clock()
        chosen = choose(rows, time.time_ns() if known else None, self.limits.keep_ns, missing)
        return prune(self._spool, self._index, chosen, self._centre) if chosen else 0

    def _let_go_old(self, missing: int) -> int:
        """Only when nothing receipted is left that could go, and the disk is full indeed: no reserve, however large it
        was configured, makes it so while a tenth is free."""
        if self._expiring is None or self.limits.keep_unarchived_ns is None or _is_roomy(self._spool):
            return 0
        return self._expiring.let_go(missing, self.limits.keep_unarchived_ns)


def free_bytes(directory: Path) -> int:
    """What this user may still write on the disk that `directory` lies on."""
    state = os.statvfs(directory)
    return state.f_bavail * state.f_frsize


def _is_roomy(directory: Path) -> bool:
    state = os.statvfs(directory)
    return state.f_bavail * state.f_frsize > max(state.f_blocks * state.f_frsize // ROOMY_SHARE, ROOMY_BYTES)


def is_out_of_room(error: BaseException) -> bool:
    """Whether an error of the spool only means that the disk is full."""
    if isinstance(error, SealingError):
        return error.code == "disk-full"
    if isinstance(error, sqlite3.OperationalError):
        return "full" in str(error)
    return isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
