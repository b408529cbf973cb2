"""Sessions at the console: opened, tagged, closed; twice; without a line; and the case number that nobody may read."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import os
from pathlib import Path
from urllib.parse import quote

import pytest

from edge.agent.trouble import RecorderSilent
from storage.case_tag import CaseTag, open_tag
from storage.sealing import IdentityOpener
from storage.signing import peek_json
from tests.fakes.agent_room import AgentRoom, agent_room, until

CASE_ID = "QS-2026-00421"


def opened_tags(room: AgentRoom) -> list[CaseTag]:
    opener = IdentityOpener(room.centre.identity)
    return [open_tag(sealed, opener) for sealed in room.centre.tags.values()]


def test_a_session_with_a_number_reaches_the_centre_once(tmp_path: Path) -> None:
    async def story() -> None:
        async with agent_room(tmp_path) as room:
            await room.sign_in()
            answer = await room.post("/api/sessions/open", case_id=" ｑｓ-2026-００421 ")
            session = answer.json()["session"]
            assert len(session) == 32
            assert (await room.status())["session"]["tagged"] is True
            assert (await room.post("/api/sessions/close", session=session)).status_code == 200
            await until(lambda: len(room.centre.manifests) == 2 and room.centre.tags, "notes and tag")
            tag = opened_tags(room)[0]
            assert (tag.case_id, tag.session, tag.officer, tag.signed_in) == (
                CASE_ID,
                session,
                room.centre.officer,
                "online",
            )
            notes = [peek_json(jws) for jws in room.centre.manifests.values()]
            assert [note["note"] for note in notes] == ["session-opened", "session-closed"]
            assert notes[0]["tag_sha256"] == next(iter(room.centre.tags))

    asyncio.run(story())


def test_a_number_may_come_later_and_be_corrected(tmp_path: Path) -> None:
    async def story() -> None:
        async with agent_room(tmp_path) as room:
            await room.sign_in()
            session = (await room.post("/api/sessions/open", case_id="")).json()["session"]
            assert "待补编号" in (await room.browser.get("/")).text
            await room.post("/api/sessions/close", session=session)
            untagged = (await room.status())["untagged"]
            assert [one["session"] for one in untagged] == [session]
            assert "待补编号的接访" in (await room.browser.get("/")).text
            assert (await room.post("/api/sessions/tag", session=session, case_id=CASE_ID)).status_code == 200
            assert (await room.status())["untagged"] == []
            again = await room.post("/api/sessions/tag", session=session, case_id="QS-2026-9999")
            assert again.json()["error"]["code"] == "tagged-already"
            body = {"session": session, "case_id": "QS-2026-9999", "replace": True, "reason": "录入错误"}
            assert (await room.post("/api/sessions/tag", **body)).status_code == 200
            await until(lambda: len(room.centre.tags) == 2, "both tags")
            first, second = sorted(opened_tags(room), key=lambda tag: tag.made_wall_ns)
            assert (first.replaces, second.reason) == (None, "录入错误")
            assert second.replaces is not None
            assert opened_tags(room)[list(room.centre.tags).index(second.replaces)] == first
            unknown = await room.post("/api/sessions/tag", session="f" * 32, case_id=CASE_ID)
            assert unknown.json()["error"]["code"] == "session-unknown"

    asyncio.run(story())


def test_twice_is_told_and_changes_nothing(tmp_path: Path) -> None:
    async def story() -> None:
        async with agent_room(tmp_path) as room:
            await room.sign_in()
            answers = await asyncio.gather(*(room.post("/api/sessions/open", case_id=CASE_ID) for _ in range(3)))
            assert sorted(answer.status_code for answer in answers) == [200, 409, 409]
            refusal = next(answer.json()["error"] for answer in answers if answer.status_code == 409)
            assert refusal["code"] == "session-open"
            session = room.recorder.session
            assert (await room.post("/api/sessions/close", session=session)).status_code == 200
            again = await room.post("/api/sessions/close", session=session)
            assert (again.status_code, again.json()["error"]["code"]) == (409, "session-not-open")
            assert room.recorder.head.number == 2
            await until(lambda: room.centre.tags, "the one tag")
            assert not room.agent.outbox.tags(noted=False)
            assert len(room.centre.tags) == 1

    asyncio.run(story())


WRONG_NUMBERS = {
    "QS": "case-id-pattern",
    "Q" * 65: "case-id-too-long",
    "QS-2026\u200b-1": "case-id-control-character",
    "QЅ-2026-1": "case-id-look-alike",
    "QS-2026-1\n": "case-id-control-character",
}


def test_a_wrong_number_is_told_beside_the_field_and_opens_nothing(tmp_path: Path) -> None:
    async def story() -> None:
        async with agent_room(tmp_path) as room:
            await room.sign_in()
            for typed, code in WRONG_NUMBERS.items():
                answer = await room.post("/api/sessions/open", case_id=typed)
                error = answer.json()["error"]
                assert (answer.status_code, error["code"], error["field"]) == (422, code, "case_id")
                assert error["message"] != error["message_en"]
            assert room.recorder.calls["open_session"] == 0

    asyncio.run(story())


def test_without_a_recorder_nothing_is_promised(tmp_path: Path) -> None:
    async def story() -> None:
        async with agent_room(tmp_path) as room:
            await room.sign_in()
            await room.recorder.stop()
            answer = await room.post("/api/sessions/open", case_id=CASE_ID)
            assert (answer.status_code, answer.json()["error"]["code"]) == (503, RecorderSilent().code)
            room.agent.board.recorder_seen_mono_ns = 0
            assert (await room.status())["state"] == "unreachable"
            assert "没有录制信号" in (await room.browser.get("/")).text
            assert "目前没有录音录像" in (await room.browser.get("/visitor")).text

    asyncio.run(story())


def test_an_answer_lost_between_agent_and_recorder_is_settled_by_the_chain(tmp_path: Path) -> None:
    async def story() -> None:
        async with agent_room(tmp_path) as room:
            await room.sign_in()
            session = (await room.post("/api/sessions/open", case_id="")).json()["session"]
            true = room.recorder.do_tag_session

            def dies_afterwards(**arguments: str) -> dict[str, str]:
                true(**arguments)
                raise ConnectionResetError

            room.recorder.do_tag_session = dies_afterwards  # type: ignore[assignment, method-assign]
            asyncio.get_running_loop().set_exception_handler(lambda *_: None)
            answer = await room.post("/api/sessions/tag", session=session, case_id=CASE_ID)
            assert answer.json()["error"]["code"] == "recorder-silent"
            await until(lambda: room.centre.tags, "the tag that the chain names")
            assert (await room.status())["session"]["tagged"] is True

    asyncio.run(story())


def test_the_recorder_decides_what_is_open(tmp_path: Path) -> None:
    async def story() -> None:
        async with agent_room(tmp_path) as room:
            await room.sign_in()
            session = (await room.post("/api/sessions/open", case_id="")).json()["session"]
            room.recorder.do_close_session(session, room.centre.officer, "online")
            await until(lambda: room.agent.board.open_session() is None, "the recorder's word")
            await until(
                lambda: (one := room.agent.console.find_session(session)) and one.closed_wall_ns, "the page's", 6
            )
            room.recorder.do_open_session("e" * 32, room.centre.officer, "online")
            await until(lambda: room.agent.console.find_session("e" * 32), "a session that the page did not open")
            assert (await room.status())["session"]["session"] == "e" * 32

    asyncio.run(story())


def _forms(case_id: str) -> list[bytes]:
    raw = case_id.encode()
    forms = [raw, raw.lower(), raw.hex().encode(), quote(case_id, safe="").replace("-", "%2D").encode()]
    forms += [
        hashlib.sha256(raw).hexdigest().encode(),
        hashlib.sha256(raw).digest(),
        hashlib.md5(raw).hexdigest().encode(),
    ]
    for shift in range(3):  # base64 in each of its three alignments, without the characters at the seams
        forms.append(base64.b64encode(b"x" * shift + raw)[4 : -4 if shift else None].rstrip(b"="))
    return [*forms, json.dumps(case_id).encode(), case_id.encode("utf-16-le")]


def test_the_number_is_found_nowhere_in_the_room(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Files, SQLite with its WAL, chain, log, and everything said on the sockets; raw and in disguises."""

    async def story() -> None:
        async with agent_room(tmp_path) as room:
            await room.sign_in()
            await room.centre.stop()  # so that the tag stays in the outbox
            session = (await room.post("/api/sessions/open", case_id=CASE_ID)).json()["session"]
            body = {"session": session, "case_id": CASE_ID, "replace": True, "reason": CASE_ID}
            await room.post("/api/sessions/tag", **body)
            await room.post("/api/sessions/tag", session=session, case_id=CASE_ID + "!")
            await room.post("/api/sessions/open", case_id=CASE_ID)
            await room.recorder.stop()
            await room.post("/api/sessions/tag", **body)
            assert room.agent.outbox.tags(noted=True)
            said = json.dumps(room.recorder.questions + room.centre.statuses).encode()
            assert not [form for form in _forms(CASE_ID) if form in said]
            _search(tmp_path)
            await room.recorder.start()
            await room.centre.start()
            await until(lambda: len(room.centre.tags) == 2, "the tags")
            await until(lambda: not room.agent.outbox.tags(noted=True), "an empty outbox")
        _search(tmp_path)

    asyncio.run(story())
    captured = capfd.readouterr()
    log = (captured.out + captured.err).encode()
    assert b"duty-paused" in log
    assert not [form for form in _forms(CASE_ID) if form in log]


def _search(directory: Path) -> None:
    names = [os.path.join(folder, name) for folder, _, files in os.walk(directory) for name in files]
    files = [Path(name) for name in names if Path(name).is_file()]
    assert any(file.name in {"agent.sqlite-wal", "agent.sqlite"} for file in files)
    found = [(file, form) for file in files for form in _forms(CASE_ID) if form in file.read_bytes()]
    assert not found
    assert not [name for name in names if CASE_ID.lower() in name.lower()]


def test_a_fault_of_ours_repeats_nothing_that_was_typed(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    async def story() -> None:
        async with agent_room(tmp_path) as room:
            await room.sign_in()

            def broken(*_: object) -> None:
                raise ValueError(f"something about {CASE_ID}")

            room.agent.outbox.prepare_tag = broken  # type: ignore[method-assign]
            answer = await room.post("/api/sessions/open", case_id=CASE_ID)
            assert (answer.status_code, answer.json()["error"]["code"]) == (500, "agent-unexpected")

    asyncio.run(story())
    captured = capfd.readouterr()
    assert "console-failed" in captured.out + captured.err
    assert CASE_ID not in captured.out + captured.err
