"""A few megabytes kept so that they can be given up: on a disk that is full to its last block, deleting must be written
down first, and that takes space. Owns one file of no content.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from storage.disk import sync_directory

LARGEST_BYTES = 4 << 20
SHARE = 10  # of the reserve: the tenth part at most


class Ballast:
    """One thread's."""

    def __init__(self, spool: Path) -> None:
        self._path = spool / "ballast"

    def keep(self, reserve_bytes: int) -> None:
        """Have it, where there is space for it. Never raises for a disk that has none."""
        size = min(LARGEST_BYTES, reserve_bytes // SHARE)
        if size == 0 or self._path.exists():
            return
        with contextlib.suppress(OSError):
            descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            try:
                os.posix_fallocate(descriptor, 0, size)
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

    def give_up(self) -> bool:
        """Whether there was any. Raises OSError."""
        if not self._path.exists():
            return False
        self._path.unlink()
        sync_directory(self._path.parent)
        return True
