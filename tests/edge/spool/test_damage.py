"""Nothing that is damaged stops the rest: an index, a file that can't be deleted or read, a folder, a rule of old."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from edge.spool.disk_room import RoomLimits
from edge.spool.index import DOUBT, SpoolIndex, is_damage
from edge.spool.index_schema import TABLE
from edge.spool.moments import moment_at, present
from edge.spool.open_segment import OPEN_SUFFIX
from storage.manifest import NoteKind
from tests.edge.spool.spool_room import Keys, Life, check

LifeMaker = Callable[..., Life]


def recorded(life: Life) -> list[int]:
    """Numbers of three segments; the first and the second have receipts."""
    life.begin(moment_at(present(), -60 * 90_000))
    for number in range(3):
        life.segment(number)
    numbers = [segment.number for segment in life.segments()][-3:]
    for number in numbers[:2]:
        life.index.mark_receipted(number, life.receipt(number))
    return numbers


def states(life: Life, numbers: list[int]) -> list[str]:
    rows = [life.index.numbered(number) for number in numbers]
    return [row.state for row in rows if row is not None]


def overwrite(path: Path, first_page: int) -> None:
    """All pages from one on."""
    with path.open("r+b") as file:
        file.seek(first_page * 4096)
        file.write(b"\xa5" * (path.stat().st_size - first_page * 4096))


def test_an_index_damaged_in_its_middle_is_made_anew_with_its_receipts(begin_life: LifeMaker, keys: Keys) -> None:
    """S2."""
    first = begin_life()
    numbers = recorded(first)
    for _ in range(60):
        first.note(NoteKind.HEALTH)
    first.crash()
    index = first.spool / "index.sqlite"
    sqlite3.connect(index).execute("PRAGMA wal_checkpoint(TRUNCATE)").connection.close()
    overwrite(index, index.stat().st_size // 4096 * 3 // 4)
    life = begin_life()
    assert any("index.sqlite" in file.name for file in (life.spool / "aside").iterdir())
    assert states(life, numbers) == ["receipted", "receipted", "waiting"]
    assert [row.number for row in life.index.newest_first()][::-1] == list(range(1, life.index.head().number + 1))
    assert check(life.spool, keys).problem is None


def test_damage_that_shows_only_later_is_known_at_the_next_start(begin_life: LifeMaker, keys: Keys) -> None:
    """A page that no start reads: the process ends on it, and must not do so again and again."""
    first = begin_life()
    numbers = recorded(first)
    index = first.spool / "index.sqlite"
    with pytest.raises(sqlite3.DatabaseError), first.index.together():
        raise sqlite3.DatabaseError("database disk image is malformed")
    assert index.with_name(index.name + DOUBT).exists()
    life = begin_life()
    assert not index.with_name(index.name + DOUBT).exists()
    assert states(life, numbers) == ["receipted", "receipted", "waiting"]
    assert check(life.spool, keys).problem is None


def test_no_room_and_a_lock_are_not_damage(tmp_path: Path) -> None:
    assert not is_damage(sqlite3.OperationalError("database or disk is full"))
    index = SpoolIndex(tmp_path / "index.sqlite")
    other = sqlite3.connect(tmp_path / "index.sqlite", timeout=0)
    index._database.execute("BEGIN IMMEDIATE")
    with pytest.raises(sqlite3.OperationalError) as locked:
        other.execute("BEGIN IMMEDIATE")
    assert not is_damage(locked.value)
    other.close()
    index.close()


@pytest.mark.parametrize("code", [errno.EPERM, errno.EIO])
def test_a_file_that_cannot_be_deleted_holds_up_nothing(
    begin_life: LifeMaker, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    life = begin_life()
    numbers = recorded(life)
    paths = [life.spool / segment_path for segment_path in (row_path(life, number) for number in numbers)]
    unlink = Path.unlink

    def stubborn(self: Path, missing_ok: bool = False) -> None:
        if self == paths[0]:
            raise OSError(code, "can't be deleted")
        unlink(self, missing_ok=missing_ok)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", stubborn)
        life.room.limits = RoomLimits(0, 0)
        assert life.room.make()
        assert [path.exists() for path in paths] == [True, False, True]
        assert states(life, numbers) == ["pruned", "pruned", "waiting"]
        life = begin_life()  # and no start fails on it
        assert paths[0].exists()
    life = begin_life()
    assert [path.exists() for path in paths] == [False, False, True]
    assert life.report.problems == []


def row_path(life: Life, number: int) -> str:
    row = life.index.numbered(number)
    assert row is not None
    assert row.path is not None
    return row.path


def test_files_and_folders_that_cannot_be_read_stop_no_start(
    begin_life: LifeMaker, keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk with bad blocks. What can be read is recovered; what can't stays for another start."""
    first = begin_life()
    first.begin()
    first.segment(0, end=False)
    first.crash()
    (bad,) = first.spool.rglob("*" + OPEN_SUFFIX)
    second = begin_life()
    assert second.report.recovered
    second.begin()
    second.segment(0, end=False)
    second.crash()
    (bad,) = second.spool.rglob("*" + OPEN_SUFFIX)
    opened, listed = Path.open, Path.iterdir

    def unreadable(self: Path, *args: object, **options: object) -> object:
        if self == bad:
            raise OSError(errno.EIO, "bad block")
        return opened(self, *args, **options)  # type: ignore[call-overload]

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", unreadable)
        life = begin_life()
        assert life.report.problems == ["segment-missing"]
        assert bad.exists()
        life.begin()
        life.segment(0)
    with monkeypatch.context() as patch:

        def unlisted(self: Path) -> object:
            if self == bad.parent:
                raise OSError(errno.EIO, "bad block")
            return listed(self)

        patch.setattr(Path, "iterdir", unlisted)
        begin_life()
    life = begin_life()
    assert life.report.recovered
    assert check(life.spool, keys).problem is None


def test_an_index_of_the_first_version_learns_to_expire(tmp_path: Path) -> None:
    path = tmp_path / "index.sqlite"
    old = sqlite3.connect(path)
    lines = [line for line in TABLE.splitlines() if "state <> 'expired'" not in line]
    old.execute("\n".join(lines).replace(", 'expired'", "").replace("IN ('pruned')", "= 'pruned'"))
    row = (5, "segment", "j", "a" * 64, "p", 7, "r" * 32, 0, 1, 2, "waiting", "b" * 64)
    insert = (
        "INSERT INTO entries (number, kind, jws, sha256, path, size, run, sequence, start_wall_ns, end_wall_ns, state,"
        " sealed_sha256) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    )
    old.execute(insert, row)
    old.execute("PRAGMA user_version = 1")
    old.commit()
    with pytest.raises(sqlite3.IntegrityError):
        old.execute("UPDATE entries SET state = 'expired'")
    old.close()
    SpoolIndex(path).close()
    index = SpoolIndex(path)
    found = index.numbered(5)
    assert found is not None
    assert (found.sha256, found.state) == ("a" * 64, "waiting")
    index._database.execute("UPDATE entries SET state = 'expired'")
    assert index._database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    with pytest.raises(sqlite3.IntegrityError):
        index._database.execute("UPDATE entries SET session = 'x'")
    index.close()
