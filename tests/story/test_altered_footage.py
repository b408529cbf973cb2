"""Sealed files altered in the room before they were brought away: refused, set aside, an alarm; the rest goes on."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from demo.evidence import fetch_archive
from demo.viewer import Viewer
from storage.layout import manifest_key, sealed_key
from storage.manifest import SegmentManifest
from storage.verification import verify
from tests.story.archive_reader import versions
from tests.story.standing_house import SpoolRow, StandingHouse

DONE = {"receipted", "pruned"}
CASE = "SHA-ALTERED-0001"
pytestmark = pytest.mark.timeout(200)


@dataclass(frozen=True)
class Altered:
    """`rows` by what was done to the file."""

    session: str
    rows: dict[str, SpoolRow]
    manifests: list[SegmentManifest]
    last_number: int

    @property
    def numbers(self) -> set[int]:
        return {row.number for row in self.rows.values()}


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandingHouse]:
    """A house of its own: what is altered here stays on record."""
    house = StandingHouse(tmp_path_factory.mktemp("altered"))
    try:
        house.start()
        yield house
    finally:
        house.stop()


@pytest.fixture(scope="module")
def altered(own: StandingHouse) -> Altered:
    """While the agent sleeps one segment of the session is changed in one bit, another one loses its end."""
    with own.at_the_desk() as desk:
        session = desk.open_session(CASE)
        own.wait(1)
        agent = own.house._children["agent"].process
        agent.send_signal(signal.SIGSTOP)
        try:
            rows = dict(zip(("one bit", "cut short"), two_segments(own, session), strict=True))
            turn_one_bit(own.spool / (rows["one bit"].path or ""))
            cut_short(own.spool / (rows["cut short"].path or ""))
        finally:
            agent.send_signal(signal.SIGCONT)
        own.wait(3)
        desk.close_session(session)
        own.wait(2)
    numbers = {row.number for row in rows.values()}
    return Altered(session, rows, [one for one in own.segments(0) if one.number in numbers], own.head())


def two_segments(own: StandingHouse, session: str) -> list[SpoolRow]:
    """Two of the session's segments that nobody has brought away yet.

    Not the first that waits: the agent may have been stopped with its bytes on their way already.
    """
    deadline = time.monotonic() + 30
    while True:
        mine = [one.number for one in own.segments(0) if one.session == session]
        waiting = [row for row in own.spool_rows() if row.number in mine and row.state == "waiting"]
        if len(waiting) >= 3:
            return waiting[1:3]
        assert time.monotonic() < deadline, "no segment was sealed"
        time.sleep(0.2)


def turn_one_bit(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def cut_short(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)


def test_they_are_refused_with_the_reason_and_the_rest_goes_on(own: StandingHouse, altered: Altered) -> None:
    began_s = time.monotonic()
    others_settled = own.wait(60, lambda: refused_and_the_rest_archived(own, altered), step_s=0.5)
    print(f"set aside and all the rest archived {time.monotonic() - began_s:.1f} s later")
    states = {row.number: (row.kind, row.state) for row in own.spool_rows()}
    assert others_settled, (altered.numbers, states, own.centre_rows())
    assert not {sealed_key(one) for one in altered.manifests} & {key for key, _ in versions(own)}


def refused_and_the_rest_archived(own: StandingHouse, altered: Altered) -> bool:
    last = altered.last_number
    here = {row.number: row.state for row in own.spool_rows() if row.kind == "segment" and row.number <= last}
    there = {row.number: row.state for row in own.centre_rows() if row.number <= last}
    refused = {number for states in (here, there) for number, state in states.items() if state == "refused"}
    rest = [state for number, state in [*here.items(), *there.items()] if number not in altered.numbers]
    return refused == altered.numbers and there.keys() == set(range(1, last + 1)) and set(rest) <= DONE


def test_both_sides_say_so(own: StandingHouse, altered: Altered) -> None:
    assert own.wait(60, lambda: refused_and_the_rest_archived(own, altered), step_s=0.5)
    supervisor = own.house.accounts["supervisor"]
    administrator = own.house.accounts["administrator"]
    with Viewer(own.house.centre_url) as viewer:
        viewer.sign_in(administrator.name, administrator.password)
        alarms = viewer._get("/api/alarms").json()
        assert {alarm["code"] for alarm in alarms} == {"bytes-differ"}
        assert sum(alarm["count"] for alarm in alarms) == 2
    with own.at_the_desk() as desk:
        assert own.wait(10, lambda: "entries-refused" in [one["code"] for one in desk.status()["problems"]])
        assert desk.status()["backlog_segments"] <= 1, "what was refused is no backlog"
    with Viewer(own.house.centre_url) as viewer:
        viewer.sign_in(supervisor.name, supervisor.password)
        assert viewer.find(CASE) == [altered.session]
        replayed = viewer.fetch(viewer.open_player(altered.session, "核对被改动的片段"))
    assert [one["cause"] for one in replayed.timeline["missing"]] == ["damaged"]
    assert replayed.segments >= 1, "the rest plays"


def test_the_file_is_kept_and_verification_names_it(own: StandingHouse, altered: Altered) -> None:
    assert all((own.spool / (row.path or "")).exists() for row in altered.rows.values())
    report = verify(own.spool, [own.device_key()], [own.centre_key], own.opener)
    assert report.problem is not None
    assert report.problem.place == f"chain/{min(altered.numbers):010d}.jws"
    print(report.problem.message_en)


def test_the_archive_is_sound_without_what_was_refused(own: StandingHouse, altered: Altered) -> None:
    """Its chain has their entries, so that the absence of their bytes is said, and nothing else is in doubt."""
    assert own.wait(60, lambda: refused_and_the_rest_archived(own, altered), step_s=0.5)
    kept = own.wait(20, lambda: {manifest_key(one) for one in altered.manifests} <= {key for key, _ in versions(own)})
    assert kept
    report = verify(fetch_archive(own.house), [own.device_key()], [own.centre_key], own.opener)
    assert report.problem is None
    assert report.not_here >= len(altered.numbers)
