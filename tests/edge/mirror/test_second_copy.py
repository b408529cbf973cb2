"""A real recorder and its second copy on another disk: either may vanish, fill up or lose a file."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from edge.recorder.command import GAVE_UP
from storage.manifest import GapCause, GapManifest, SegmentManifest
from storage.sealing import IdentityOpener
from storage.signing import PublicKey
from storage.verification import verify
from tests.edge.recorder.room import SHORT_SPOOL, Room
from tests.servers.failing_disk import FailingDisk, failing_disk
from tests.servers.small_disk import small_disk


@contextmanager
def room_with_copy(place: Path, mirror: Path) -> Iterator[Room]:
    room = Room(place, settings=f'mirror_directory = "{mirror}"\n')
    room.start()
    try:
        room.enrol(spool=SHORT_SPOOL)
        room.wait_until("recording")
        yield room
    finally:
        if room.process is not None:
            room.stop()


def wait_for(what: Callable[[], object], timeout_s: float = 40.0) -> None:
    until_s = time.monotonic() + timeout_s
    while not what():
        assert time.monotonic() < until_s, "it did not come in time"
        time.sleep(0.2)


def segments(room: Room) -> list[SegmentManifest]:
    return [one for one in room.entries() if isinstance(one, SegmentManifest)]


def copies(room: Room, mirror: Path) -> list[Path]:
    return sorted((mirror / room.centre.device / "segments").glob("*/*.mp4.age"))


def brought_ns(room: Room, gap: GapManifest) -> int:
    """How much of a gap the second copy has filled."""
    spans = [(one.start.mono_ns, one.end.mono_ns) for one in segments(room) if one.replaces is not None]
    return sum(max(0, min(end, gap.end.mono_ns) - max(start, gap.start.mono_ns)) for start, end in spans)


def verify_whole(room: Room) -> None:
    """Every entry, hash and byte of the stopped room: sound, whatever was lost on one of the disks."""
    key = room.ask("identity")["chain_key"]
    room.stop()
    report = verify(
        room.spool, [PublicKey.from_text(key)], identity=IdentityOpener(room.centre.identity), thorough=True
    )
    assert report.ok, report


def test_a_lost_file_of_the_spool_comes_back_from_the_second_copy(tmp_path: Path) -> None:
    with small_disk(60) as mirror, room_with_copy(tmp_path, mirror) as room:
        wait_for(lambda: len(segments(room)) >= 3)
        wait_for(lambda: len(copies(room, mirror)) >= 3)
        room.kill()
        lost = segments(room)[1]
        (room.spool / "segments" / lost.run / f"{lost.sequence:06d}.mp4.age").unlink()
        room.start()
        room.wait_until("recording", 30)
        wait_for(lambda: any(one.replaces for one in segments(room)))
        restored = next(one for one in segments(room) if one.replaces)
        assert restored.run == lost.run
        assert abs(restored.start.mono_ns - lost.start.mono_ns) < 50_000_000
        assert abs(restored.end.mono_ns - lost.end.mono_ns) < 50_000_000
        both = [one.opened.fragments[0].sha256 for one in (restored, lost)]
        assert both[0] == both[1]  # the very same fragments, sealed a second time
        verify_whole(room)


def test_a_second_disk_that_vanishes_hurts_nobody_and_is_used_again(tmp_path: Path) -> None:
    with small_disk(60) as mirror, room_with_copy(tmp_path, mirror) as room:
        wait_for(lambda: room.ask("status")["mirror"]["state"] == "ok")
        gaps = [one for one in room.entries() if isinstance(one, GapManifest)]
        shutil.rmtree(mirror / room.centre.device)
        subprocess.run(["umount", "--lazy", str(mirror)], check=True)
        wait_for(lambda: room.ask("status")["mirror"]["state"] == "lost")
        problems = [one["code"] for one in room.ask("status")["problems"]]
        assert "mirror-lost" in problems
        assert room.ask("status")["state"] == "recording"
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=60m", "tmpfs", str(mirror)], check=True)
        wait_for(lambda: room.ask("status")["mirror"]["state"] == "ok")
        wait_for(lambda: copies(room, mirror))
        assert [one for one in room.entries() if isinstance(one, GapManifest)] == gaps


@pytest.mark.long
def test_what_a_full_first_disk_missed_is_brought_from_the_second(tmp_path: Path) -> None:
    with small_disk(80) as first, small_disk(60) as mirror, room_with_copy(first, mirror) as room:
        wait_for(lambda: len(segments(room)) >= 1)
        ballast = first / "ballast"
        ballast.write_bytes(bytes(35_000_000))
        room.wait_until("stopped", 20)
        time.sleep(12)
        ballast.unlink()
        room.wait_until("recording", 20)
        full = next(one for one in room.entries() if isinstance(one, GapManifest) and one.cause is GapCause.DISK_FULL)
        assert full.end.mono_ns - full.start.mono_ns > 10_000_000_000
        wait_for(lambda: brought_ns(room, full) >= 0.95 * (full.end.mono_ns - full.start.mono_ns), 60)
        verify_whole(room)


@pytest.mark.long
def test_a_first_disk_that_fails_leaves_no_hole(tmp_path: Path) -> None:
    with failing_disk(200) as first, small_disk(60) as mirror:
        (first.place / "data").mkdir()
        (tmp_path / "data").symlink_to(first.place / "data")
        with room_with_copy(tmp_path, mirror) as room:
            fail_and_mend(room, first)


def fail_and_mend(room: Room, first: FailingDisk) -> None:
    wait_for(lambda: len(segments(room)) >= 1)
    wait_for(lambda: room.ask("status")["mirror"]["state"] == "ok")
    first.fail()
    wait_for(lambda: "spool-failed" in [one["code"] for one in room.ask("status")["problems"]])
    time.sleep(12)
    first.come_back()
    assert room.process is not None
    assert room.process.wait(20) == GAVE_UP  # to be started anew, as systemd would
    room.start()
    room.wait_until("recording", 30)
    gap = next(one for one in room.entries() if isinstance(one, GapManifest) and one.track == "all")
    restart_ns = 5_000_000_000  # while no process was there
    wait_for(lambda: brought_ns(room, gap) >= gap.end.mono_ns - gap.start.mono_ns - restart_ns, 60)
    verify_whole(room)
