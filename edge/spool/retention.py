"""Decides which segments may leave the room PC. Pure: no disk, no clock.

Only what the archive has receipted may go (S4): when it is older than the room keeps it, or, oldest first, when the
disk needs space. What waits or was refused stays, whatever the disk says.

A wrong clock never makes footage old: while the clock is not known nothing is past its time, and what was signed in
1970 is no older than its receipt, which the centre dated.
"""

from __future__ import annotations

from collections.abc import Iterable

from edge.spool.index import EntryRow
from storage.errors import StorageError
from storage.signing import peek_json


def choose(rows: Iterable[EntryRow], now_wall_ns: int | None, keep_ns: int, wanted_bytes: int) -> list[EntryRow]:
    """The rows whose files may go now; `rows` oldest first, `wanted_bytes` how much space is missing.

    `now_wall_ns`: None while the wall clock is not known.
    """
    chosen: list[EntryRow] = []
    for row in rows:
        if row.state != "receipted" or row.kind != "segment" or row.receipt is None:
            continue
        if wanted_bytes > 0 or _is_past(row, row.receipt, now_wall_ns, keep_ns):
            chosen.append(row)
            wanted_bytes -= row.size
    return chosen


def _is_past(row: EntryRow, receipt: str, now_wall_ns: int | None, keep_ns: int) -> bool:
    if keep_ns == 0:
        return True  # whatever the clock says
    return now_wall_ns is not None and now_wall_ns - max(row.end_wall_ns, _received(receipt)) >= keep_ns


def _received(receipt: str) -> int:
    """When the centre had it. The receipt's signature is checked once more before its file goes."""
    try:
        return int(peek_json(receipt).get("received_wall_ns") or 0)
    except (StorageError, TypeError, ValueError):
        return 0
