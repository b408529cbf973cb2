"""What a crash can leave behind, at every place where it can strike, and what the next start makes of it."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from edge.spool.moments import moment_at, present
from edge.spool.open_segment import JOURNAL_SUFFIX, OPEN_SUFFIX
from storage.age_file import MAX_HEADER_SIZE, SEALED_CHUNK_SIZE, header_size
from storage.journal import read_journal
from storage.manifest import GapCause, GapManifest, NoteKind
from tests.edge.spool.spool_room import Keys, Life, check, fragments_of

LifeMaker = Callable[..., Life]


def torn_spool(life: Life) -> tuple[Path, Path]:
    """A spool with one sealed segment and one cut off; the open file and its journal."""
    life.begin()
    life.segment(0)
    life.segment(1, end=False)
    life.crash()
    (open_file,) = life.spool.rglob("*" + OPEN_SUFFIX)
    return open_file, open_file.with_name(open_file.name.removesuffix(OPEN_SUFFIX) + JOURNAL_SUFFIX)


def test_a_crash_in_a_segment_keeps_every_settled_fragment(begin_life: LifeMaker, keys: Keys) -> None:
    """S3."""
    first = begin_life()
    open_file, _ = torn_spool(first)
    life = begin_life()
    recovered = life.segments()[-1]
    assert recovered.recovered
    assert recovered.opened.sha256 is None
    assert len(recovered.opened.fragments) == len(fragments_of(1))
    assert (recovered.end.wall_ns, recovered.end.mono_ns) == (
        first.keeper.settled.wall_ns if first.keeper.settled else 0,
        first.keeper.settled.mono_ns if first.keeper.settled else 0,
    )
    assert not open_file.exists()
    report = check(life.spool, keys)
    assert report.problem is None
    assert (report.opened_checked, report.recovered) == (2, 1)


def offsets(file: Path) -> dict[str, int]:
    """One byte offset of every class at which a file can end."""
    data = file.read_bytes()
    header = header_size(data[:MAX_HEADER_SIZE]) or 0
    chunk = SEALED_CHUNK_SIZE
    return {
        "nothing": 0,
        "first byte": 1,
        "in the header": header // 2,
        "header alone": header,
        "in the first chunk": header + 1000,
        "one byte short of a chunk": header + chunk - 1,
        "one chunk": header + chunk,
        "one byte more": header + chunk + 1,
        "in the second chunk": header + chunk + chunk // 2,
        "two chunks": header + 2 * chunk,
        "one byte short of all": len(data) - 1,
        "all": len(data),
    }


@pytest.mark.parametrize(
    "place",
    [
        "nothing", "first byte", "in the header", "header alone", "in the first chunk", "one byte short of a chunk",
        "one chunk", "one byte more", "in the second chunk", "two chunks", "one byte short of all", "all",
    ],
)  # fmt: skip
def test_a_file_torn_anywhere_gives_exactly_its_whole_fragments(begin_life: LifeMaker, keys: Keys, place: str) -> None:
    """S3, S7."""
    open_file, journal = torn_spool(begin_life())
    size = offsets(open_file)[place]
    header = header_size(open_file.read_bytes()[:MAX_HEADER_SIZE]) or 0
    opened = max(0, size - header) // SEALED_CHUNK_SIZE * 65536
    expected = [proof for proof in read_journal(journal).fragments if proof.offset + proof.size <= opened]
    with open_file.open("r+b") as file:
        file.truncate(size)
    life = begin_life()
    if expected:
        assert life.segments()[-1].opened.fragments == expected
        assert life.segments()[-1].recovered
    else:
        assert len(life.segments()) == 1
        assert (life.spool / "aside" / f"{open_file.parent.name}-{open_file.name}").exists()
    assert check(life.spool, keys).problem is None
    life.begin()
    assert [gap.start for gap in life.entries() if isinstance(gap, GapManifest)] == [life.segments()[-1].end]


def test_blocks_that_never_reached_the_disk_are_not_believed(begin_life: LifeMaker, keys: Keys) -> None:
    """S3: a power cut can leave a file of the right size with a hole of zeros."""
    open_file, _ = torn_spool(begin_life())
    with open_file.open("r+b") as file:
        file.seek((header_size(file.read(MAX_HEADER_SIZE)) or 0) + SEALED_CHUNK_SIZE + 100)
        file.write(bytes(4096))
    life = begin_life()
    assert life.segments()[-1].opened.size == 65536
    assert check(life.spool, keys).problem is None


@pytest.mark.parametrize("damage", ["missing", "empty", "garbage", "torn header"])
def test_a_segment_without_its_journal_is_set_aside(begin_life: LifeMaker, damage: str) -> None:
    """S7."""
    open_file, journal = torn_spool(begin_life())
    if damage == "missing":
        journal.unlink()
    else:
        journal.write_bytes({"empty": b"", "garbage": b"\xff" * 300, "torn header": journal.read_bytes()[:100]}[damage])
    life = begin_life()
    assert len(life.segments()) == 1
    assert life.report.set_aside
    assert life.report.damaged
    assert not open_file.exists()


def test_a_torn_journal_line_ends_what_is_believed(begin_life: LifeMaker, keys: Keys) -> None:
    _, journal = torn_spool(begin_life())
    data = journal.read_bytes()
    journal.write_bytes(data[:-20])
    life = begin_life()
    assert len(life.segments()[-1].opened.fragments) == len(fragments_of(1)) - 1
    assert check(life.spool, keys).problem is None


def test_a_finished_file_without_an_entry_is_taken_in_whole(begin_life: LifeMaker, keys: Keys) -> None:
    """Killed between the final name and the chain."""
    first = begin_life()
    first.begin()
    first.segment(0)
    first.segment(1, end=False)
    assert first.keeper._open is not None
    first.keeper._open.finish()
    life = begin_life()
    assert len(life.segments()[-1].opened.fragments) == len(fragments_of(1))
    assert not list(life.spool.rglob("*" + JOURNAL_SUFFIX))
    assert check(life.spool, keys).problem is None


def test_a_chain_file_without_a_row_gets_its_row(begin_life: LifeMaker, keys: Keys) -> None:
    """S2: killed between the chain and the index."""
    first = begin_life()
    first.begin()
    first.segment(0)
    first.segment(1)
    head = first.index.head()
    first.index._database.execute("DELETE FROM entries WHERE number = ?", (head.number,))
    life = begin_life()
    assert life.adopted.adopted == 1
    row = life.index.numbered(head.number)
    assert row is not None
    assert (row.sha256, row.kind, row.state) == (head.sha256, "segment", "waiting")
    assert (life.spool / (row.path or "")).is_file()
    assert check(life.spool, keys).problem is None


@pytest.mark.parametrize("damage", ["gone", "garbage"])
def test_a_lost_index_is_made_anew_from_the_chain(begin_life: LifeMaker, keys: Keys, damage: str) -> None:
    """S2."""
    first = begin_life()
    first.begin()
    for number in range(3):
        first.segment(number)
    rows = [(row.number, row.sha256, row.path) for row in first.index.newest_first()]
    first.crash()
    for suffix in ("", "-wal", "-shm"):
        (first.spool / f"index.sqlite{suffix}").unlink(missing_ok=True)
    if damage == "garbage":
        (first.spool / "index.sqlite").write_bytes(b"not a database" * 1000)
    life = begin_life()
    assert [(row.number, row.sha256, row.path) for row in life.index.newest_first()][1:] == rows
    assert (life.spool / "aside").exists() == (damage == "garbage")


def test_an_altered_chain_file_without_a_row_is_set_aside_with_all_after_it(begin_life: LifeMaker) -> None:
    """S7."""
    first = begin_life()
    for _ in range(3):
        first.note(NoteKind.HEALTH)
    first.index._database.execute("DELETE FROM entries WHERE number > 2")
    file = first.spool / "chain" / "0000000003.jws"
    file.write_text(file.read_text()[:-3] + "AAA")
    life = begin_life()
    assert life.adopted.problems == ["chain-damaged"]
    assert len(list((life.spool / "aside").iterdir())) == 2
    assert life.ledger.head.number == 3  # this life's own note
    assert [entry.number for entry in life.entries()] == [1, 2, 3]


def test_files_gone_from_the_spool_are_reported_never_ignored(begin_life: LifeMaker) -> None:
    first = begin_life()
    first.begin()
    first.segment(0)
    first.segment(1)
    one, two = (segment.number for segment in first.segments())
    first.index.mark_receipted(one, first.receipt(one))
    shutil.rmtree(first.spool / "segments")
    life = begin_life()
    assert life.report.problems == ["segment-missing"]
    states = {number: row.state for number in (one, two) if (row := life.index.numbered(number))}
    assert states == {one: "pruned", two: "refused"}


def test_an_interrupted_deletion_is_finished(begin_life: LifeMaker) -> None:
    """S5."""
    first = begin_life()
    first.begin()
    first.segment(0)
    number = first.segments()[0].number
    first.index.mark_receipted(number, first.receipt(number))
    first.index.mark_pruned(number)
    life = begin_life()
    row = life.index.numbered(number)
    assert row is not None
    assert (row.state, row.path) == ("pruned", None)
    assert not list(life.spool.rglob("*.age"))


@pytest.mark.parametrize(
    ("stopped", "crashed_before", "cause"),
    [(False, False, GapCause.CRASHED), (True, False, GapCause.NOT_RUNNING), (True, True, GapCause.CRASHED)],
)
def test_the_gap_of_a_break_names_its_cause(
    begin_life: LifeMaker, stopped: bool, crashed_before: bool, cause: GapCause
) -> None:
    """S6."""
    life = begin_life()
    life.begin()
    life.segment(0)
    end = life.segments()[0].end
    if crashed_before:
        life = begin_life()
    if stopped:
        life.note(NoteKind.RECORDER_STOPPED)
    life = begin_life()
    run = life.begin()
    gap = life.entries()[-1]
    assert isinstance(gap, GapManifest)
    assert (gap.cause, gap.start, gap.end) == (cause, end, run.anchor)


def test_an_open_session_stays_open_over_a_crash(begin_life: LifeMaker) -> None:
    """S8."""
    session = secrets.token_hex(16)
    first = begin_life()
    first.note(NoteKind.SESSION_OPENED, session)
    torn_spool(first)
    life = begin_life()
    assert life.segments()[-1].session == session
    assert life.sessions.current is not None
    assert life.sessions.current.session == session
    life.begin(moment_at(present(), 10 * 90_000))  # the test's footage is longer than the test
    life.segment(2)
    assert life.segments()[-1].session == session
    gap = [entry for entry in life.entries() if isinstance(entry, GapManifest)][-1]
    assert gap.session == session


def test_recovering_twice_changes_nothing_more(begin_life: LifeMaker, keys: Keys) -> None:
    torn_spool(begin_life())
    first = begin_life()
    before = [entry for entry in first.entries() if entry.kind != "note"]
    second = begin_life()
    assert [entry for entry in second.entries() if entry.kind != "note"] == before
    assert not second.report.recovered
    assert check(second.spool, keys).problem is None
