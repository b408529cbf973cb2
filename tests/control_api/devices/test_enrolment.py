"""A room joins by one code, once; what guesses is slowed down and locked; a device is what it can prove."""

from __future__ import annotations

import secrets

import pytest
from sqlalchemy import func, select

from control_api.database import DeviceChallenge
from control_api.devices.codes import code_text, read_code, wait_s
from storage.signing import PublicKey, SigningKey, encode_base64url
from tests.control_api.room_pc import RoomPc
from tests.control_api.running_centre import RunningCentre


def code_of(answer: object) -> str:
    return str(answer.json()["error"]["code"])  # type: ignore[attr-defined]


def test_a_code_says_which_centre_it_belongs_to() -> None:
    key, other = SigningKey.generate().public, SigningKey.generate().public
    secret = secrets.token_bytes(16)
    text = code_text(secret, key)
    assert read_code(text.lower().replace("-", " "), key) == secret
    assert read_code(text.replace("0", "o").replace("1", "I"), key) == secret
    assert read_code(text, other) is None
    assert read_code(text[:-1], key) is None
    assert read_code("é" * 42, key) is None


def test_waiting_grows_and_ends_in_a_lock() -> None:
    assert [wait_s(n) for n in (1, 4, 5, 6, 9, 10, 50)] == [0, 0, 30, 60, 480, 3600, 3600]


def test_a_room_enrols_waits_and_is_confirmed(centre: RunningCentre, room_id: str) -> None:
    pc = centre.new_pc()
    answer = pc.enrol(centre.make_code(room_id))
    assert answer.json() == {
        "device": pc.device,
        "room": room_id,
        "centre_key": centre.center.centre_key,
        "state": "pending",
    }
    pc.sign_in()
    assert pc.configuration() == {"state": "pending"}
    assert code_of(pc.post("manifests", {"manifests": []})) == "not-confirmed"
    administrator = centre.person("administrator")
    wrong = administrator.post(f"/api/devices/{pc.device}/confirm", {"fingerprint": "0000 " * 8})
    assert code_of(wrong) == "fingerprint-differs"
    centre.confirm(pc)
    said = pc.configuration()
    assert said["state"] == "active"
    assert said["heads"] == {"number": 0, "sha256": None}
    assert [officer["number"] for officer in said["officers"]] == ["03"]
    assert said["officers"][0]["pin_verifier"].startswith("$argon2id$")
    assert PublicKey.from_text(pc.centre_key) == centre.center.keys.signing.public


def test_a_code_works_once(centre: RunningCentre, room_id: str) -> None:
    code = centre.make_code(room_id)
    first = centre.new_pc()
    assert first.enrol(code).status_code == 200
    assert code_of(centre.new_pc().enrol(code)) == "code-used"
    assert code_of(first.enrol(code)) == "code-used"


def test_a_lost_answer_is_mended_by_another_code(centre: RunningCentre, room_id: str) -> None:
    pc = centre.new_pc()
    pc.enrol(centre.make_code(room_id))
    device = pc.device
    assert pc.enrol(centre.make_code(room_id)).status_code == 200
    assert pc.device == device
    centre.confirm(pc)
    assert code_of(pc.enrol(centre.make_code(room_id))) == "key-known"


def test_a_code_expires_and_can_be_withdrawn(centre: RunningCentre, room_id: str) -> None:
    code = centre.make_code(room_id)
    administrator = centre.person("administrator")
    listed = administrator.get(f"/api/rooms/{room_id}/codes").json()
    assert administrator.request("DELETE", f"/api/codes/{listed[0]['id']}").status_code == 204
    assert code_of(centre.new_pc().enrol(code)) == "code-unknown"
    late = centre.make_code(room_id)
    centre.pass_time(72 * 3600 + 1)
    assert code_of(centre.new_pc().enrol(late)) == "code-expired"


def test_keys_must_be_proved(centre: RunningCentre, room_id: str) -> None:
    code = centre.make_code(room_id)
    pc = centre.new_pc()
    other = SigningKey.generate().public.text
    assert code_of(pc.enrol(code, chain_key=other)) == "bad-proof"
    assert code_of(pc.enrol(code, transport_key=other)) == "bad-proof"
    assert code_of(pc.enrol(code, transport_key="nonsense")) == "bad-proof"
    assert pc.enrol(code).status_code == 200


def test_no_transport_key_can_be_put_in_on_the_way(centre: RunningCentre, room_id: str) -> None:
    """Whoever stands on the line knows the code and may sign with a key of his own; the chain key never vouched for
    it, and its fingerprint is all that people compare."""
    pc, intruder = centre.new_pc(), SigningKey.generate()
    code = centre.make_code(room_id)
    secret = read_code(code, centre.center.keys.signing.public)
    assert secret is not None
    for proved in (f"{secret.hex()} {intruder.public.text}", secret.hex()):
        proof = encode_base64url(intruder.sign_raw(f"shilu-enrol-1\n{proved}".encode()))
        swapped = pc.enrol(code, transport_key=intruder.public.text, transport_proof=proof)
        assert code_of(swapped) == "bad-proof"


def test_guessing_is_slowed_down_then_locked(centre: RunningCentre, room_id: str) -> None:
    guess = code_text(secrets.token_bytes(16), centre.center.keys.signing.public)
    pc = centre.new_pc()
    assert [code_of(pc.enrol(guess)) for _ in range(5)] == ["code-unknown"] * 5
    slowed = pc.enrol(guess)
    assert slowed.status_code == 429
    assert 0 < int(slowed.headers["retry-after"]) <= 30
    assert code_of(pc.enrol(centre.make_code(room_id))) == "locked"  # a right code must wait as well
    for _ in range(5):
        centre.pass_time(601)
        assert code_of(pc.enrol(guess)) == "code-unknown"
    locked = pc.enrol(guess)
    assert int(locked.headers["retry-after"]) > 3000
    alarms = centre.person("administrator").get("/api/alarms").json()
    assert [alarm["code"] for alarm in alarms] == ["enrolment-locked"]
    centre.pass_time(3601)
    assert pc.enrol(centre.make_code(room_id)).status_code == 200


@pytest.mark.parametrize("wrong", ["other key", "used challenge", "late", "other device's challenge"])
def test_a_device_must_answer_its_challenge(centre: RunningCentre, pc: RoomPc, room_id: str, wrong: str) -> None:
    challenge = pc.http.post("/api/device/challenge", json={"device": pc.device}).json()["challenge"]
    if wrong == "other key":
        answer = pc.answer_challenge(challenge, SigningKey.generate())
    elif wrong == "used challenge":
        assert pc.answer_challenge(challenge).status_code == 200
        answer = pc.answer_challenge(challenge)
    elif wrong == "late":
        centre.pass_time(61)
        answer = pc.answer_challenge(challenge)
    else:
        unknown = pc.http.post("/api/device/challenge", json={"device": "0" * 32}).json()["challenge"]
        answer = pc.answer_challenge(unknown)
    assert (answer.status_code, code_of(answer)) == (401, "not-proved")


def test_nobody_keeps_a_room_out_by_asking_for_challenges(centre: RunningCentre, pc: RoomPc) -> None:
    for _ in range(40):
        assert pc.http.post("/api/device/challenge", json={"device": pc.device}).status_code == 200
    assert pc.sign_in().status_code == 200
    with centre.center.database.reading() as session:
        rows = session.scalar(select(func.count()).select_from(DeviceChallenge))
    assert rows == 2  # those that this device answered


@pytest.mark.parametrize("challenge", ["", "!", "AAAA", "A" * 86])
def test_a_made_up_challenge_serves_nothing(pc: RoomPc, challenge: str) -> None:
    assert code_of(pc.answer_challenge(challenge)) == "not-proved"


def test_tokens_end_after_ten_minutes(centre: RunningCentre, pc: RoomPc) -> None:
    centre.pass_time(599)
    assert pc.configuration()["state"] == "active"
    centre.pass_time(2)
    assert code_of(pc.post("manifests", {"manifests": []})) == "bad-token"


def test_a_revoked_device_is_out_at_once(centre: RunningCentre, pc: RoomPc) -> None:
    administrator = centre.person("administrator")
    answer = administrator.post(f"/api/devices/{pc.device}/revoke", {"reason": "主机被盗"})
    assert answer.json()["state"] == "revoked"
    assert pc.post("manifests", {"manifests": []}).status_code == 401
    assert code_of(pc.sign_in()) == "revoked"
    again = administrator.post(f"/api/devices/{pc.device}/revoke", {"reason": ""})
    assert code_of(again) == "already-ended"


def test_pins_on_a_revoked_device_are_to_be_renewed(centre: RunningCentre, pc: RoomPc) -> None:
    """Six digits fall in hours to who holds their verifier (26)."""
    administrator, officer = centre.person("administrator"), centre.accounts["officer"]

    def state() -> tuple[list[str], list[str]]:
        alarms = [alarm["code"] for alarm in administrator.get("/api/alarms").json()]
        return alarms, [one["id"] for one in administrator.get("/api/accounts").json() if one["pin_exposed"]]

    assert state() == ([], [])
    administrator.post(f"/api/devices/{pc.device}/revoke", {"reason": "主机被盗"})
    assert state() == (["pins-exposed"], [officer])
    assert "PIN 待更换" in administrator.get("/accounts").text
    assert administrator.post(f"/api/accounts/{officer}/pin", {"pin": "314159"}).status_code == 204
    assert state() == ([], [])


def test_a_replaced_device_leaves_the_room_its_history(centre: RunningCentre, pc: RoomPc, room_id: str) -> None:
    pc.send(pc.gap())
    new = centre.enrolled_pc(room_id)
    states = {
        one["id"]: one["state"] for one in centre.person("administrator").get(f"/api/rooms/{room_id}/devices").json()
    }
    assert states == {pc.device: "replaced", new.device: "active"}
    assert code_of(pc.http.get("/api/device/configuration", headers=pc.headers)) == "bad-token"
    assert new.configuration()["heads"]["number"] == 0
    assert new.send(new.gap())[0]["status"] == "accepted"
