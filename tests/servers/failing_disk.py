"""A real ext4 disk whose every access fails from one moment on, as when a drive dies or is pulled; and that comes back.

The kernel itself gives the errors (the file system is shut down), so nothing in the program is replaced. Root only.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import struct
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

_EXT4_IOC_SHUTDOWN = 0x8004587D
_WITHOUT_FLUSHING = 2


@dataclass(frozen=True)
class FailingDisk:
    """`place` is where it is mounted."""

    image: Path
    place: Path

    def fail(self) -> None:
        """From now on every read and write gives EIO."""
        descriptor = os.open(self.place, os.O_RDONLY)
        try:
            fcntl.ioctl(descriptor, _EXT4_IOC_SHUTDOWN, struct.pack("I", _WITHOUT_FLUSHING))
        finally:
            os.close(descriptor)

    def come_back(self) -> None:
        """Plugged in again: mounted anew at the same place, with what had been synced.

        From a copy: while a process holds files of the dead one, the kernel would give the same dead disk again.
        """
        again = self.image.with_name("again")
        shutil.copyfile(self.image, again)
        subprocess.run(["umount", "--lazy", str(self.place)], check=True)
        subprocess.run(["mount", "-o", "loop", str(again), str(self.place)], check=True)


@contextmanager
def failing_disk(megabytes: int) -> Iterator[FailingDisk]:
    holder = Path(tempfile.mkdtemp(prefix="shilu-failing-"))
    image, place = holder / "image", holder / "disk"
    place.mkdir()
    with image.open("wb") as file:
        file.truncate(megabytes << 20)
    subprocess.run(["mkfs.ext4", "-q", "-F", str(image)], check=True)
    if subprocess.run(["mount", "-o", "loop", str(image), str(place)], check=False, capture_output=True).returncode:
        pytest.skip("a disk that fails can only be mounted by root")
    try:
        yield FailingDisk(image, place)
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)
        shutil.rmtree(holder)
