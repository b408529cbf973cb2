"""L2: watching live ends with the right to watch, and what was watched is in the register."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

import pytest
from websockets.sync.client import ClientConnection, connect

from tests.control_api.room_pc import RoomPc
from tests.control_api.running_centre import Person, RunningCentre

STATUS = {"type": "status", "state": "recording", "wall_ns": 1, "version": "0.1.0", "agent": {}}
OFFER = "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\n"


class Room:
    """Its line, and who watches it."""

    def __init__(self, centre: RunningCentre, socket: ClientConnection) -> None:
        self.centre, self.socket = centre, socket

    def says(self, *viewers: str) -> None:
        self.socket.send(json.dumps({**STATUS, "viewers": viewers}))

    def hears(self) -> dict[str, Any]:
        return dict(json.loads(self.socket.recv(timeout=8)))


@pytest.fixture
def room(centre: RunningCentre, pc: RoomPc) -> Iterator[Room]:
    url = "ws" + str(pc.http.base_url).removeprefix("http").rstrip("/") + "/api/device/link"
    with connect(url, additional_headers=pc.headers, proxy=None) as socket:
        room = Room(centre, socket)
        room.says()
        while not centre.center.links.statuses():
            time.sleep(0.01)
        yield room


@contextmanager
def watching(room: Room, pc: RoomPc, person: Person) -> Iterator[str]:
    """A viewer's id."""
    import threading  # noqa: PLC0415

    viewers: list[str] = []

    def answer() -> None:
        wish = room.hears()
        viewers.append(wish["viewer"])
        room.socket.send(json.dumps({"type": "live-answer", "sdp": "v=0\r\nanswer", "id": wish["id"]}))

    thread = threading.Thread(target=answer)
    thread.start()
    headers = {"content-type": "application/sdp", "x-access-reason": quote("值班巡查")}
    said = person.request("POST", f"/api/live/rooms/{pc.room}/whep", content=OFFER, headers=headers)
    thread.join(10)
    assert said.status_code == 201, said.text
    yield viewers[0]


def stretches(centre: RunningCentre) -> list[dict[str, Any]]:
    [row] = centre.person("supervisor").get("/api/register").json()
    return list(row["stretches"])


def disable(centre: RunningCentre, _officer: Person) -> None:
    account = centre.accounts["duty-officer"]
    assert centre.person("administrator").post(f"/api/accounts/{account}/disable").status_code < 300


def reset(centre: RunningCentre, _officer: Person) -> None:
    path = f"/api/accounts/{centre.accounts['duty-officer']}/password"
    answer = centre.person("administrator").post(path, {"password": "another four plain words"})
    assert answer.status_code < 300, answer.text


def sign_out(_centre: RunningCentre, officer: Person) -> None:
    assert officer.request("DELETE", "/api/session").status_code < 300


def let_twelve_hours_pass(centre: RunningCentre, _officer: Person) -> None:
    centre.ahead_ns += 12 * 3600 * 10**9 + 1


@pytest.mark.parametrize("end", [disable, reset, sign_out, let_twelve_hours_pass])
def test_the_picture_ends_with_the_right(
    centre: RunningCentre, pc: RoomPc, room: Room, end: Callable[[RunningCentre, Person], None]
) -> None:
    officer = Person(centre.url, "duty-officer")
    centre.person("administrator")
    with watching(room, pc, officer) as viewer:
        room.says(viewer)
        end(centre, officer)
        assert room.hears() == {"type": "live-close", "viewer": viewer}
    officer.http.close()
    centre.pass_time(0)
    [stretch] = wait_for(lambda: stretches(centre))
    assert stretch["from_wall_ns"] <= stretch["to_wall_ns"]


def test_a_closed_tab_is_written_down(centre: RunningCentre, pc: RoomPc, room: Room) -> None:
    with watching(room, pc, centre.person("duty-officer")) as viewer:
        room.says(viewer)
        time.sleep(2.5)
        assert stretches(centre) == []
        room.says()
        time.sleep(2.5)
        assert stretches(centre) == []  # a moment's silence of the room ends nothing
        centre.ahead_ns += 11 * 10**9
        [stretch] = wait_for(lambda: stretches(centre))
        assert stretch["to_wall_ns"] - stretch["from_wall_ns"] < 10 * 10**9


def test_a_viewer_that_nobody_here_knows_is_closed(room: Room) -> None:
    room.says("d" * 32)
    assert room.hears() == {"type": "live-close", "viewer": "d" * 32}


def wait_for(ask: Callable[[], list[dict[str, Any]]]) -> list[dict[str, Any]]:
    until = time.monotonic() + 8
    while not (found := ask()):
        assert time.monotonic() < until
        time.sleep(0.1)
    return found
