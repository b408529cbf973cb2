"""Recording that fails in a session: the officer is told at once, chooses with a reason, and the choice is signed."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

from playwright.async_api import Page, async_playwright

from edge.console.view import FAULT_REASONS, fault
from edge.health.fault import Reason
from storage.signing import peek_json
from tests.edge.console.test_console_browser import FLAGS
from tests.fakes.agent_room import AgentRoom, agent_room, until

LOST = {
    "name": "camera",
    "kind": "video",
    "state": "lost",
    "code": "camera-silent",
    "message": "摄像头不再送来画面，录音照常进行，正在自动重连。请检查摄像头的电源和连线",
    "message_en": "The camera stopped sending pictures; sound goes on being recorded. Check its power and cable",
}


def break_camera(room: AgentRoom) -> None:
    room.recorder.state, room.recorder.sources = "degraded", [LOST]
    room.recorder.fault = {"code": "camera-silent", "since_wall_ns": time.time_ns()}


async def session_with_a_fault(room: AgentRoom) -> str:
    await room.sign_in()
    session = str((await room.post("/api/sessions/open", case_id="")).json()["session"])
    break_camera(room)
    await until(lambda: room.agent.board.recorder.get("fault"), "the recorder's word")
    return session


def decisions(room: AgentRoom) -> list[dict[str, Any]]:
    rows = [peek_json(row.jws) for row in room.recorder.index.notes_newest_first(100)]
    return [note for note in rows if note["note"] == "fault-decision"]


def test_the_page_says_what_is_wrong_and_what_to_do_and_going_on_is_signed(tmp_path: Path) -> None:
    async def story() -> None:
        async with agent_room(tmp_path) as room:
            session = await session_with_a_fault(room)
            shown = (await room.status())["fault"]
            assert (shown["code"], shown["message"]) == ("camera-silent", LOST["message"])
            page = (await room.browser.get("/")).text
            assert "接访中录制出现故障" in page
            assert all(word in page for _, word in FAULT_REASONS)
            for body in ({"choice": "go-on", "reason": ""}, {"choice": "wait", "reason": "other"}, {}):
                refused = await room.post("/api/sessions/fault", session=session, **body)
                assert (refused.status_code, refused.json()["error"]["code"]) == (422, "fault-choice")
            assert room.recorder.calls["decide_fault"] == 0
            answer = await room.post("/api/sessions/fault", session=session, choice="go-on", reason="visitor-agrees")
            assert answer.status_code == 200
            (note,) = decisions(room)
            assert note["detail"] == "go-on camera-silent visitor-agrees"
            assert (note["session"], note["officer"], note["signed_in"]) == (session, room.centre.officer, "online")
            assert (await room.status())["session"]["session"] == session
            assert "接访中录制出现故障" not in (await room.browser.get("/")).text
            again = await room.post("/api/sessions/fault", session=session, choice="go-on", reason="other")
            assert (again.status_code, again.json()["error"]["code"]) == (409, "no-fault")

    asyncio.run(story())


def test_stopping_closes_the_session_also_without_a_line(tmp_path: Path) -> None:
    async def story() -> None:
        async with agent_room(tmp_path) as room:
            session = await session_with_a_fault(room)
            await room.centre.stop()
            answer = await room.post("/api/sessions/fault", session=session, choice="stop", reason="repair-first")
            assert answer.status_code == 200
            assert decisions(room)[0]["detail"] == "stop camera-silent repair-first"
            assert room.recorder.session is None
            assert (await room.status())["session"] is None
            await room.centre.start()

    asyncio.run(story())


def test_nobody_decides_who_is_not_signed_in(tmp_path: Path) -> None:
    async def story() -> None:
        async with agent_room(tmp_path) as room:
            session = await session_with_a_fault(room)
            await room.post("/api/sign-out")
            await room.status()
            answer = await room.post("/api/sessions/fault", session=session, choice="stop", reason="other")
            assert (answer.status_code, answer.json()["error"]["code"]) == (401, "not-signed-in")
            assert "接访中录制出现故障" not in (await room.browser.get("/")).text
            assert "接访中录制出现故障" not in (await room.browser.get("/visitor")).text
            assert decisions(room) == []

    asyncio.run(story())


def test_reasons_are_those_that_the_recorder_takes() -> None:
    assert {code for code, _ in FAULT_REASONS} == set(Reason.__args__)


def test_a_fault_without_words_is_still_told() -> None:
    told = fault({"fault": {"code": "something-new", "since_wall_ns": 5}, "problems": [{"code": "other"}]})
    assert told is not None
    assert told.message
    assert fault({"fault": None}) is None
    assert fault({"fault": {"code": "x"}}) is None


def test_an_officer_decides_by_keyboard_and_by_mouse(tmp_path: Path, chromium: str) -> None:
    async def story() -> None:
        async with agent_room(tmp_path) as room, async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=chromium, args=FLAGS)
            page = await browser.new_page(viewport={"width": 1366, "height": 768}, locale="zh-CN")
            await page.goto(f"http://127.0.0.1:{room.agent.console.port}/")
            await page.fill("#number", "03")
            await page.fill("#pin", "4711")
            await page.keyboard.press("Enter")
            await page.click("text=开始接访")
            await page.wait_for_selector("text=正在接访")
            broken = time.monotonic()
            break_camera(room)
            await page.wait_for_selector(".fault h2")
            print(f"the panel stands {time.monotonic() - broken:.1f} s after the recorder says so")
            assert time.monotonic() - broken < 3
            await _choose_with_the_keyboard(page, room)
            break_camera(room)
            await page.wait_for_selector(".fault h2")
            await page.set_viewport_size({"width": 390, "height": 844})
            assert await page.evaluate("document.documentElement.scrollWidth") <= 390
            await page.click("text=先修复再接访")
            await page.click(".fault-choices >> text=结束接访")
            await page.wait_for_selector("text=当前没有接访")
            await until(lambda: len(decisions(room)) == 2, "both decisions")
            assert decisions(room)[0]["detail"] == "stop camera-silent repair-first"
            await browser.close()

    asyncio.run(story())


async def _choose_with_the_keyboard(page: Page, room: AgentRoom) -> None:
    await page.click(".fault-choices >> text=继续接访")
    assert await page.is_visible(".fault h2"), "without a reason nothing is sent"
    assert room.recorder.calls["decide_fault"] == 0
    await page.focus(".fault-reason input")
    await page.keyboard.press("Space")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await page.wait_for_selector(".fault", state="detached")
    assert decisions(room)[0]["detail"] == "go-on camera-silent visitor-agrees"
