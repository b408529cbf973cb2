"""A replaced PC that comes back delivers what it recorded before, and may do nothing else."""

from __future__ import annotations

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from storage.manifest import NoteKind
from storage.signing import jws_sha256
from tests.control_api.room_pc import RoomPc
from tests.control_api.running_centre import RunningCentre


def code(answer: httpx.Response) -> str:
    return str(answer.json()["error"]["code"])


def test_a_replaced_pcs_backlog_still_comes(centre: RunningCentre, pc: RoomPc) -> None:
    session = "7" * 32
    sent = pc.segment()
    pc.send(sent)
    note, waiting = pc.note(NoteKind.SESSION_OPENED, session, officer=centre.accounts["officer"]), pc.segment(session)
    sha256, sealed = pc.tag(session, "XF2026-000123", centre.accounts["officer"])
    centre.enrolled_pc(pc.room)
    assert pc.post("manifests", {"manifests": [note]}).status_code == 401  # its token ended with its place
    assert pc.sign_in().status_code == 200
    pc.deliver_known(sent)
    assert [one["status"] for one in pc.send(note)] == ["accepted"]
    pc.deliver(waiting)
    assert pc.send_tag(sha256, sealed).json() == {"stored": True}


def test_it_gets_no_configuration_no_line_and_no_later_footage(centre: RunningCentre, pc: RoomPc) -> None:
    sealing_known = pc.segment()
    pc.send(sealing_known)
    pc.wall_ns = centre.center.now_ns() + 60 * 10**9
    later, after = pc.segment(), pc.note(NoteKind.HEALTH)
    centre.enrolled_pc(pc.room)
    pc.sign_in()
    assert code(pc.http.get("/api/device/configuration", headers=pc.headers)) == "replaced"
    assert [one["code"] for one in pc.send(later, after)] == ["after-replacement"] * 2
    assert code(pc.post("grants", {"manifest_sha256": jws_sha256(later)})) == "not-found"
    url = "ws" + str(pc.http.base_url).removeprefix("http").rstrip("/") + "/api/device/link"
    with (
        pytest.raises((InvalidStatus, ConnectionClosed)),
        connect(url, additional_headers=pc.headers, proxy=None) as socket,
    ):
        socket.recv(timeout=5)


def test_a_replaced_pc_can_still_be_revoked(centre: RunningCentre, pc: RoomPc) -> None:
    centre.enrolled_pc(pc.room)
    assert pc.sign_in().status_code == 200
    administrator = centre.person("administrator")
    assert administrator.post(f"/api/devices/{pc.device}/revoke", {"reason": "主机被盗"}).status_code == 200
    assert code(pc.post("manifests", {"manifests": []})) in ("bad-token", "revoked")
    assert code(pc.sign_in()) == "revoked"


def test_a_revoked_pc_delivers_nothing(centre: RunningCentre, pc: RoomPc) -> None:
    jws = pc.segment()
    pc.send(jws)
    centre.person("administrator").post(f"/api/devices/{pc.device}/revoke", {"reason": "主机被盗"})
    assert code(pc.sign_in()) == "revoked"
    assert pc.post("grants", {"manifest_sha256": jws_sha256(jws)}).status_code in (401, 403)
