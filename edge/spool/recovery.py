"""At start: finishes or sets aside what a crash left, before anything new is written. Deletes no footage.

The room can't open its own footage: the journal beside a torn segment says what was in it, and the age file's whole
chunks how much of that survived. Every step may itself be cut short and is simply done again at the next start.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from edge.spool.aside import set_aside
from edge.spool.disk_room import is_out_of_room
from edge.spool.index import SpoolIndex
from edge.spool.index_repair import salvage
from edge.spool.ledger import Ledger, chain_file
from edge.spool.open_segment import JOURNAL_SUFFIX, OPEN_SUFFIX, SEGMENT_SUFFIX, segment_name
from edge.spool.pruning import finish_or_leave
from edge.spool.run_keeper import SessionAt
from edge.spool.torn_segment import TornSegment, finish_torn, journal_is_empty, read_torn
from storage.chain import check_link, open_entry
from storage.errors import StorageError
from storage.manifest import Moment, SegmentManifest
from storage.sealing import opened_length
from storage.signing import jws_sha256

log = structlog.get_logger("spool")
ADOPTED_AT_ONCE = 500


@dataclass
class RecoveryReport:
    """What was found. `problems` are codes for the status; each is logged with its place."""

    adopted: int = 0
    recovered: list[SegmentManifest] = field(default_factory=list)
    set_aside: list[str] = field(default_factory=list)
    damaged: bool = False  # something set aside did hold footage once
    problems: list[str] = field(default_factory=list)

    @property
    def last_end(self) -> Moment | None:
        return self.recovered[-1].end if self.recovered else None


def recover(spool: Path, index: SpoolIndex, ledger: Ledger, session_at: SessionAt) -> RecoveryReport:
    """Bring files and rows back together. The chain must have been adopted already."""
    report = RecoveryReport()
    finish_deletions(spool, index)
    recover_segments(spool, index, ledger, session_at, report)
    report_missing(spool, index, report)
    return report


def adopt_chain(spool: Path, index: SpoolIndex, ledger: Ledger, damaged: Path | None = None) -> RecoveryReport:
    """Chain files beyond the last row get their rows (S2). One that does not fit is set aside with all after it.

    `damaged`: the index that this one replaces.
    """
    report = RecoveryReport()
    for leftover in (spool / "chain").glob(".*.part"):
        with contextlib.suppress(OSError):
            leftover.unlink()
    more = True
    while more:
        with index.together():  # thousands where the whole index is made anew
            more = _adopt_some(spool, ledger, report)
    if damaged is not None:
        salvage(index, damaged)
    return report


def _adopt_some(spool: Path, ledger: Ledger, report: RecoveryReport) -> bool:
    """Whether there may be more."""
    for _ in range(ADOPTED_AT_ONCE):
        if not (file := chain_file(spool, ledger.head.number + 1)).exists():
            return False
        try:
            jws = file.read_text(encoding="ascii")
            manifest = open_entry(jws, ledger.key.public)
            check_link(ledger.head, manifest, jws_sha256(jws))
        except (OSError, StorageError, UnicodeDecodeError) as error:
            log.error("chain-damaged", number=ledger.head.number + 1, error=type(error).__name__)
            report.problems.append("chain-damaged")
            _set_aside_chain(spool, ledger.head.number + 1, report)
            return False
        path = segment_name(manifest.run, manifest.sequence) if isinstance(manifest, SegmentManifest) else None
        ledger.adopt(manifest, jws, jws_sha256(jws), path)
        report.adopted += 1
        if path is not None:
            (spool / (path + JOURNAL_SUFFIX)).unlink(missing_ok=True)
    return True


def finish_deletions(spool: Path, index: SpoolIndex) -> None:
    """Deletions that a crash interrupted (S5)."""
    for number, path, _, state in index.claiming_files():
        if state in ("pruned", "expired"):
            finish_or_leave(spool, index, number, path)


def recover_segments(
    spool: Path, index: SpoolIndex, ledger: Ledger, session_at: SessionAt, report: RecoveryReport
) -> None:
    """Segment files that no row names become recovered segments, oldest first, or are set aside."""
    torn: list[TornSegment] = []
    for file in _unnamed(spool, index):
        with _going_on(file, report):
            found = read_torn(spool, file)
            if found is None:
                _set_segment_aside(spool, file, report)
            else:
                torn.append(found)
    for segment in sorted(torn, key=lambda segment: (segment.header.anchor.wall_ns, segment.header.sequence)):
        with _going_on(segment.file, report):
            report.recovered.append(finish_torn(spool, segment, ledger, session_at))
            log.warning("segment-recovered", run=segment.header.run, sequence=segment.header.sequence)


@contextlib.contextmanager
def _going_on(file: Path, report: RecoveryReport) -> Iterator[None]:
    """A file that the disk can't give stops nothing: it stays as it is for a start at which it can, and is told of."""
    try:
        yield
    except OSError as error:
        if is_out_of_room(error):
            raise
        log.error("segment-unreadable", name=file.name, error=type(error).__name__, errno=error.errno)
        report.damaged = True
        report.problems.append("segment-missing")


def report_missing(spool: Path, index: SpoolIndex, report: RecoveryReport) -> None:
    """Rows whose file is gone: never silently. What the archive has is marked pruned, the rest is set aside."""
    for number, path, size, state in index.claiming_files():
        if state in ("pruned", "expired") or _stands(spool / path, size):
            continue
        log.error("segment-missing", number=number, state=state)
        if state == "receipted":
            index.mark_pruned(number)
            finish_or_leave(spool, index, number, path)
        elif state == "waiting":
            index.mark_refused(number, "file-missing")
            report.problems.append("segment-missing")


def _stands(file: Path, size: int) -> bool:
    try:
        return file.is_file() and file.stat().st_size == size
    except OSError as error:  # the disk can't tell: the same as gone, until a start at which it can
        log.error("segment-unreadable", error=type(error).__name__, errno=error.errno)
        return False


def _unnamed(spool: Path, index: SpoolIndex) -> Iterator[Path]:
    named = {path for _, path, _, _ in index.claiming_files()}
    for file in _files(spool / "segments"):
        if file.name.endswith((SEGMENT_SUFFIX, SEGMENT_SUFFIX + OPEN_SUFFIX)):
            if file.relative_to(spool).as_posix() not in named:
                yield file
        elif file.name.endswith(JOURNAL_SUFFIX) and not _has_segment(file):
            with contextlib.suppress(OSError):
                file.unlink()  # what it described is in the chain, or never came to be


def _files(segments: Path) -> list[Path]:
    """Of every run whose folder can be read."""
    found: list[Path] = []
    for run in sorted(segments.iterdir()) if segments.is_dir() else []:
        try:
            found += sorted(run.iterdir())
        except NotADirectoryError:
            continue
        except OSError as error:
            log.error("run-unreadable", run=run.name, error=type(error).__name__, errno=error.errno)
    return found


def _has_segment(journal: Path) -> bool:
    segment = journal.with_name(journal.name.removesuffix(JOURNAL_SUFFIX))
    return segment.exists() or segment.with_name(segment.name + OPEN_SUFFIX).exists()


def _set_segment_aside(spool: Path, file: Path, report: RecoveryReport) -> None:
    journal = file.with_name(file.name.removesuffix(OPEN_SUFFIX) + JOURNAL_SUFFIX)
    report.damaged = report.damaged or (opened_length(file) > 0 and not journal_is_empty(journal))
    report.set_aside.append(set_aside(spool, file))
    if journal.exists():
        set_aside(spool, journal)
    log.warning("segment-set-aside", name=report.set_aside[-1])


def _set_aside_chain(spool: Path, number: int, report: RecoveryReport) -> None:
    while (file := chain_file(spool, number)).exists():
        report.set_aside.append(set_aside(spool, file))
        number += 1
