"""Opens the index, and makes it anew from the chain when it can't be read. What only the damaged one knew, the
receipts above all, is read out of it as far as it goes: each is checked again before a file goes by it (S4).
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import structlog

from edge.spool.aside import set_aside
from edge.spool.index import DOUBT, SpoolIndex, is_damage
from edge.spool.sharing import SHARED_DIRECTORY
from storage.disk import make_directories

log = structlog.get_logger("spool")
AT_ONCE = 200  # rows in one go


def open_index(spool: Path) -> tuple[SpoolIndex, Path | None]:
    """The index, and the damaged one that it replaces. Raises sqlite3.OperationalError when there is no room."""
    make_directories(spool, SHARED_DIRECTORY)
    path = spool / "index.sqlite"
    doubt = path.with_name(path.name + DOUBT)
    if not doubt.exists():
        try:
            index = SpoolIndex(path)
            index.head()
            return index, None
        except sqlite3.DatabaseError as error:
            if not is_damage(error):
                raise  # locked or no room: not the file's fault
            log.error("index-unreadable", error=str(error))
    damaged: Path | None = None
    for suffix in ("-wal", "-shm", ""):
        if (file := spool / f"{path.name}{suffix}").exists():
            damaged = spool / "aside" / set_aside(spool, file)
    index = SpoolIndex(path)
    doubt.unlink(missing_ok=True)
    return index, damaged


def salvage(index: SpoolIndex, damaged: Path) -> int:
    """Receipts and refusals from the index that was set aside into the new one. How many; never raises for damage."""
    taken = 0
    for mode in ("mode=ro", "immutable=1"):
        try:
            with closing(sqlite3.connect(f"file:{quote(str(damaged))}?{mode}", uri=True, timeout=2)) as database:
                database.execute("SELECT count(*) FROM sqlite_schema").fetchone()
                for first in range(1, index.head().number + 1, AT_ONCE):
                    taken += _salvage_some(index, database, first)
                break
        except sqlite3.DatabaseError as error:
            log.warning("index-not-salvaged", error=str(error))
    log.info("index-made-anew", salvaged=taken)
    return taken


def _salvage_some(index: SpoolIndex, database: sqlite3.Connection, first: int) -> int:
    taken = 0
    with index.together():
        for number, sha256, receipt, refusal in _readable(database, first, AT_ONCE):
            row = index.numbered(number)
            if row is None or row.sha256 != sha256:
                continue
            if isinstance(receipt, str):
                index.mark_receipted(number, receipt)
                taken += 1
            elif isinstance(refusal, str):
                index.mark_refused(number, refusal)
    return taken


def _readable(database: sqlite3.Connection, first: int, count: int) -> list[tuple[int, str, str | None, str | None]]:
    """Rows from `first` on. Where a page is damaged, those beside it one by one."""
    query = "SELECT number, sha256, receipt, refusal FROM entries WHERE number BETWEEN ? AND ?"
    try:
        return database.execute(query, (first, first + count - 1)).fetchall()
    except sqlite3.DatabaseError:
        if count == 1:
            return []
        return [row for number in range(first, first + count) for row in _readable(database, number, 1)]
