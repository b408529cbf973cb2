"""Where what can't be proved is kept: `aside/`, which nothing empties by itself (S7)."""

from __future__ import annotations

from pathlib import Path

from storage.disk import make_directories, sync_directory


def set_aside(spool: Path, file: Path) -> str:
    """Move a file to aside/, where nothing deletes it. Its name there."""
    aside = spool / "aside"
    make_directories(aside)
    place = f"{file.parent.name}-{file.name}"
    target = aside / place
    count = 0
    while target.exists():
        count += 1
        target = aside / f"{place}.{count}"
    file.rename(target)
    sync_directory(aside)
    sync_directory(file.parent)
    return target.name
