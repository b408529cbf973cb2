"""A disk that is really full, on a small file system of its own."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.spool.intake import RunEnd
from edge.spool.moments import moment_at, present
from storage.manifest import GapCause, GapManifest
from tests.edge.spool.spool_room import Keys, Life, check
from tests.servers.small_disk import small_disk

NS = 1_000_000_000


@pytest.fixture(name="small_disk")
def twelve_megabytes() -> Iterator[Path]:
    with small_disk(12) as place:
        yield place


def fill(path: Path) -> None:
    """Take all the space that is left, to the last block."""
    with path.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while file.write(bytes(4096)):
            pass


def test_a_full_disk_costs_a_gap_and_nothing_else(small_disk: Path) -> None:
    """S4, S6: what was recorded stays, the chain goes on, the gap says disk-full."""
    keys = Keys()
    life = Life(small_disk / "spool", keys)
    run = life.begin(moment_at(present(), 0))
    life.segment(0)
    filler = small_disk / "filler"
    fill(filler)
    life.segment(1, end=False)
    assert life.keeper.halted
    sealed = len(life.segments())
    life.segment(2)
    assert len(life.segments()) == sealed
    filler.unlink()
    life.room.limits = type(life.room.limits)(0, 10**18)
    life.keeper._room_checked_mono_ns = 0
    life.segment(2)
    assert not life.keeper.halted
    life.keeper.take(RunEnd(None))
    gaps = [entry for entry in life.entries() if isinstance(entry, GapManifest)]
    assert [(gap.cause, gap.run) for gap in gaps] == [(GapCause.DISK_FULL, run.run)]
    assert gaps[0].end == life.segments()[-1].start
    report = check(life.spool, keys)
    assert report.problem is None
    life.crash()


def test_a_disk_full_to_its_last_block_lets_go_what_may_go(small_disk: Path) -> None:
    """Writing down that a file goes takes space itself: the ballast is given up for it, and kept anew."""
    life = Life(small_disk / "spool", Keys(), reserve_bytes=200_000)
    life.begin(moment_at(present(), -60 * 90_000))
    for number in range(3):
        life.segment(number)
    for segment in life.segments():
        life.index.mark_receipted(segment.number, life.receipt(segment.number))
    assert life.room.make()
    assert (life.spool / "ballast").stat().st_size == 20_000
    fill(small_disk / "filler")
    assert life.room.make()
    assert len(list(life.spool.rglob("*.age"))) < 3
    (small_disk / "filler").unlink()
    assert life.room.make()
    assert (life.spool / "ballast").exists()
    life.crash()
