"""A room whose processes run as users of their own: real second users, named by the kernel. Root alone becomes them."""

from __future__ import annotations

import asyncio
import inspect
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import edge.agent.spool_reader
from config.process import RecorderSettings
from edge.recorder.command_server import CommandServer
from edge.spool.index import SpoolIndex
from streaming.local_socket import UnknownUser, named_peers, peer_uid
from tests.edge.recorder.room import Room

AGENT, LIVE, STRANGER = "nobody", "daemon", "games"  # users that every Debian has
READER = inspect.getsource(edge.agent.spool_reader)
ASK = """
import socket, sys
peer = socket.socket(socket.AF_UNIX)
peer.settimeout(10)
peer.connect(sys.argv[1])
try:
    peer.sendall(sys.argv[2].encode())
    print(peer.recv(20))
except (BrokenPipeError, ConnectionResetError):
    print(b"")
"""
STATUS = '{"command": "status"}\n'
becomes_others = pytest.mark.skipif(os.getuid() != 0, reason="only root can become another user")


def as_user(user: str, code: str, *arguments: str | Path) -> str:
    """What Python code prints when `user` runs it, in the group that the room's processes share."""
    return subprocess.run(
        ["/usr/bin/python3", "-c", code, *map(str, arguments)],
        user=user, group=os.getegid(), extra_groups=[], cwd="/", capture_output=True, text=True, check=True, timeout=20,
    ).stdout.strip()  # fmt: skip


@pytest.fixture(scope="module")
def open_place() -> Iterator[Path]:
    """A directory that other users may pass; pytest's own are closed to them."""
    with tempfile.TemporaryDirectory(prefix="shilu-users-") as place:
        Path(place).chmod(0o755)
        yield Path(place)


@pytest.fixture(scope="module")
def room(open_place: Path) -> Iterator[Room]:
    (open_place / "room").mkdir(mode=0o755)
    room = Room(open_place / "room", settings=f'agent_user = "{AGENT}"\nlive_user = "{LIVE}"\n')
    room.start()
    try:
        room.enrol()
        room.wait_until("recording")
        yield room
    finally:
        if room.process is not None:
            room.stop()


@becomes_others
def test_orders_are_taken_from_the_agent_and_from_nobody_else(room: Room) -> None:
    assert as_user(AGENT, ASK, room.socket, STATUS).startswith('b\'{"ok": true')
    assert as_user(LIVE, ASK, room.socket, STATUS) == "b''"
    assert as_user(STRANGER, ASK, room.socket, STATUS) == "b''"
    assert room.ask("status")["ok"] is True


@becomes_others
def test_pictures_go_to_live_and_agent_and_to_nobody_else(room: Room) -> None:
    assert as_user(LIVE, ASK, room.media, "K") != "b''"
    assert as_user(AGENT, ASK, room.media, "K") != "b''"
    assert as_user(STRANGER, ASK, room.media, "K") == "b''"


@becomes_others
def test_the_agent_reads_the_spool_and_no_key(room: Room) -> None:
    look = f"""{READER}
import sys, time
reader = SpoolReader(Path(sys.argv[1]))
until_s = time.monotonic() + 15
while not (found := reader.waiting_segments(10**6, "no-session", "", 5)) and time.monotonic() < until_s:
    time.sleep(0.1)
print(found[0].path.open("rb").read(14), len(reader.entries_after(0, 5)) > 0)
"""
    assert as_user(AGENT, look, room.spool) == "b'age-encryption' True"
    attempt = """
import sys
for path in sys.argv[1:]:
    try:
        open(path).read()
        print(path)
    except PermissionError:
        pass
"""
    own = room.data / "recorder"
    entry = next((room.spool / "chain").iterdir())
    closed = [own / name for name in ("keys/chain.key", "pinned.json", "configuration.jws", "lock")] + [entry]
    assert all(path.exists() for path in closed)
    assert as_user(AGENT, attempt, *closed) == ""


@becomes_others
def test_nothing_of_a_room_is_for_users_outside_its_group(room: Room) -> None:
    for path in [room.run, room.socket, room.media, *room.data.rglob("*")]:
        assert path.stat().st_mode & 0o007 == 0, path
    for path in (room.run, room.spool):
        assert path.stat().st_mode & 0o020 == 0, path  # nobody puts anything beside the recorder's files and sockets


@becomes_others
def test_the_index_of_a_stopped_recorder_is_read_by_who_may_not_write_there(open_place: Path) -> None:
    (open_place / "spool").mkdir(mode=0o750)
    path = open_place / "spool" / "index.sqlite"
    SpoolIndex(path).close()
    path.chmod(0o640)
    assert not path.with_name("index.sqlite-wal").exists()
    look = f"{READER}\nimport sys\nprint(SpoolReader(Path(sys.argv[1])).backlog().segments)"
    assert as_user(AGENT, look, path.parent) == "0"


@becomes_others
def test_what_a_killed_recorder_left_is_read_all_the_same(room: Room) -> None:
    room.kill()
    assert (room.spool / "index.sqlite-wal").exists()
    look = f"{READER}\nimport sys\nreader = SpoolReader(Path(sys.argv[1]))\nprint(reader.head_number())"
    assert int(as_user(AGENT, look, room.spool)) == len(room.entries())


@becomes_others
def test_live_takes_viewers_from_the_agent_and_from_nobody_else(open_place: Path) -> None:
    settings, here = open_place / "live.toml", open_place / "run-live"
    settings.write_text(
        f'run_directory = "{open_place}/away"\nlive_directory = "{here}"\nagent_user = "{AGENT}"\n', encoding="utf-8"
    )
    process = subprocess.Popen([Path(sys.executable).with_name("shilu-live"), "--settings", settings])
    try:
        until_s = time.monotonic() + 20
        while not (here / "live.sock").exists():
            assert time.monotonic() < until_s
            time.sleep(0.05)
        question = '{"command": "viewers"}\n'
        assert as_user(AGENT, ASK, here / "live.sock", question).startswith('b\'{"ok": true')
        assert as_user(STRANGER, ASK, here / "live.sock", question) == "b''"
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0


def test_without_names_only_ones_own_user_is_served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another user than the one who connects, as far as this process says: works for who can't become another."""

    async def scene() -> None:
        server = CommandServer(tmp_path / "orders.sock", lambda line: {"ok": True})
        await server.start()
        assert (tmp_path / "orders.sock").stat().st_mode & 0o777 == 0o600
        for own, answer in ((os.getuid(), b'{"ok": true}\n'), (os.getuid() + 1, b"")):
            monkeypatch.setattr(os, "getuid", lambda own=own: own)
            reader, writer = await asyncio.open_unix_connection(str(tmp_path / "orders.sock"))
            assert peer_uid(writer) == os.geteuid()
            writer.write(b"{}\n")
            assert await _line(reader) == answer
            writer.close()
        await server.stop()

    asyncio.run(scene())


async def _line(reader: asyncio.StreamReader) -> bytes:
    try:
        return await asyncio.wait_for(reader.readline(), 5)
    except ConnectionResetError:
        return b""


def test_a_user_that_is_not_there_stops_the_start_with_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(UnknownUser, match="no user 'shilu-nobody-here'"):
        named_peers("", "shilu-nobody-here")
    settings = tmp_path / "recorder.toml"
    settings.write_text(
        f'data_directory = "{tmp_path}"\nrun_directory = "{tmp_path}"\nagent_user = "shilu-nobody-here"\n'
    )
    result = subprocess.run(
        [Path(sys.executable).with_name("shilu-recorder"), "--settings", settings],
        capture_output=True, text=True, check=False, timeout=20,
    )  # fmt: skip
    assert result.returncode == 2
    assert "systemd/sysusers.d" in result.stderr
    assert RecorderSettings(data_directory=tmp_path, run_directory=tmp_path).agent_user == ""
