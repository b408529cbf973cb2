"""A room enrols: the code, whom it trusts, what it shows meanwhile, what a crash in the middle leaves."""

from __future__ import annotations

import asyncio
import hashlib
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.agent.centre_client import UnsafeAddress, check_address
from storage.enrolment_code import BadCode, EnrolmentCode, parse_code
from storage.signing import SigningKey
from tests.fakes.agent_room import agent_room, until
from tests.fakes.scripted_centre import ScriptedCentre


@given(st.binary(min_size=16, max_size=16), st.binary(min_size=10, max_size=10))
def test_a_code_reads_back_however_it_is_typed(secret: bytes, digest: bytes) -> None:
    code = EnrolmentCode(secret, digest)
    typed = code.text.lower().replace("-", " ").replace("0", "o").replace("1", "l")
    assert parse_code(typed) == code
    assert len(code.text.replace("-", "")) == 42
    assert secret.hex() not in repr(code)


@pytest.mark.parametrize("typed", ["", "ABCD", "U" * 42, "0" * 41, "0" * 43, "接谈室" * 14])
def test_what_is_no_code_is_refused_with_a_sentence(typed: str) -> None:
    with pytest.raises(BadCode) as refused:
        parse_code(typed)
    assert "42" in refused.value.message


def test_the_room_enrols_waits_and_goes_on_by_itself(tmp_path: Path) -> None:
    async def story() -> None:
        async with agent_room(tmp_path, enrolled=False) as room:
            page = (await room.browser.get("/")).text
            assert "登记码" in page
            assert (await room.post("/api/enrol", code="0" * 42)).json()["error"]["code"] == "code-unknown"
            assert (await room.post("/api/enrol", code=room.centre.code.text)).status_code == 200
            page = (await room.browser.get("/")).text
            for group in room.recorder.key.public.fingerprint.split():
                assert f"<span>{group}</span>" in page
            assert room.recorder.pinned is not None
            assert room.recorder.pinned["centre_key"] == room.centre.key.public.text
            again = await room.post("/api/enrol", code=room.centre.code.text)
            assert again.json()["error"]["code"] == "already-enrolled"
            room.centre.state = "active"
            await until(lambda: room.recorder.configured, "configuration")
            await until(lambda: room.agent.board.link_up, "the link")
            assert "接谈员登录" in (await room.browser.get("/")).text
            key = tmp_path / "data" / "agent" / "keys" / "transport.key"
            assert key.stat().st_mode & 0o777 == 0o600

    asyncio.run(story())


def test_another_centre_behind_the_address_is_not_believed(tmp_path: Path) -> None:
    async def story() -> None:
        async with agent_room(tmp_path, enrolled=False) as room:
            other = hashlib.sha256(SigningKey.generate().public.raw).digest()[:10]
            room.centre.code = EnrolmentCode(os.urandom(16), other)
            answer = await room.post("/api/enrol", code=room.centre.code.text)
            assert answer.json()["error"]["code"] == "other-centre"
            assert answer.json()["error"]["field"] == "code"
            assert room.agent.record.identity() is None
            assert room.recorder.pinned is None

    asyncio.run(story())


def test_a_crash_before_the_pin_is_mended_at_the_next_start(tmp_path: Path) -> None:
    async def story() -> None:
        async with agent_room(tmp_path, enrolled=False) as room:
            room.recorder.do_pin = lambda **_: {"ok": False, "code": "disk-full", "message": "磁盘已满"}  # type: ignore[method-assign]
            answer = await room.post("/api/enrol", code=room.centre.code.text)
            assert answer.json()["error"]["code"] == "disk-full"
            await room.stop_agent()
            del room.recorder.do_pin
            await room.start_agent()
            await until(lambda: room.recorder.pinned, "the pin")
            room.centre.state = "active"
            await until(lambda: room.recorder.configured, "configuration")

    asyncio.run(story())


def test_signed_words_of_a_stranger_reach_neither_recorder_nor_disk(tmp_path: Path) -> None:
    async def story() -> None:
        async with agent_room(tmp_path, enrolled=False) as room:
            await room.post("/api/enrol", code=room.centre.code.text)
            true_key, room.centre.key = room.centre.key, SigningKey.generate()
            room.centre.state = "active"
            await until(lambda: "configuration" in room.agent.board.troubles, "trouble on the board")
            assert room.agent.board.troubles["configuration"]["code"] == "other-key"
            assert not room.recorder.configured
            assert not room.agent.record.has_configuration()
            room.centre.key = true_key
            await until(lambda: room.recorder.configured, "configuration")
            await until(lambda: "configuration" not in room.agent.board.troubles, "the trouble to go")

    asyncio.run(story())


def test_nothing_but_https_leaves_this_pc() -> None:
    assert check_address("https://centre.example/") == "https://centre.example"
    assert check_address("http://127.0.0.1:8470")
    with pytest.raises(UnsafeAddress):
        check_address("http://centre.example")
    with pytest.raises(UnsafeAddress):
        check_address("http://127.0.0.1.centre.example")
    assert ScriptedCentre().url.startswith("http://127.0.0.1")


def test_a_recorder_that_obeys_a_centre_already_uses_up_no_code(tmp_path: Path) -> None:
    async def story() -> None:
        async with agent_room(tmp_path, enrolled=False) as room:
            room.recorder.pinned = {"centre_key": "x", "device": "a" * 32, "room": "b" * 32}
            answer = await room.post("/api/enrol", code=room.centre.code.text)
            assert answer.json()["error"]["code"] == "recorder-pinned"
            assert room.centre.calls["enrolments"] == 0

    asyncio.run(story())
