"""Where the second copy stands: a folder on another disk than the spool. Says so when it can't be used."""

from __future__ import annotations

import contextlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from edge.spool.disk_room import is_out_of_room
from edge.spool.sharing import SHARED_DIRECTORY
from storage.disk import make_directories


class MirrorLost(Exception):
    """The second disk can't be used now. Both sentences say what goes on regardless and what to do."""

    def __init__(self, code: str, message: str, message_en: str) -> None:
        super().__init__(message_en)
        self.code, self.message, self.message_en = code, message, message_en


@dataclass(frozen=True, slots=True)
class MirrorPlace:
    """`directory` is what the settings name, `spool` the first copy, `device` this device's id."""

    directory: Path
    spool: Path
    device: str

    @property
    def root(self) -> Path:
        return self.directory / self.device

    def open(self) -> Path:
        """The folder that stands for the spool there. Raises MirrorLost.

        A stick that is not mounted leaves an empty folder on the first disk, where a copy would be worth nothing.
        """
        try:
            if os.stat(self.directory).st_dev == os.stat(self.spool).st_dev:
                raise MirrorLost(
                    "mirror-missing",
                    "备份盘没有接上（目录与主存储在同一块盘上），录像照常写入主存储；请插好备份盘并确认已挂载。",
                    "The second disk is not there (its folder lies on the first disk); recording goes on with the first"
                    " copy alone. Plug the disk in and see that it is mounted.",
                )
            make_directories(self.root, SHARED_DIRECTORY)
            self._stay_there()
        except OSError as error:
            raise lost(error) from error
        return self.root

    def _stay_there(self) -> None:
        """Whoever had the disk in hand may have put a link there that leads elsewhere. Raises OSError."""
        there = os.stat(self.directory).st_dev
        for folder in (self.root, self.root / "segments"):
            with contextlib.suppress(FileNotFoundError):
                status = os.lstat(folder)
                if not stat.S_ISDIR(status.st_mode) or status.st_dev != there:
                    raise NotADirectoryError(folder.name)


def lost(error: BaseException) -> MirrorLost:
    """What an error of the second disk means for people."""
    if is_out_of_room(error):
        return MirrorLost(
            "mirror-full",
            "备份盘已满，而且其中内容都还没有归档，录像照常写入主存储；请检查到中心的线路，或换一块大些的备份盘。",
            "The second disk is full of footage that is not archived yet; recording goes on with the first copy alone."
            " Check the line to the centre, or use a larger disk.",
        )
    return MirrorLost(
        "mirror-lost",
        "备份盘无法写入，录像照常写入主存储；请检查备份盘，恢复后自动继续。",
        f"The second disk can't be written ({type(error).__name__}); recording goes on with the first copy alone. Check"
        " that disk; it is used again by itself.",
    )
