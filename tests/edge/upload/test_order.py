"""What goes next, as the spool itself gives it: an old backlog never stands before today's sessions."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.agent.spool_reader import SpoolReader
from tests.fakes.room_sockets import RecorderSocket

OLD, MIDDLE, TODAY = "1" * 32, "2" * 32, "3" * 32


@pytest.fixture
def spool(tmp_path: Path) -> SpoolReader:
    recorder = RecorderSocket(tmp_path / "data", tmp_path / "run" / "recorder.sock")
    for session in (OLD, OLD, None, MIDDLE, OLD, None, TODAY, TODAY):
        recorder.add_segment(b"sealed", session)
    return SpoolReader(recorder.spool)


def numbers(spool: SpoolReader, condition: str, session: str = "", up_to: int = 99, limit: int = 99) -> list[int]:
    return [one.number for one in spool.waiting_segments(up_to, condition, session, limit)]


def test_the_newest_closed_session_goes_first_whole_and_in_its_own_order(spool: SpoolReader) -> None:
    assert numbers(spool, "closed-session") == [7, 8, 1, 2, 5, 4]
    assert numbers(spool, "closed-session", session=TODAY) == [1, 2, 5, 4]
    assert numbers(spool, "closed-session", limit=2) == [7, 8]


def test_the_open_session_and_the_rest_go_from_the_oldest_on(spool: SpoolReader) -> None:
    assert numbers(spool, "open-session", session=OLD) == [1, 2, 5]
    assert numbers(spool, "no-session") == [3, 6]


def test_what_the_centre_has_no_entry_of_waits(spool: SpoolReader) -> None:
    assert numbers(spool, "closed-session", up_to=4) == [1, 2, 4]


def test_new_footage_is_counted_once(spool: SpoolReader) -> None:
    assert spool.sealed_after(0) == (48, 8)
    assert spool.sealed_after(8) == (0, 8)
    assert spool.sealed_after(6) == (12, 8)
