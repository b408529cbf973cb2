"""Takes files off the room PC that the archive has receipted; finishes every deletion, `edge/spool/expiring.py`'s too.

Order (S5): the receipt is checked again → row `pruned`, path kept → unlink → directory synced → path forgotten. A row
in another state than `pruned` or `expired` therefore always has its file, and such a row with a path is a deletion to
finish. A file that can't be deleted holds nothing up: it is tried again at the next start.
"""

from __future__ import annotations

import contextlib
import errno
from pathlib import Path

import structlog

from edge.spool.index import EntryRow, SpoolIndex
from storage.disk import sync_directory
from storage.errors import StorageError
from storage.receipt import Receipt, open_receipt
from storage.signing import PublicKey

log = structlog.get_logger("spool")


def receipt_fits(receipt: Receipt, row: EntryRow) -> bool:
    """Whether the receipt speaks of exactly this entry and, for a segment, of exactly its sealed bytes."""
    if receipt.manifest_sha256 != row.sha256:
        return False
    return row.kind != "segment" or (receipt.sealed_sha256 == row.sealed_sha256 and receipt.size == row.size)


def prune(spool: Path, index: SpoolIndex, rows: list[EntryRow], centre: PublicKey) -> int:
    """Delete the files of `rows`. Returns the bytes freed; a row whose receipt fails now is left alone and logged."""
    freed = 0
    for row in rows:
        if row.path is None or not _is_proved(row, centre):
            continue
        index.mark_pruned(row.number)
        freed += row.size if finish_or_leave(spool, index, row.number, row.path) else 0
    return freed


def finish_or_leave(spool: Path, index: SpoolIndex, number: int, path: str) -> bool:
    """Whether the file is gone. One that can't be deleted now stays a deletion to finish."""
    try:
        finish_pruning(spool, index, number, path)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise
        log.error("file-stays", number=number, error=type(error).__name__, errno=error.errno)
        return False
    return True


def finish_pruning(spool: Path, index: SpoolIndex, number: int, path: str) -> None:
    """Second half of a deletion, also for one that a crash interrupted."""
    file = spool / path
    file.unlink(missing_ok=True)
    if file.parent.is_dir():
        sync_directory(file.parent)
        with contextlib.suppress(OSError):
            file.parent.rmdir()  # only when it was the run's last file
    index.forget_path(number)


def _is_proved(row: EntryRow, centre: PublicKey) -> bool:
    try:
        fits = row.receipt is not None and receipt_fits(open_receipt(row.receipt, centre), row)
    except StorageError as error:
        log.error("receipt-unusable", number=row.number, code=error.code)
        return False
    if not fits:
        log.error("receipt-unusable", number=row.number, code="other-entry")
    return fits
