"""Presence mode with real parts: a made scene from a file, the real recorder, spool and chain (S6, S11, S12)."""

from __future__ import annotations

import itertools
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from storage.manifest import GapCause, GapManifest, Moment, NoteKind, NoteManifest, SegmentManifest
from storage.sealing import IdentityOpener
from storage.signing import SigningKey
from storage.verification import verify
from tests.edge.presence.made_film import make_film
from tests.edge.presence.made_scene import Figure, Scene
from tests.edge.recorder.room import Room

BY = {"officer": secrets.token_hex(16), "signed_in": "offline"}
SAID = "您好，请坐。您今天来反映什么问题？我家的补偿款一直没有发下来。"


@contextmanager
def standing_by(directory: Path, film: Path, **recording: Any) -> Iterator[Room]:
    room = Room(directory)
    room.start()
    try:
        source = {"kind": "file", "path": str(film)}
        room.enrol(camera=source, microphone=source, recording={"mode": "presence", **recording})
        yield room
    finally:
        if room.process is not None:
            room.stop()


def segments(room: Room) -> list[SegmentManifest]:
    return [entry for entry in room.entries() if isinstance(entry, SegmentManifest)]


def planned(room: Room) -> list[GapManifest]:
    causes = (GapCause.NOBODY_PRESENT, GapCause.OUTSIDE_HOURS)
    return [entry for entry in room.entries() if isinstance(entry, GapManifest) and entry.cause in causes]


def pauses(room: Room) -> list[str | None]:
    kind = NoteKind.RECORDING_PAUSED
    return [entry.detail for entry in room.entries() if isinstance(entry, NoteManifest) and entry.note is kind]


def check_whole(room: Room) -> None:
    """S6: from the first run on, every moment lies in a segment or in a signed gap; and the verifier agrees."""
    spans: list[tuple[Moment, Moment]] = []
    for entry in room.entries():
        if isinstance(entry, SegmentManifest) or (isinstance(entry, GapManifest) and entry.track == "all"):
            spans.append((entry.start, entry.end))
    spans.sort(key=lambda span: span[0].mono_ns)
    for (_, end), (start, _) in itertools.pairwise(spans):
        assert abs(start.mono_ns - end.mono_ns) < 60_000_000
    key = SigningKey.load(room.data / "recorder" / "keys" / "chain.key").public
    report = verify(room.spool, [key], [room.centre.key.public], IdentityOpener(room.centre.identity), thorough=True)
    assert report.problem is None


def test_a_session_and_another_mode_open_it_at_once_and_break_no_run(tmp_path: Path) -> None:
    film = make_film(tmp_path / "still.mkv", 20)
    source = {"kind": "file", "path": str(film)}
    with standing_by(tmp_path, film) as room:
        status = room.wait_until("standby")
        assert (status["recording"], status["mode"], status["standby_cause"]) == (False, "presence", "nobody-present")
        time.sleep(3)
        assert not list(room.spool.rglob("*.age*"))
        assert not any(problem["degrading"] for problem in room.ask("status")["problems"])
        opened = room.ask("open_session", session=(session := secrets.token_hex(16)), **BY)
        assert opened["ok"]
        assert room.ask("status")["standby_cause"] is None  # the gate was open when the answer came
        assert room.wait_until("recording", 2)["recording"] is True
        time.sleep(0.5)
        assert room.ask("close_session", session=session, **BY)["ok"]
        assert room.ask("status")["state"] == "recording"  # half a minute more
        for version, mode in ((2, "always"), (3, "presence")):
            orders = room.centre.configuration(version, camera=source, microphone=source, recording={"mode": mode})
            assert room.ask("configure", configuration=orders, sealing=room.centre.sealing())["ok"]
        assert room.ask("status")["state"] == "recording"
        room.stop()
    kept = segments(room)
    assert opened["opened_wall_ns"] - kept[0].start.wall_ns > 2_000_000_000  # what was held went along
    assert session in {one.session for one in kept}
    assert len({one.run for one in kept}) == 1
    assert pauses(room) == ["nobody-present"]
    check_whole(room)


def test_who_comes_in_is_recorded_from_before_the_door_opened(tmp_path: Path) -> None:
    """The short form: the film begins five seconds before the visit, so all of it is held; then nothing is kept."""
    film = make_film(tmp_path / "visit.mkv", 20, (Figure(5, 14, walk_s=2),), ((7, SAID),))
    with standing_by(tmp_path, film) as room:
        room.wait_until("standby")
        status = room.wait_until("recording", 12)
        time.sleep(1)
        assert any(room.ask("status")["presence"][kind] for kind in ("movement", "voice"))
        room.stop()
    assert status["presence"]["last_wall_ns"] - segments(room)[0].start.wall_ns > 3_500_000_000
    check_whole(room)


@pytest.mark.long
@pytest.mark.timeout(300)
def test_a_visit_is_recorded_whole_and_nothing_else(tmp_path: Path) -> None:
    """An empty room whose lamps are switched, a visit of half a minute, and an empty room again."""
    scene = Scene(320, 180, light=lambda t: 0.35 if 10 <= t < 25 else 1.0)
    film = make_film(tmp_path / "visit.mkv", 180, (Figure(60, 80, walk_s=4),), ((65, SAID), (72, SAID)), scene)
    with standing_by(tmp_path, film, presence={"post_roll_s": 30}) as room:
        begun_ns = time.time_ns()
        room.wait_until("standby")
        time.sleep(52)
        assert segments(room) == []
        room.wait_until("recording", 20)
        room.wait_until("standby", 90)
        time.sleep(12)
        room.stop()
    kept = segments(room)
    start_s, end_s = ((at - begun_ns) / 1e9 for at in (kept[0].start.wall_ns, kept[-1].end.wall_ns))
    assert 60 - 41 < start_s < 60 - 30 + 0.5
    assert 84 + 30 - 3 < end_s < 84 + 30 + 6
    assert pauses(room) == ["nobody-present"] * 2
    assert len({one.run for one in kept}) == 1
    check_whole(room)
