"""A room on the line: its status shows within a second, wishes reach it, watching is registered first."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from control_api.link.links import MOST_ASKED, Links
from control_api.link.status import DeviceStatus
from control_api.rooms.overview import room_state
from tests.control_api.room_pc import RoomPc
from tests.control_api.running_centre import Person, RunningCentre

STATUS = {"type": "status", "state": "recording", "wall_ns": 1, "backlog_segments": 3, "version": "0.1.0", "agent": {}}
OFFER = "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\n"


@contextmanager
def on_the_line(pc: RoomPc) -> Iterator[ClientConnection]:
    url = "ws" + str(pc.http.base_url).removeprefix("http").rstrip("/") + "/api/device/link"
    with connect(url, additional_headers=pc.headers, proxy=None) as socket:
        yield socket


def wait_for(person: Person, **wanted: Any) -> dict[str, Any]:
    until = time.monotonic() + 5
    while time.monotonic() < until:
        [row] = person.get("/api/rooms").json()
        if all(row[key] == value for key, value in wanted.items()):
            return dict(row)
        time.sleep(0.02)
    raise AssertionError(f"{wanted} not in {row}")


def test_status_shows_and_outlives_the_line(
    centre: RunningCentre, pc: RoomPc, caplog: pytest.LogCaptureFixture
) -> None:
    person = centre.person("duty-officer")
    assert person.get("/api/rooms").json()[0]["state"] == "offline"
    with on_the_line(pc) as socket:
        socket.send("nonsense")
        socket.send(json.dumps({"type": "status", "state": "dancing"}))
        socket.send(json.dumps(STATUS))
        row = wait_for(person, state="recording")
        assert row["backlog_segments"] == 3
        socket.socket.close()  # a line that breaks says no good-bye
    row = wait_for(person, state="offline", backlog_segments=3)
    assert row["heard_wall_ms"] > 0
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == []


def test_nobody_but_a_confirmed_device_gets_on_the_line(centre: RunningCentre, room_id: str) -> None:
    pc = centre.new_pc()
    pc.enrol(centre.make_code(room_id))
    pc.sign_in()
    for token in (pc.token, "wrong", ""):
        pc.token = token
        with pytest.raises((InvalidStatus, ConnectionClosed)), on_the_line(pc) as socket:
            socket.recv(timeout=5)


def test_a_revoked_device_is_dropped(centre: RunningCentre, pc: RoomPc) -> None:
    with on_the_line(pc) as socket:
        socket.send(json.dumps(STATUS))
        wait_for(centre.person("duty-officer"), state="recording")
        centre.person("administrator").post(f"/api/devices/{pc.device}/revoke", {"reason": "主机被盗"})
        with pytest.raises(ConnectionClosed):
            socket.recv(timeout=5)


def test_a_replaced_device_is_dropped(centre: RunningCentre, pc: RoomPc) -> None:
    with on_the_line(pc) as socket:
        socket.send(json.dumps(STATUS))
        wait_for(centre.person("duty-officer"), state="recording")
        centre.enrolled_pc(pc.room)
        with pytest.raises(ConnectionClosed):
            socket.recv(timeout=5)


def test_a_changed_configuration_is_told_and_versioned(centre: RunningCentre, pc: RoomPc) -> None:
    administrator = centre.person("administrator")
    path = f"/api/rooms/{pc.room}/configuration"
    camera = {"kind": "rtsp", "url": "rtsp://camera.example/1", "username": "u", "password": "secret"}
    with on_the_line(pc) as socket:
        socket.send(json.dumps(STATUS))
        wait_for(centre.person("duty-officer"), state="recording")
        body = {"settings": {"camera": camera}, "reason": "换了摄像头", "based_on": 1}
        answer = administrator.request("PUT", path, json=body)
        assert answer.status_code == 200, answer.text
        assert json.loads(socket.recv(timeout=5)) == {"type": "configuration-changed"}
    assert answer.json()["settings"]["camera"]["password"] == "********"
    again = administrator.request("PUT", path, json=body)
    assert again.json()["error"]["code"] == "changed-meanwhile"
    wrong = administrator.request("PUT", path, json={"settings": {"picture": {"wdith": 640}}})
    assert wrong.json()["error"]["code"] == "bad-configuration"
    assert "wdith" in wrong.json()["error"]["message"]
    assert "width" in wrong.json()["error"]["message"]
    kept = administrator.request("PUT", path, json={"settings": answer.json()["settings"]})
    assert kept.json()["version"] == 3
    history = administrator.get(f"{path}/history").json()
    assert [one["version"] for one in history] == [3, 2, 1]


def test_the_signed_configuration_is_the_newest(centre: RunningCentre, pc: RoomPc) -> None:
    from config.room import RoomConfiguration  # noqa: PLC0415
    from storage.signing import CONFIGURATION_TYP, PublicKey, open_json  # noqa: PLC0415

    centre.person("administrator").request("PATCH", f"/api/rooms/{pc.room}", json={"name": "东接谈室"})
    said = pc.configuration()
    opened = open_json(said["configuration"], PublicKey.from_text(pc.centre_key), CONFIGURATION_TYP)
    configuration = RoomConfiguration.model_validate(opened)
    assert (configuration.version, configuration.room_name, configuration.device) == (2, "东接谈室", pc.device)
    assert said["room_name"] == "东接谈室"


def test_watching_is_registered_before_the_offer_leaves(centre: RunningCentre, pc: RoomPc) -> None:
    person = centre.person("supervisor")
    with on_the_line(pc) as socket:
        socket.send(json.dumps(STATUS))
        wait_for(person, state="recording")
        refused = watch(person, pc.room, "")
        assert refused.json()["error"]["code"] == "no-reason"
        with answering(socket, {"type": "live-answer", "sdp": "v=0\r\nanswer"}) as wishes:
            answer = watch(person, pc.room, "值班巡查")
        assert (answer.status_code, answer.text) == (201, "v=0\r\nanswer")
        assert wishes[0]["type"] == "live-offer"
        assert (wishes[0]["name"], wishes[0]["unit"], wishes[0]["sdp"]) == ("某supervisor", "青石镇", OFFER)
        [row] = person.get("/api/register").json()
        assert (row["what"], row["reason"], row["id"]) == ("live", "值班巡查", answer.headers["x-access-grant"])
        other = centre.person("duty-officer").request("DELETE", answer.headers["location"])
        assert other.status_code == 404
        assert person.request("DELETE", answer.headers["location"]).status_code == 204
        assert json.loads(socket.recv(timeout=5)) == {"type": "live-close", "viewer": wishes[0]["viewer"]}
    [row] = person.get("/api/register").json()
    [stretch] = row["stretches"]
    assert row["granted_wall_ns"] <= stretch["from_wall_ns"] <= stretch["to_wall_ns"]


def test_a_room_that_refuses_or_is_away_is_said(centre: RunningCentre, pc: RoomPc) -> None:
    person = centre.person("duty-officer")
    assert watch(person, pc.room, "值班巡查").json()["error"]["code"] == "room-offline"
    with on_the_line(pc) as socket:
        socket.send(json.dumps(STATUS))
        wait_for(person, state="recording")
        with answering(socket, {"type": "refusal", "code": "too-many-viewers", "message": "观看人数已满"}):
            answer = watch(person, pc.room, "值班巡查")
    assert answer.json()["error"]["code"] == "live-refused"
    assert "观看人数已满" in answer.json()["error"]["message"]


def test_one_person_neither_takes_every_place_nor_drops_the_line(centre: RunningCentre, pc: RoomPc) -> None:
    """A room that is slow to answer, and somebody who asks without end (25)."""
    duty = centre.person("duty-officer")
    with on_the_line(pc) as socket:
        socket.send(json.dumps(STATUS))
        wait_for(duty, state="recording")
        with ThreadPoolExecutor(33) as pool:
            asked = [pool.submit(watch, duty, pc.room, "查看情况") for _ in range(33)]
            wishes = [json.loads(socket.recv(timeout=10)) for _ in range(3)]
            for wish in wishes:
                socket.send(json.dumps({"type": "live-answer", "sdp": "v=0", "id": wish["id"]}))
            codes = sorted(one.result().status_code for one in asked)
        assert codes == [201] * 3 + [429] * 30
        assert wait_for(duty, state="recording")["state"] == "recording"


def test_a_room_that_is_asked_too_much_keeps_its_line() -> None:
    async def ask_often() -> list[str]:
        links = Links()
        link = links.connect("d", "r")
        asked = [asyncio.create_task(links.ask("r", {"type": "preview-wanted"})) for _ in range(40)]
        await asyncio.sleep(0.05)
        assert link.outgoing.qsize() == MOST_ASKED
        busy = [task.exception() for task in asked if task.done()]
        links.disconnect(link)
        await asyncio.gather(*asked, return_exceptions=True)
        return [type(error).__name__ for error in busy]

    assert asyncio.run(ask_often()) == ["RoomBusy"] * (40 - MOST_ASKED)


def test_pages_are_told_of_a_change(centre: RunningCentre, pc: RoomPc) -> None:
    person = centre.person("duty-officer")
    with person.http.stream("GET", "/api/rooms/events", timeout=10) as events:
        assert events.headers["content-type"].startswith("text/event-stream")
        lines = events.iter_lines()
        assert _next_rooms(lines)[0]["state"] == "offline"
        with on_the_line(pc) as socket:
            socket.send(json.dumps(STATUS))
            states = [_next_rooms(lines)[0]["state"]]
            while states[-1] != "recording":
                states.append(_next_rooms(lines)[0]["state"])


def test_a_silent_room_counts_as_gone() -> None:
    live = DeviceStatus(state="recording")
    s = 10**9
    assert room_state("active", live, 100 * s, 105 * s) == "recording"
    assert room_state("active", live, 100 * s, 111 * s) == "offline"
    assert room_state("active", None, None, 0) == "offline"
    assert room_state("pending", None, None, 0) == "pending"
    assert room_state(None, None, None, 0) == "no-device"


def watch(person: Person, room_id: str, reason: str) -> httpx.Response:
    headers = {"content-type": "application/sdp", "x-access-reason": quote(reason)}
    return person.request("POST", f"/api/live/rooms/{room_id}/whep", content=OFFER, headers=headers)


@contextmanager
def answering(socket: ClientConnection, answer: dict[str, str]) -> Iterator[list[dict[str, Any]]]:
    """Answers the next wish of the centre, as the room's agent would."""
    import threading  # noqa: PLC0415

    wishes: list[dict[str, Any]] = []

    def run() -> None:
        wishes.append(json.loads(socket.recv(timeout=5)))
        socket.send(json.dumps({**answer, "id": wishes[0]["id"]}))

    thread = threading.Thread(target=run)
    thread.start()
    yield wishes
    thread.join(10)


def _next_rooms(lines: Iterator[str]) -> list[dict[str, Any]]:
    for line in lines:
        if line.startswith("data: "):
            return list(json.loads(line.removeprefix("data: ")))
    raise AssertionError("the stream ended")
