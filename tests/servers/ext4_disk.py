"""An ext4 disk of its own in a file, which can be made to hang. Run as root, in a mount namespace of its own."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Ext4Disk:
    """`place` is where it is mounted. Between `freeze` and `thaw` whoever writes waits, as for a disk that hangs."""

    place: Path

    def freeze(self) -> None:
        _run("fsfreeze", "--freeze", str(self.place))

    def thaw(self) -> None:
        _run("fsfreeze", "--unfreeze", str(self.place))

    def release(self) -> None:
        """Whether it hangs or not."""
        subprocess.run(["fsfreeze", "--unfreeze", str(self.place)], check=False, capture_output=True)


@contextmanager
def ext4_disk(directory: Path, megabytes: int) -> Iterator[Ext4Disk]:
    image, place = directory / "disk.img", directory / "disk"
    with image.open("wb") as file:
        file.truncate(megabytes << 20)
    _run("mkfs.ext4", "-q", "-F", "-m", "0", str(image))
    place.mkdir()
    _run("mount", "-o", "loop", str(image), str(place))
    disk = Ext4Disk(place)
    try:
        yield disk
    finally:
        disk.release()
        _run("umount", "--lazy", str(place))


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)
