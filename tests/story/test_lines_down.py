"""The centre stopped, the archive killed, in mid-session: nothing is lost, everything arrives once."""

from __future__ import annotations

import hashlib
import os
import secrets
import signal
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from demo.viewer import Viewer
from storage.chain import EMPTY, check_link
from storage.coverage import uncovered
from storage.manifest import SegmentManifest
from storage.receipt import open_receipt
from storage.signing import jws_sha256
from tests.story.archive_reader import fetch, versions
from tests.story.standing_house import StandingHouse

SHORT_S, LONG_S = 15.0, 120.0
MUCH = 20_000  # bytes: more than any question, less than any segment
SETTLED_S = 90.0
STALE_S = 20.0
pytestmark = pytest.mark.timeout(300)


def check_once(standing: StandingHouse, since_wall_ns: int) -> None:
    """The centre's rows are the room's chain; each object stands once in the archive, as its receipt says."""
    head = standing.head()
    assert standing.wait(SETTLED_S, lambda: standing.all_archived(head), step_s=0.5), unsettled(standing, head)
    here = [row for row in standing.spool_rows() if row.number <= head]
    there = [row for row in standing.centre_rows() if row.number <= head]
    assert [(row.number, row.sha256) for row in there] == [(row.number, row.sha256) for row in here]
    check_chain(standing)
    stored = Counter(key for key, _ in versions(standing, "rooms/"))
    assert not {key: count for key, count in stored.items() if count > 1}
    assert {row.object_key for row in there} <= stored.keys()
    kept = {row.sha256: row for row in here if row.kind == "segment"}
    for row in (one for one in there if one.kind == "segment"):
        receipt = open_receipt(kept[row.sha256].receipt or "", standing.centre_key)
        assert (receipt.manifest_sha256, receipt.version_id) == (row.sha256, row.version_id)
        assert hashlib.sha256(fetch(standing, row.object_key, row.version_id)).hexdigest() == row.sealed_sha256
    check_no_hole(standing, since_wall_ns)


def check_chain(standing: StandingHouse) -> None:
    head = EMPTY
    for row, manifest in zip(standing.spool_rows(), standing.chain(), strict=False):
        assert row.sha256 == jws_sha256(row.jws)
        head = check_link(head, manifest, row.sha256)


def check_no_hole(standing: StandingHouse, since_wall_ns: int) -> None:
    """Recording went on all the while: no gap on any track, no frame's length between two segments."""
    assert standing.gaps(since_wall_ns) == []
    segments = [one for one in standing.chain() if isinstance(one, SegmentManifest)]
    spans = [(one.start.wall_ns, one.end.wall_ns) for one in segments if one.end.wall_ns > since_wall_ns]
    assert uncovered(spans, 50_000_000) == []


def unsettled(standing: StandingHouse, head: int) -> str:
    there = {row.number: row.state for row in standing.centre_rows()}
    missing = [
        (row.number, row.kind, row.state, there.get(row.number)) for row in standing.spool_rows() if row.number <= head
    ]
    return f"after {SETTLED_S:.0f} s: {[one for one in missing if one[3] != 'receipted']}"


def without_the_centre(standing: StandingHouse, down_s: float) -> None:
    began_ns = time.time_ns()
    case_id = f"SHA-LINE-{secrets.token_hex(3).upper()}"  # one house serves several stories
    with standing.at_the_desk() as desk:
        first = desk.open_session(f"{case_id}-1")
        standing.wait(2)
        standing.house.stop_programs("center")
        down_until = time.monotonic() + down_s
        desk.close_session(first)
        second = desk.open_session("")
        standing.wait(2)
        desk.tag_session(second, f"{case_id}-2")
        desk.tag_session(second, f"{case_id}-3", replace=True, reason="编号输错一位")
        standing.wait(max(0.0, down_until - time.monotonic() - 2))
        shown = desk.status()
        assert shown["recording"]
        assert shown["backlog_segments"] >= 1
        assert shown["waiting_tags"] == 2
        assert shown["centre_reachable"] is (down_s < STALE_S)  # a restart of the centre is not worth a warning
        desk.close_session(second)
        standing.wait(max(0.0, down_until - time.monotonic()))
        back_s = time.monotonic()
        standing.house._start_one("center")
        check_once(standing, began_ns)
        print(f"centre down for {down_s:.0f} s: everything archived {time.monotonic() - back_s:.1f} s after its start")
        assert standing.wait(20, lambda: desk.status()["waiting_tags"] == 0)
    supervisor = standing.house.accounts["supervisor"]
    with Viewer(standing.house.centre_url) as viewer:
        viewer.sign_in(supervisor.name, supervisor.password)
        assert viewer.find(f"{case_id}-1") == [first]
        assert viewer.find(f"{case_id}-3") == [second]


def test_the_centre_stopped_during_a_session(standing: StandingHouse) -> None:
    without_the_centre(standing, SHORT_S)


@pytest.mark.long
def test_the_centre_stopped_for_two_minutes(standing: StandingHouse) -> None:
    without_the_centre(standing, LONG_S)


def bytes_under_way(port: int) -> int:
    """Bytes sent to `port` on this machine that its program has not read: at the sender's and at the receiver's end."""
    waiting = 0
    for line in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]:
        fields = line.split()
        here, there = (int(end.split(":")[1], 16) for end in fields[1:3])
        to_send, to_read = (int(queue, 16) for queue in fields[4].split(":"))
        if fields[3] == "01":
            waiting += (to_send if there == port else 0) + (to_read if here == port else 0)
    return waiting


def test_the_archive_killed_in_mid_upload(standing: StandingHouse) -> None:
    seaweed = standing.house._seaweed
    assert seaweed is not None
    assert seaweed.child is not None
    began_ns = time.time_ns()
    with standing.at_the_desk() as desk:
        session = desk.open_session("SHA-LINE-0004")
        standing.wait(1)
        port = seaweed.access.ports["s3"]
        seaweed.child.process.send_signal(signal.SIGSTOP)  # so that what is sent now is still on its way at the kill
        os.kill(seaweed.child.process.pid, 0)
        try:
            assert until(30, lambda: bytes_under_way(port) > MUCH), "no upload was under way"
            under_way = bytes_under_way(port)
        finally:
            seaweed.kill()
        time.sleep(5)
        assert desk.status()["recording"]
        back_s = time.monotonic()
        seaweed.start()
        standing.wait(3)
        desk.close_session(session)
        check_once(standing, began_ns)
        print(
            f"archive killed with {under_way} bytes on their way: everything archived"
            f" {time.monotonic() - back_s:.1f} s after its start"
        )


def until(seconds: float, done: Callable[[], bool]) -> bool:
    """Without the house's watch: what was killed stays down."""
    deadline = time.monotonic() + seconds
    while not done():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True
