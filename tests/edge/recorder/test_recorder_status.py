"""What the recorder says about itself, and how well it knows the time."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from edge.recorder.attendant import Problem, Report
from edge.recorder.clock import describe, read_clock_state
from edge.recorder.problems import PROBLEMS
from edge.recorder.status import Facts, describe_status, problems_of, state_of
from edge.segment.sink import SourceState
from edge.spool.figures import Backlog
from storage.manifest import Moment

NOW = Moment(wall_ns=10**18, mono_ns=10**12)
WELL = Facts(NOW, pinned=True, configured=True, version="1", settled=NOW, disk_free_bytes=10**12)
LOST = SourceState("camera", "video", "lost", 5, "camera-busy", "占用", "busy")


@pytest.mark.parametrize(
    ("changes", "state", "codes"),
    [
        ({}, "recording", []),
        ({"pinned": False}, "unenrolled", []),
        ({"configured": False}, "unconfigured", []),
        ({"settled": None}, "starting", []),
        ({"halted": True}, "stopped", ["disk-full"]),
        ({"sources": (LOST,)}, "degraded", []),
        ({"settled": Moment(wall_ns=1, mono_ns=10**12 - 6 * 10**9)}, "degraded", ["footage-late"]),
        ({"settled": Moment(wall_ns=1, mono_ns=10**9), "standby": True}, "standby", []),
        ({"settled": None, "standby": True}, "standby", []),
        ({"settled": None, "standby": True, "held_mono_ns": 10**12 - 10**9}, "standby", []),
        ({"settled": None, "standby": True, "held_mono_ns": 10**12 - 6 * 10**9}, "degraded", ["standby-blind"]),
        ({"sources": (LOST,), "standby": True}, "degraded", []),
        ({"settled": None, "keeping_since_mono_ns": 10**12 - 4 * 10**9}, "starting", []),
        ({"settled": None, "keeping_since_mono_ns": 10**12 - 6 * 10**9}, "starting", ["footage-late"]),
        ({"settled": Moment(wall_ns=1, mono_ns=10**9), "keeping_since_mono_ns": 10**12 - 10**9}, "recording", []),
        ({"queued_90k": 6 * 90_000}, "degraded", ["disk-slow"]),
        ({"reports": (Report((Problem("disk-low", degrading=False, figure=7),)),)}, "recording", ["disk-low"]),
        ({"backlog": Backlog(0, 0, None, 2)}, "recording", ["entries-refused"]),
        ({"clock_synchronized": False}, "recording", ["clock-unsynchronised"]),
        ({"lasting_problems": ("chain-damaged",)}, "recording", ["chain-damaged"]),
    ],
)
def test_one_word_and_every_reason(changes: dict[str, Any], state: str, codes: list[str]) -> None:
    facts = replace(WELL, **changes)
    problems = problems_of(facts)
    assert [problem.code for problem in problems] == codes
    assert state_of(facts, problems) == state
    status = describe_status(facts, since_wall_ns=7)
    assert (status["state"], status["since_wall_ns"]) == (state, 7)
    assert [problem["code"] for problem in status["problems"]] == codes


def test_every_problem_has_both_languages() -> None:
    for message, message_en in PROBLEMS.values():
        assert not message.isascii()
        assert message_en.isascii()


def test_a_source_is_shown_as_it_said() -> None:
    (source,) = describe_status(replace(WELL, sources=(LOST,)), 0)["sources"]
    assert (source["name"], source["state"], source["code"], source["since_wall_ns"]) == (
        "camera", "lost", "camera-busy", 5,
    )  # fmt: skip


def test_the_kernels_numbers_are_read_in_their_units() -> None:
    assert describe(0, 0x2001, -1500, 20, "systemd-timesyncd").model_dump() == {
        "source": "systemd-timesyncd", "synchronized": True, "offset_ns": -1500, "uncertainty_ns": 21_500,
    }  # fmt: skip
    unsynchronised = describe(5, 0x40, 3, 16_000_000, "kernel")
    assert (unsynchronised.synchronized, unsynchronised.offset_ns) == (False, 3_000)


def test_the_kernel_answers_here() -> None:
    state = read_clock_state()
    assert state.source != "unknown"
    assert state.synchronized is not None
