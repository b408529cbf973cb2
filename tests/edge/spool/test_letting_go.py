"""What may leave the room PC, and in which steps it does (S4, S5)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from edge.spool.disk_room import RoomLimits
from edge.spool.index import EntryRow
from edge.spool.moments import moment_at, present
from edge.spool.pruning import prune, receipt_fits
from edge.spool.retention import choose
from storage.receipt import open_receipt
from storage.signing import SigningKey
from tests.edge.spool.spool_room import Life

LifeMaker = Callable[..., Life]
HOUR = 3600 * 10**9
ROW = EntryRow(1, "segment", "j", "a" * 64, "p", 100, 0, 10 * HOUR, None, "receipted", "r", "b" * 64)


def rows(*states: str) -> list[EntryRow]:
    return [
        replace(ROW, number=at, state=state, receipt="r" if state == "receipted" else None)  # type: ignore[arg-type]
        for at, state in enumerate(states, 1)
    ]


def test_old_receipted_footage_goes_and_young_stays() -> None:
    young = replace(ROW, number=2, end_wall_ns=11 * HOUR)
    assert choose([ROW, young], now_wall_ns=82 * HOUR, keep_ns=72 * HOUR, wanted_bytes=0) == [ROW]


def test_for_space_the_oldest_go_and_no_more_than_needed() -> None:
    found = choose(rows("receipted", "receipted", "receipted"), 10 * HOUR, 72 * HOUR, wanted_bytes=150)
    assert [row.number for row in found] == [1, 2]


@pytest.mark.parametrize("state", ["waiting", "refused", "pruned"])
def test_without_a_receipt_nothing_goes_whatever_the_disk_says(state: str) -> None:
    assert choose(rows(state), 10**18, 0, wanted_bytes=10**18) == []


def test_notes_and_gaps_have_nothing_to_let_go() -> None:
    assert choose([replace(ROW, kind="gap", path=None)], 10**18, 0, 10**18) == []


def test_a_receipted_segment_goes_and_its_row_tells(begin_life: LifeMaker) -> None:
    life = begin_life()
    life.begin(moment_at(present(), -60 * 90_000))  # the test's footage is longer than the test
    life.segment(0)
    life.segment(1)
    number = life.segments()[0].number
    life.index.mark_receipted(number, life.receipt(number))
    life.room.limits = RoomLimits(0, 0)
    assert life.room.make()
    row, other = life.index.numbered(number), life.index.numbered(number + 1)
    assert row is not None
    assert other is not None
    assert (row.state, row.path, row.receipt is not None) == ("pruned", None, True)
    assert [file.name for file in life.spool.rglob("*.age")] == ["000001.mp4.age"]
    assert other.state == "waiting"


@pytest.mark.parametrize("change", [{"manifest_sha256": "0" * 64}, {"sealed_sha256": "0" * 64}, {"size": 5}])
def test_a_receipt_over_anything_else_lets_nothing_go(begin_life: LifeMaker, change: dict[str, object]) -> None:
    """S4: checked again before the file goes, even when the row says receipted."""
    life = begin_life()
    life.begin()
    life.segment(0)
    number = life.segments()[0].number
    receipt = life.receipt(number, **change)
    row = life.index.numbered(number)
    assert row is not None
    assert not receipt_fits(open_receipt(receipt, life.keys.centre.public), row)
    life.index.mark_receipted(number, receipt)
    assert prune(life.spool, life.index, life.index.receipted(10), life.keys.centre.public) == 0
    assert len(list(life.spool.rglob("*.age"))) == 1


def test_another_centres_receipt_lets_nothing_go(begin_life: LifeMaker) -> None:
    life = begin_life()
    life.begin()
    life.segment(0)
    number = life.segments()[0].number
    life.index.mark_receipted(number, life.receipt(number))
    assert prune(life.spool, life.index, life.index.receipted(10), SigningKey.generate().public) == 0
    assert len(list(life.spool.rglob("*.age"))) == 1


def test_a_run_that_went_leaves_no_folder(begin_life: LifeMaker) -> None:
    life = begin_life()
    life.begin()
    life.segment(0)
    number = life.segments()[0].number
    life.index.mark_receipted(number, life.receipt(number))
    prune(life.spool, life.index, life.index.receipted(10), life.keys.centre.public)
    assert list((life.spool / "segments").iterdir()) == []
