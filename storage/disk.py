"""Durable steps on a local file system: create exclusively, sync, rename, sync the directory. Knows no formats."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path


def sync_directory(directory: Path) -> None:
    """Make names created, renamed or removed in `directory` survive a power cut."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_directories(directory: Path, mode: int = 0o700) -> None:
    """Create `directory` and what is missing above it, each name synced. This user's alone unless `mode` says else."""
    missing = [directory, *directory.parents]
    for path in reversed([path for path in missing if not path.exists()]):
        with contextlib.suppress(FileExistsError):
            path.mkdir(mode=mode)
        sync_directory(path.parent)


def create_file(path: Path, data: bytes, mode: int = 0o600) -> None:
    """Write a new file whole and synced, its directory too. Raises FileExistsError; never overwrites.

    The name appears only with the whole content behind it: a crash leaves at most a hidden temporary file.
    """
    temporary = _write_temporary(path, data, mode)
    try:
        os.link(temporary, path)  # unlike rename, fails when the name is taken
    finally:
        temporary.unlink(missing_ok=True)
    sync_directory(path.parent)


def replace_file(path: Path, data: bytes, mode: int = 0o600) -> None:
    """Put a whole, synced file at `path`, over an older one if there is one."""
    temporary = _write_temporary(path, data, mode)
    temporary.replace(path)
    sync_directory(path.parent)


def _write_temporary(path: Path, data: bytes, mode: int) -> Path:
    temporary = path.parent / f".{path.name}.{secrets.token_hex(6)}.part"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return temporary
