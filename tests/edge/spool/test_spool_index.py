"""The rows' own guards: what the database refuses, and the states a row may go through."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from edge.spool.index import SpoolIndex
from edge.spool.index_schema import SCHEMA_VERSION
from tests.edge.spool.spool_room import Life

LifeMaker = Callable[..., Life]


def recorded(life: Life) -> int:
    """One sealed segment; its number."""
    life.begin()
    life.segment(0)
    return life.segments()[0].number


def test_it_keeps_the_durability_that_it_promises(begin_life: LifeMaker) -> None:
    database = begin_life().index._database
    assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert database.execute("PRAGMA synchronous").fetchone() == (2,)


@pytest.mark.parametrize(
    "change",
    [
        "state = 'receipted'",  # S4
        "state = 'pruned'",
        "path = NULL",  # S1
        "state = 'gone'",
        "sealed_sha256 = NULL",
        "sequence = NULL",
        "refusal = 'x'",
        "size = 0",
    ],
)
def test_the_database_itself_refuses_what_the_invariants_forbid(begin_life: LifeMaker, change: str) -> None:
    life = begin_life()
    number = recorded(life)
    with pytest.raises(sqlite3.IntegrityError):
        life.index._database.execute(f"UPDATE entries SET {change} WHERE number = ?", (number,))


def test_states_only_go_forward(begin_life: LifeMaker) -> None:
    life = begin_life()
    number = recorded(life)
    state = lambda: life.index.numbered(number).state  # type: ignore[union-attr]  # noqa: E731
    life.index.mark_pruned(number)
    assert state() == "waiting"
    life.index.mark_refused(number, "bytes-differ")
    assert (state(), life.index.backlog().refused, life.index.backlog().segments) == ("refused", 1, 0)
    life.index.mark_receipted(number, "receipt")
    life.index.mark_refused(number, "bytes-differ")
    assert (state(), life.index.backlog().refused) == ("receipted", 0)
    life.index.forget_path(number)
    assert life.index.numbered(number).path is not None  # type: ignore[union-attr]
    life.index.mark_pruned(number)
    life.index.forget_path(number)
    life.index.mark_receipted(number, "another")
    assert (state(), life.index.numbered(number).receipt) == ("pruned", "receipt")  # type: ignore[union-attr]


def test_the_backlog_is_what_waits(begin_life: LifeMaker) -> None:
    life = begin_life()
    number = recorded(life)
    life.segment(1)
    sizes = [segment.sealed.size for segment in life.segments()]
    backlog = life.index.backlog()
    assert (backlog.segments, backlog.size_bytes) == (2, sum(sizes))
    assert backlog.oldest_wall_ns == life.segments()[0].start.wall_ns
    life.index.mark_receipted(number, life.receipt(number))
    assert life.index.backlog().segments == 1


def test_an_index_of_a_newer_version_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "index.sqlite"
    SpoolIndex(path).close()
    database = sqlite3.connect(path)
    database.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    database.close()
    with pytest.raises(sqlite3.DatabaseError, match="newer version"):
        SpoolIndex(path)


def test_newest_first_goes_through_every_page(begin_life: LifeMaker) -> None:
    life = begin_life()
    recorded(life)
    jws = life.index.numbered(1).jws  # type: ignore[union-attr]
    for number in range(4, 450):
        life.index._database.execute(
            "INSERT INTO entries (number, kind, jws, sha256, size, start_wall_ns, end_wall_ns, state)"
            " VALUES (?, 'note', ?, ?, 1, 1, 1, 'waiting')",
            (number, jws, f"{number:064x}"),
        )
    numbers = [row.number for row in life.index.newest_first()]
    assert numbers == sorted(numbers, reverse=True)
    assert (
        len(numbers) == len(set(numbers)) == life.index._database.execute("SELECT count(*) FROM entries").fetchone()[0]
    )
    assert len(list(life.index.notes_newest_first(300))) == 300
