"""Commands that wait for a disk which hangs: refused after a while, done all the same, answered alike when repeated."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from edge.recorder.patience import Patience
from edge.recorder.refusal import Refusal


class Disk:
    """Hangs until `free` is set; counts what was written."""

    def __init__(self) -> None:
        self.free = threading.Event()
        self.writes = 0

    def write(self) -> dict[str, Any]:
        self.free.wait(10)
        self.writes += 1
        return {"written": self.writes}


def test_what_is_quick_is_answered_and_may_be_done_again() -> None:
    disk, patience = Disk(), Patience()
    disk.free.set()
    assert patience.do("a", disk.write) == {"written": 1}
    assert patience.do("a", disk.write) == {"written": 2}


def test_a_repeat_gets_the_answer_of_what_is_still_in_hand() -> None:
    disk, patience = Disk(), Patience(0.05)
    for _ in range(3):
        with pytest.raises(Refusal, match="does not answer") as refused:
            patience.do("close", disk.write)
        assert refused.value.code == "disk-hangs"
    disk.free.set()
    assert patience.do("close", disk.write) == {"written": 1}
    assert disk.writes == 1


def test_two_who_ask_the_same_at_once_get_one_answer() -> None:
    disk, patience = Disk(), Patience(5)
    with ThreadPoolExecutor(2) as pool:
        answers = [pool.submit(patience.do, "open", disk.write) for _ in range(2)]
        disk.free.set()
        assert {str(answer.result()) for answer in answers} <= {str({"written": 1}), str({"written": 2})}


def test_what_went_wrong_is_said_to_who_waited() -> None:
    def refuse() -> dict[str, Any]:
        raise Refusal("session-open", "已有", "open")

    with pytest.raises(Refusal, match="open"):
        Patience().do("open", refuse)


def test_no_more_wait_than_may() -> None:
    disk, patience = Disk(), Patience(0.05, most=2)
    for key in ("a", "b", "c"):
        with pytest.raises(Refusal):
            patience.do(key, disk.write)
    disk.free.set()
    patience.do("a", disk.write)
    patience.do("b", disk.write)
    assert patience.do("c", disk.write) == {"written": 3}
