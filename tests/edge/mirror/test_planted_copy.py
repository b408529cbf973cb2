"""Whoever had the second disk in hand puts in what he likes: none of it becomes footage, and nothing stands still."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.mirror.catalog import Catalog
from edge.mirror.copy_keeper import HASH_SUFFIX, CopyKeeper
from edge.mirror.place import MirrorLost, MirrorPlace
from edge.mirror.restorer import FirstCopy, Restorer
from edge.segment.sink import RunStart
from edge.spool.disk_room import RoomLimits
from edge.spool.intake import RunEnd, SegmentEnd, SegmentStart
from edge.spool.moments import moment_at, present
from edge.spool.open_segment import JOURNAL_SUFFIX
from storage.age_file import CHUNK_SIZE
from storage.journal import MOST_BYTES
from storage.manifest import ClockState, SegmentManifest
from tests.edge.spool.spool_room import Keys, Life, check, fragments_of
from tests.servers.small_disk import small_disk
from tests.storage.recordings import TRACKS, footage

KEY, OTHER = secrets.token_bytes(32), secrets.token_bytes(32)


@pytest.fixture
def life(tmp_path: Path) -> Iterator[Life]:
    life = Life(tmp_path / "spool", Keys())
    yield life
    life.index.close()


def write_copy(root: Path, life: Life, key: bytes, run: str | None = None) -> Path:
    """A finished segment of the second copy, as the recorder writes it."""
    keeper = CopyKeeper(lambda *_: (None, None), ClockState, [life.keys.recipient], key)
    keeper.attach(root)
    anchor = moment_at(present(), 0)
    keeper.take(RunStart(run or secrets.token_hex(16), footage().init, anchor, tuple(TRACKS)))
    keeper.take(SegmentStart())
    for fragment in fragments_of(0):
        keeper.take(fragment)
    keeper.take(SegmentEnd(tuple(TRACKS)))
    keeper.take(RunEnd(None))
    return max((root / "segments").glob("*/*.mp4.age"), key=lambda file: file.stat().st_mtime_ns)


def restorer(life: Life, root: Path) -> Restorer:
    first = FirstCopy(
        spool=life.spool,
        index=life.index,
        ledger=life.ledger,
        session_at=life.sessions.at,
        run=lambda: None,
        settled=lambda: None,
        well=lambda: True,
        limits=lambda: RoomLimits(0, 10**18),
    )
    return Restorer(first, root, KEY, lambda: None)


def brought(life: Life, root: Path) -> list[SegmentManifest]:
    restorer(life, root).step()
    return life.segments()


def test_the_rooms_own_copy_is_brought_and_verifies(life: Life, tmp_path: Path) -> None:
    file = write_copy(tmp_path / "copy", life, KEY)
    [segment] = brought(life, tmp_path / "copy")
    assert (segment.run, segment.recovered, segment.replaces) == (file.parent.name, True, [])
    assert check(life.spool, life.keys).ok


def test_footage_that_somebody_else_wrote_is_never_signed(life: Life, tmp_path: Path) -> None:
    write_copy(tmp_path / "copy", life, OTHER)  # sealed to the right recipients, well-formed, by another hand
    assert brought(life, tmp_path / "copy") == []


def test_an_unkeyed_journal_and_one_with_a_line_changed_count_for_nothing(life: Life, tmp_path: Path) -> None:
    file = write_copy(tmp_path / "copy", life, KEY)
    journal = file.with_name(file.name + JOURNAL_SUFFIX)
    lines = journal.read_bytes().split(b"\n")
    journal.write_bytes(b"\n".join([lines[0].replace(b'"sequence":5', b'"sequence":6'), *lines[1:]]))
    assert brought(life, tmp_path / "copy") == []
    journal.write_bytes(b"\n".join([lines[0], *lines[2:]]))  # the first fragment taken out
    assert brought(life, tmp_path / "copy") == []


def test_bytes_that_were_exchanged_are_not_brought(life: Life, tmp_path: Path) -> None:
    ours = write_copy(tmp_path / "copy", life, KEY)
    theirs = write_copy(tmp_path / "theirs", life, OTHER)
    ours.write_bytes(theirs.read_bytes())
    for suffix in ("", HASH_SUFFIX):  # with his own proof beside it as well
        source = theirs.with_name(theirs.name + suffix)
        ours.with_name(ours.name + suffix).write_bytes(source.read_bytes())
        assert brought(life, tmp_path / "copy") == []


def test_a_file_that_is_not_ours_holds_up_nothing_behind_it(life: Life, tmp_path: Path) -> None:
    first, second = sorted(write_copy(tmp_path / "copy", life, KEY, run) for run in ("0" * 32, "1" * 32))
    first.write_bytes(b"not an age file")
    assert [one.run for one in brought(life, tmp_path / "copy")] == [second.parent.name]


def test_a_huge_file_does_not_fill_the_first_disk(life: Life, tmp_path: Path) -> None:
    file = write_copy(tmp_path / "copy", life, KEY)
    os.truncate(file, file.stat().st_size + 10 * CHUNK_SIZE)
    file.with_name(file.name + HASH_SUFFIX).unlink()
    assert brought(life, tmp_path / "copy") == []
    assert not list((life.spool / "segments").glob("*/*.mp4.age"))


def test_huge_journals_pipes_and_links_are_passed_over_at_once(life: Life, tmp_path: Path) -> None:
    root = tmp_path / "copy"
    good = write_copy(root, life, KEY, "f" * 32)
    run = root / "segments" / ("a" * 32)
    run.mkdir()
    (run / "500000000.mp4.age").write_bytes(b"x")
    with (run / "500000000.mp4.age.journal").open("wb") as journal:
        journal.truncate(MOST_BYTES * 1000)
    (run / "500000001.mp4.age").write_bytes(b"x")
    os.mkfifo(run / "500000001.mp4.age.journal")
    os.mkfifo(run / "500000002.mp4.age")
    (run / "500000003.mp4.age").symlink_to(good)
    (root / "segments" / ("b" * 32)).symlink_to(good.parent)
    (root / "segments" / ("c" * 32)).symlink_to("/dev")
    began_s = time.monotonic()
    assert [one.run for one in Catalog(root, KEY).look(None, 50)] == ["f" * 32]
    assert [one.run for one in brought(life, root)] == ["f" * 32]
    assert time.monotonic() - began_s < 5


def test_a_link_on_the_second_disk_leads_nowhere(tmp_path: Path) -> None:
    spool, device = tmp_path / "spool", "d" * 32
    (spool / "segments").mkdir(parents=True)
    with small_disk(20) as stick:
        place = MirrorPlace(stick, spool, device)
        (stick / device).symlink_to(spool)
        with pytest.raises(MirrorLost):
            place.open()
        (stick / device).unlink()
        (stick / device).mkdir()
        (stick / device / "segments").symlink_to(spool / "segments")
        with pytest.raises(MirrorLost):
            place.open()
        (stick / device / "segments").unlink()
        assert place.open() == stick / device
