"""Decides which segments may leave the room PC. Pure: no disk, no clock.

Only what the archive has receipted may go (S4): when it is older than the room keeps it, or, oldest first, when the
disk needs space. What waits or was refused stays, whatever the disk says.
"""

from __future__ import annotations

from collections.abc import Iterable

from edge.spool.index import EntryRow


def choose(rows: Iterable[EntryRow], now_wall_ns: int, keep_ns: int, wanted_bytes: int) -> list[EntryRow]:
    """The rows whose files may go now; `rows` oldest first, `wanted_bytes` how much space is missing."""
    chosen: list[EntryRow] = []
    for row in rows:
        if row.state != "receipted" or row.kind != "segment" or row.receipt is None:
            continue
        if now_wall_ns - row.end_wall_ns >= keep_ns or wanted_bytes > 0:
            chosen.append(row)
            wanted_bytes -= row.size
    return chosen
