"""The recorder as its neighbours meet it: a real process, its sockets, its files, its end."""

from __future__ import annotations

import base64
import io
import json
import secrets
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from config.room import PictureSettings
from storage.manifest import GapCause, GapManifest, NoteKind, NoteManifest, SegmentManifest
from storage.receipt import Receipt, sign_receipt
from storage.sealing import IdentityOpener
from storage.signing import PublicKey, SigningKey, decode_base64url, jws_sha256
from storage.verification import verify
from streaming.bus import Kind
from streaming.bus_reader import BusReader
from tests.edge.recorder.room import SMALL_PICTURE, Room, recording_room
from tests.servers.small_disk import small_disk

OFFICER = secrets.token_hex(16)
BY = {"officer": OFFICER, "signed_in": "offline"}


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    with recording_room(tmp_path_factory.mktemp("room")) as room:
        yield room


def wait_for_segment(room: Room, count: int = 1) -> list[SegmentManifest]:
    until_s = time.monotonic() + 10
    while time.monotonic() < until_s:
        segments = [entry for entry in room.entries() if isinstance(entry, SegmentManifest)]
        if len(segments) >= count:
            return segments
        time.sleep(0.05)
    raise TimeoutError("no segment")


def gaps(room: Room) -> list[GapManifest]:
    return [entry for entry in room.entries() if isinstance(entry, GapManifest)]


def test_before_enrolment_nothing_is_recorded(tmp_path: Path) -> None:
    """S10."""
    room = Room(tmp_path)
    room.start()
    try:
        assert room.wait_until("unenrolled")["run"] is None
        assert room.ask("open_session", session=secrets.token_hex(16), **BY)["code"] == "not-recording"
        assert room.ask("close_session", session=secrets.token_hex(16), **BY)["code"] == "not-recording"
        centre = room.centre
        orders = {"configuration": centre.configuration(), "sealing": centre.sealing()}
        assert room.ask("configure", **orders)["code"] == "not-pinned"
        assert not room.spool.exists()
        proof = room.ask("prove", challenge="c0ffee")
        identity = room.ask("identity")
        key = PublicKey.from_text(identity["chain_key"])
        key.verify_raw(decode_base64url(proof["signature"]), b"shilu-enrol-1\nc0ffee")
        assert (identity["fingerprint"], identity["pinned"]) == (key.fingerprint, False)
        assert room.ask("pin", centre_key=centre.key.public.text, device=centre.device, room=centre.room)["ok"]
        assert room.wait_until("unconfigured")["run"] is None
        assert not list(room.spool.rglob("*.age*"))
    finally:
        assert room.stop() == 0


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"\xff\xfe", "not-json"),
        (b"[1]", "not-a-command"),
        (b'{"command": "stop"}', "unknown-command"),
        (b'{"command": "status", "extra": 1}', "bad-argument"),
        (b'{"command": "close_session", "session": "short"}', "bad-argument"),
        (b'{"command": "receipt", "receipt": "a.b.c"}', "not-canonical"),
        (b"[" * 100_000, "not-json"),
    ],
)
def test_whatever_comes_is_answered_and_the_next_line_too(room: Room, line: bytes, code: str) -> None:
    with socket.socket(socket.AF_UNIX) as peer:
        peer.settimeout(5)
        peer.connect(str(room.socket))
        peer.sendall(line + b'\n{"command": "identity"}\n')
        answers = peer.makefile("rb")
        refused: dict[str, Any] = json.loads(answers.readline())
        assert (refused["ok"], refused["code"]) == (False, code)
        assert refused["message"]
        assert refused["message_en"]
        assert json.loads(answers.readline())["ok"] is True


def test_an_endless_line_is_cut_off(room: Room) -> None:
    with socket.socket(socket.AF_UNIX) as peer:
        peer.settimeout(5)
        peer.connect(str(room.socket))
        with pytest.raises((BrokenPipeError, ConnectionResetError)):  # noqa: PT012 - either end may notice first
            for _ in range(200):
                peer.sendall(b"x" * 65536)
            peer.recv(1)
            peer.sendall(b"x")
            raise ConnectionResetError
    assert room.ask("identity")["ok"] is True


def test_files_and_sockets_are_this_users_alone(room: Room) -> None:
    assert stat.S_IMODE(room.run.stat().st_mode) == 0o700
    for path in [room.socket, room.media, *room.data.rglob("*")]:
        allowed = 0o700 if path.is_dir() else 0o600
        assert stat.S_IMODE(path.stat().st_mode) | allowed == allowed, path


def test_no_core_is_dumped(room: Room) -> None:
    assert room.process is not None
    limits = Path(f"/proc/{room.process.pid}/limits").read_text()
    assert next(line for line in limits.splitlines() if "core file" in line).split()[4:6] == ["0", "0"]


def test_a_second_recorder_on_the_same_directory_is_refused(room: Room) -> None:
    settings = room.log.with_name("recorder.toml")
    second = subprocess.run(
        [sys.executable, "-m", "edge.recorder.command", "--settings", str(settings)],
        check=False, capture_output=True, text=True, timeout=20,
    )  # fmt: skip
    assert second.returncode == 1
    assert "Another recorder" in second.stderr
    assert room.ask("status")["state"] == "recording"


def test_a_session_from_opening_to_closing(room: Room) -> None:
    session, tag = secrets.token_hex(16), secrets.token_hex(32)
    opened = room.ask("open_session", session=session, **BY)
    assert opened["ok"]
    assert room.ask("open_session", session=session, **BY) == opened
    other = room.ask("open_session", session=secrets.token_hex(16), **BY)
    assert (other["code"], other["session"]) == ("session-open", session)
    tagged = room.ask("tag_session", session=session, tag_sha256=tag, **BY)
    assert room.ask("tag_session", session=session, tag_sha256=tag, **BY) == tagged
    status = room.ask("status")
    assert (status["session"], status["session_opened_wall_ns"]) == (session, opened["opened_wall_ns"])
    closed = room.ask("close_session", session=session, **BY)
    assert closed["closed_wall_ns"] > opened["opened_wall_ns"]
    assert room.ask("close_session", session=session, **BY)["code"] == "session-not-open"
    assert room.ask("open_session", session=session, **BY)["code"] == "session-closed"
    late = secrets.token_hex(32)
    assert room.ask("tag_session", session=session, tag_sha256=late, **BY)["ok"]
    assert room.ask("tag_session", session=secrets.token_hex(16), tag_sha256=late, **BY)["code"] == "session-unknown"
    notes = [entry for entry in room.entries() if isinstance(entry, NoteManifest) and entry.session == session]
    assert [(note.note, note.tag_sha256, note.officer, note.signed_in) for note in notes] == [
        (NoteKind.SESSION_OPENED, None, OFFICER, "offline"),
        (NoteKind.SESSION_TAGGED, tag, OFFICER, "offline"),
        (NoteKind.SESSION_CLOSED, None, OFFICER, "offline"),
        (NoteKind.SESSION_TAGGED, late, OFFICER, "offline"),
    ]


def test_a_segment_is_cut_where_a_session_begins(room: Room) -> None:
    session = secrets.token_hex(16)
    opened_wall_ns = room.ask("open_session", session=session, **BY)["opened_wall_ns"]
    time.sleep(0.5)
    room.ask("close_session", session=session, **BY)
    count = len(wait_for_segment(room))
    segments = wait_for_segment(room, count + 1)
    nearest = min(abs(segment.start.wall_ns - opened_wall_ns) for segment in segments)
    assert nearest < 500_000_000
    assert session in {segment.session for segment in segments}


def test_a_preview_is_a_small_jpeg(room: Room) -> None:
    picture = Image.open(io.BytesIO(base64.b64decode(room.ask("preview")["jpeg"])))
    assert picture.format == "JPEG"
    assert picture.width <= 640


def test_live_media_flows_with_its_description_first(room: Room) -> None:
    with BusReader(room.media, timeout_s=5) as reader:
        first = next(reader)
        description = first.description()
        assert (description["video"]["width"], description["audio"]["rate"]) == (SMALL_PICTURE.width, 48_000)
        assert description["run"] == room.ask("status")["run"]
        frames = [next(reader) for _ in range(60)]
        while not any(frame.kind is Kind.H264 for frame in frames) and len(frames) < 300:
            frames.append(next(reader))
    pictures = [frame for frame in frames if frame.kind is Kind.H264]
    assert pictures[0].key
    assert {len(frame.payload) for frame in frames if frame.kind is Kind.PCM} == {960}


def receipt_for(room: Room, jws: str, segment: SegmentManifest, key: SigningKey, **changes: Any) -> str:
    fields = {
        "manifest_sha256": jws_sha256(jws),
        "object_key": "rooms/x",
        "version_id": "v1",
        "sealed_sha256": segment.sealed.sha256,
        "size": segment.sealed.size,
        "received_wall_ns": time.time_ns(),
        "store": "local-not-worm",
        **changes,
    }
    return sign_receipt(Receipt.model_validate(fields), key)


def test_receipts_are_believed_only_from_the_centre_and_over_these_bytes(room: Room) -> None:
    """S4."""
    segment = wait_for_segment(room)[0]
    jws = (room.spool / "chain" / f"{segment.number:010d}.jws").read_text()
    centre = room.centre.key
    for receipt, code in (
        (receipt_for(room, jws, segment, SigningKey.generate()), "other-key"),
        (receipt_for(room, jws, segment, centre, sealed_sha256="0" * 64), "receipt-does-not-fit"),
        (receipt_for(room, jws, segment, centre, manifest_sha256="0" * 64), "unknown-entry"),
    ):
        assert room.ask("receipt", receipt=receipt)["code"] == code
    before = room.ask("status")["backlog_segments"]
    assert room.ask("receipt", receipt=receipt_for(room, jws, segment, centre))["ok"]
    assert room.ask("receipt", receipt=receipt_for(room, jws, segment, centre))["ok"]
    assert room.ask("status")["backlog_segments"] in (before - 1, before)  # another may have been sealed meanwhile


def test_what_the_centre_refused_is_set_aside_and_said(room: Room) -> None:
    note = next(entry for entry in room.entries() if isinstance(entry, NoteManifest))
    jws = (room.spool / "chain" / f"{note.number:010d}.jws").read_text()
    answer = room.ask("refused", manifest_sha256=jws_sha256(jws), code="second-head", reason="…")
    assert answer["ok"]
    assert "entries-refused" in {problem["code"] for problem in room.ask("status")["problems"]}
    assert room.ask("refused", manifest_sha256="0" * 64, code="x", reason="")["code"] == "unknown-entry"


def test_a_life_from_start_to_orderly_end_and_the_next(tmp_path: Path) -> None:
    """S6, S8: kill -9 in mid-session, a new configuration that waits for its end, SIGTERM: breaks are in the chain."""
    session = secrets.token_hex(16)
    with recording_room(tmp_path) as room:
        assert room.ask("open_session", session=session, **BY)["ok"]
        time.sleep(1.0)
        room.kill()
        began_s = time.monotonic()
        room.start()
        assert room.wait_until("recording")["session"] == session
        assert time.monotonic() - began_s < 5
        assert [gap.cause for gap in gaps(room)] == [GapCause.CRASHED]

        centre = room.centre
        slower = PictureSettings(**(SMALL_PICTURE.model_dump() | {"rate": 5}))
        newer = room.ask("configure", configuration=centre.configuration(2, picture=slower), sealing=centre.sealing())
        assert newer["ok"]
        older = room.ask("configure", configuration=centre.configuration(1), sealing=centre.sealing())
        assert older["code"] == "older-version"
        time.sleep(1.5)
        assert len(gaps(room)) == 1, "an open session is not broken off for a change"
        assert room.ask("status")["session"] == session
        assert room.ask("close_session", session=session, **BY)["ok"]
        until_s = time.monotonic() + 10
        while len(gaps(room)) < 2 and time.monotonic() < until_s:
            time.sleep(0.05)
        room.wait_until("recording")
        changed = gaps(room)[1]
        assert changed.cause is GapCause.FORMAT_CHANGED
        assert changed.end.mono_ns - changed.start.mono_ns < 3_000_000_000
        time.sleep(0.6)

        began_s = time.monotonic()
        assert room.stop() == 0
        assert time.monotonic() - began_s < 5
        last = room.entries()[-1]
        assert isinstance(last, NoteManifest)
        assert last.note is NoteKind.RECORDER_STOPPED
        assert not list(room.spool.rglob("*.open"))
        room.start()
        room.wait_until("recording")
        assert gaps(room)[-1].cause is GapCause.NOT_RUNNING
        room.stop()
        key = SigningKey.load(room.data / "recorder" / "keys" / "chain.key").public
        report = verify(room.spool, [key], [centre.key.public], IdentityOpener(centre.identity), thorough=True)
        assert report.problem is None, report.problem
        assert {entry.session for entry in room.entries() if isinstance(entry, SegmentManifest)} >= {session}
        for line in room.log.read_text().splitlines():
            assert json.loads(line)["event"]


def test_a_full_disk_is_said_within_seconds_and_recording_goes_on_when_there_is_room() -> None:
    """S4, S6, on a real small file system."""
    with small_disk(100) as disk, recording_room(disk) as room:
        wait_for_segment(room)
        before = sorted(room.spool.rglob("*.age"))
        (disk / "filler").write_bytes(bytes(60 << 20))
        began_s = time.monotonic()
        status = room.wait_until("stopped", 10)
        assert time.monotonic() - began_s < 10
        assert "disk-full" in {problem["code"] for problem in status["problems"]}
        assert set(before) <= set(room.spool.rglob("*.age"))
        (disk / "filler").unlink()
        began_s = time.monotonic()
        room.wait_until("recording", 10)
        assert time.monotonic() - began_s < 5
        assert gaps(room)[-1].cause is GapCause.DISK_FULL
        room.stop()
        key = SigningKey.load(room.data / "recorder" / "keys" / "chain.key").public
        report = verify(room.spool, [key], (), IdentityOpener(room.centre.identity), thorough=True)
        assert report.problem is None, report.problem


def test_wrong_settings_are_refused_by_key(tmp_path: Path) -> None:
    settings = tmp_path / "recorder.toml"
    settings.write_text(f'data_directroy = "{tmp_path}"\nrun_directory = "{tmp_path}"\n')
    refused = subprocess.run(
        [sys.executable, "-m", "edge.recorder.command", "--settings", str(settings)],
        check=False, capture_output=True, text=True, timeout=20,
    )  # fmt: skip
    assert refused.returncode == 2
    assert "data_directory" in refused.stderr
