"""The whole demo and a real Chromium: a recorder killed in mid-session, the case found and watched by a supervisor."""

from __future__ import annotations

import os
import signal
import time
from base64 import b64decode
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page

from demo import processes
from demo.console import Console
from demo.house import House
from demo.place import Place, Ports
from demo.smoke import Session, wait_for_receipts
from demo.sources import camera_source
from edge.capture.bars import CLOCK_BAR, read_bars
from tests.web.browser import browser, sign_in

CASE = "XF2026-004217"
PICTURES = Path(__file__).parents[2] / "docs" / "images"
KEEP_PICTURES = os.environ.get("SHILU_SCREENSHOTS") == "1"
READY = "() => { const v = document.getElementById('video'); return v.readyState >= 3 && !v.seeking; }"
DRAW = """() => {
  const video = document.getElementById('video');
  const canvas = document.createElement('canvas');
  canvas.width = video.videoWidth; canvas.height = video.videoHeight;
  canvas.getContext('2d').drawImage(video, 0, 0);
  return [canvas.toDataURL('image/png'), Number(document.getElementById('clock').dataset.wallMs)];
}"""

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    place = Place(tmp_path_factory.mktemp("demo"))
    place.keep_store("s3")
    house = House(place, Ports(*processes.free_ports(2)), "s3", lambda _sentence: None)
    camera = camera_source(None)
    try:
        house.start(camera, camera)
        yield house
    finally:
        house.stop()
        place._lock.close()


def wait(house: House, seconds: float, done: Callable[[], bool] = lambda: False) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and not done():
        house.watch()
        time.sleep(0.1)


@pytest.fixture(scope="module")
def session(house: House) -> Session:
    """About 25 s with the recorder killed after nine."""
    officer = house.accounts["officer"]
    with Console(house.console_url) as console:
        wait(house, 8)  # something before the opening, which is kept too
        console.sign_in(officer.number, officer.pin)
        name, opened_ns = console.open_session(CASE), time.time_ns()
        wait(house, 9)
        killed, first = time.monotonic(), house.pid("recorder")
        os.kill(first, signal.SIGKILL)
        wait(house, 1.0)
        wait(house, 20, lambda: house.pid("recorder") != first and bool(console.status()["recording"]))
        assert time.monotonic() - killed < 10
        wait(house, 12)
        closed_ns = console.close_session(name)
        wait(house, 3)
    done = Session(name, CASE, opened_ns, closed_ns)
    segments, archived = wait_for_receipts(house, done)
    assert segments == archived > 0
    return done


def clocks(page: Page) -> tuple[int, float]:
    """Seconds since 1970: burnt into the picture, and on the page."""
    page.wait_for_function(READY)
    page.wait_for_timeout(300)
    picture, wall_ms = page.evaluate(DRAW)
    luma = np.asarray(Image.open(BytesIO(b64decode(picture.split(",")[1]))).convert("L"))
    burnt = read_bars(luma, CLOCK_BAR)
    assert burnt is not None, "the picture shows no clock"
    return burnt, wall_ms / 1000


def agree(page: Page) -> None:
    burnt, shown = clocks(page)
    assert abs(int(shown) - burnt) <= 1, (burnt, shown)


def picture(page: Page, name: str) -> None:
    if KEEP_PICTURES:
        PICTURES.mkdir(parents=True, exist_ok=True)
        page.wait_for_timeout(400)
        page.screenshot(path=PICTURES / f"{name}.png")


def test_a_supervisor_finds_the_case_gives_a_reason_and_watches(house: House, session: Session, chromium: str) -> None:
    supervisor = house.accounts["supervisor"]
    with browser(chromium) as chrome:
        page = chrome.new_page(viewport={"width": 1366, "height": 768}, locale="zh-CN")
        faults: list[str] = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
        sign_in(page, house.centre_url, supervisor.name, supervisor.password)
        picture(page, "rooms")
        page.click("nav >> text=查找")
        page.fill("#field-case_id", CASE.lower())
        page.click("main form button")
        assert CASE not in page.url
        picture(page, "find")
        page.click("text=打开")
        assert page.url.endswith(session.session)
        page.fill("#field-reason", "核实来访人对接谈记录的异议")
        picture(page, "session")
        page.click("form[action='/review'] button")
        page.wait_for_url("**/review/*")
        page.wait_for_selector("#gaps li")
        agree(page)
        timeline = page.evaluate("async () => (await fetch(location.pathname + '/timeline.json')).json()")
        [gap] = [gap for gap in timeline["missing"] if gap["cause"] == "crashed"]
        assert 0 < gap["to_ms"] - gap["from_ms"] < 10_000
        for wall_ms in (gap["from_ms"] - 4_000, gap["to_ms"] + 5_000, gap["from_ms"] - 1_500, gap["to_ms"] + 1_500):
            seek(page, wall_ms)
            agree(page)
        seek(page, gap["from_ms"] - 2_500)
        page.keyboard.press(" ")
        past = "(ms) => Number(document.getElementById('clock').dataset.wallMs) > ms"
        page.wait_for_function(past, arg=gap["to_ms"] + 500)
        page.keyboard.press("k")
        agree(page)
        page.fill("#note-text", "此处告知了复查途径。")
        page.click("#note-form button")
        page.wait_for_selector("#notes-list .note-time")
        page.mouse.move(10, 700)
        picture(page, "replay")
        assert faults == []
        page.goto(f"{house.centre_url}/register")
        row = page.locator("tbody tr").first.inner_text()
        assert "核实来访人对接谈记录的异议" in row
        assert "登记后没有取用" not in row
        picture(page, "register")


def test_an_administrator_sees_the_room(house: House, session: Session, chromium: str) -> None:
    administrator = house.accounts["administrator"]
    with browser(chromium) as chrome:
        page = chrome.new_page(viewport={"width": 1366, "height": 768}, locale="zh-CN")
        sign_in(page, house.centre_url, administrator.name, administrator.password)
        page.wait_for_selector(".state-recording")
        page.click(".room-link")
        page.wait_for_selector("#room-state .state-proved")
        picture(page, "room")
        page.goto(f"{house.centre_url}/devices")
        page.click("tbody >> text=管理")
        page.wait_for_selector("text=登记或更换设备")
        picture(page, "device")


def seek(page: Page, wall_ms: float) -> None:
    box = page.locator("#line-drawing").bounding_box()
    assert box is not None
    first, last = (float(page.get_attribute("#line", name) or 0) for name in ("aria-valuemin", "aria-valuemax"))
    page.mouse.click(box["x"] + box["width"] * (wall_ms - first) / (last - first), box["y"] + 24)
