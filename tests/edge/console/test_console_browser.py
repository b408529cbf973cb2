"""A real Chromium at the console, with a real recorder behind it: what an officer presses is what happens."""

from __future__ import annotations

import asyncio
from pathlib import Path

from playwright.async_api import Page, async_playwright

from config.process import AgentSettings
from edge.agent.agent import Agent
from tests.edge.recorder.room import Room
from tests.fakes.agent_room import QUICK, until
from tests.fakes.scripted_centre import ScriptedCentre

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def test_an_officer_at_the_console(tmp_path: Path, chromium: str) -> None:
    async def story() -> None:
        centre = ScriptedCentre()
        await centre.start()
        room = Room(tmp_path)
        room.start()
        settings = AgentSettings(
            data_directory=room.data, run_directory=room.run, centre_url=centre.url, console_port=0
        )
        agent = Agent(settings, QUICK)
        running = asyncio.create_task(agent.run())
        try:
            async with async_playwright() as playwright:
                browser = await playwright.chromium.launch(executable_path=chromium, args=FLAGS)
                page = await browser.new_page(viewport={"width": 1366, "height": 768}, locale="zh-CN")
                await until(agent.board.recorder_answers, "the recorder")
                await page.goto(f"http://127.0.0.1:{agent.console.port}/")
                await _enrol(page, centre, agent)
                await _hold_a_session(page, centre)
                await _look_as_a_visitor(page, room, agent)
                await browser.close()
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            if room.process is not None:
                room.stop()
            await centre.stop()

    asyncio.run(story())


async def _enrol(page: Page, centre: ScriptedCentre, agent: Agent) -> None:
    await page.fill("#code", centre.code.text.lower().replace("-", " "))
    await page.click("text=登记 >> nth=-1")
    await page.wait_for_selector(".big-fingerprint")
    shown = (await page.inner_text(".big-fingerprint")).split()
    assert shown == agent.board.fingerprint.split()
    centre.state = "active"
    await page.fill("#number", "03")  # the page goes on by itself
    await page.fill("#pin", "4711")
    await page.keyboard.press("Enter")
    await page.wait_for_selector("#preview:not([hidden])")
    assert await page.evaluate("document.getElementById('preview').naturalWidth") > 300


async def _hold_a_session(page: Page, centre: ScriptedCentre) -> None:
    await page.wait_for_selector(".banner-recording")
    await page.fill("#case", "QＳ 2026")
    await page.click("text=开始接访")
    await page.wait_for_selector(".field-error:has-text('格式不符')")
    await page.fill("#case", "QS-2026-00042")
    await page.click("text=开始接访")
    await page.wait_for_selector("text=已登记信访件编号")
    await page.wait_for_selector(".banner-session b:text-matches('00:0[0-9]')")
    await page.wait_for_selector("meter")
    await page.click("text=结束接访")
    assert await page.is_visible("text=再按一次，结束接访"), "one slip of a finger ends nothing"
    await page.click("text=再按一次，结束接访")
    await page.wait_for_selector("text=当前没有接访")
    width = await page.evaluate("document.documentElement.scrollWidth")
    assert width <= 1366
    await until(lambda: centre.tags and len(centre.store) > 0, "tag and footage at the centre", 20)


async def _look_as_a_visitor(page: Page, room: Room, agent: Agent) -> None:
    await page.goto(f"http://127.0.0.1:{agent.console.port}/visitor")
    await page.wait_for_selector("h1:text('本接谈室正在同步录音录像')")
    room.stop()
    await page.wait_for_selector("h1:text('本接谈室目前没有录音录像')", timeout=15_000)
