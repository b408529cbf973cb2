"""An ext4 disk in a file that can be copied in an instant, as a power cut would leave it.

The file lies on an XFS that shares blocks between files: a copy takes one lock, so it holds what the disk had been
given at one moment and nothing later, in whatever state a sync under way was. What only the kernel's cache of ext4
knew is not in it. Not modelled: a drive that loses or reorders what it said was flushed.
Must run as root in a mount namespace of its own, which takes every mount away when the process ends, however it ends.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

OUTER_BYTES = 6 * 1024**3  # sparse
INNER_BYTES = 1024**3


@dataclass(frozen=True)
class Disk:
    """`room` is the mounted disk; `image` the file under it; copies lie in `shelf`."""

    room: Path
    image: Path
    shelf: Path

    def cut(self, name: str) -> tuple[Path, int]:
        """A copy of this moment, and the wall clock right after it: what is lost is never counted too small."""
        copy = self.shelf / name
        subprocess.run(["cp", "--reflink=always", str(self.image), str(copy)], check=True)
        return copy, time.time_ns()


@contextmanager
def cuttable_disk(place: Path) -> Iterator[Disk]:
    outer, shelf, room = place / "outer.img", place / "shelf", place / "r"
    _sparse(outer, OUTER_BYTES)
    _run("mkfs.xfs", "-q", "-m", "reflink=1", str(outer))
    with mounted(outer, shelf):
        image = shelf / "room.img"
        _sparse(image, INNER_BYTES)
        _run("mkfs.ext4", "-q", "-F", str(image))
        with mounted(image, room):
            yield Disk(room, image, shelf)


@contextmanager
def mounted(image: Path, at: Path) -> Iterator[Path]:
    """Mounting replays the file system's journal, as the start after a power cut does."""
    at.mkdir()
    _run("mount", "-o", "loop", str(image), str(at))
    try:
        yield at
    finally:
        _run("umount", "--lazy", str(at))
        at.rmdir()


def _sparse(file: Path, size: int) -> None:
    with file.open("wb") as out:
        out.truncate(size)


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)
