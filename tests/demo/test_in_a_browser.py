"""The whole demo as people use it, in a real Chromium: officer, duty officer, supervisor, administrator.

Leaves the README's pictures in build/screenshots; SHILU_SCREENSHOTS names another folder.
"""

from __future__ import annotations

import os
import time
from base64 import b64decode
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page

from demo.house import House
from demo.place import Place
from demo.smoke import RECORD_S
from demo.sources import camera_source
from edge.capture.bars import CLOCK_BAR, read_bars
from tests.web.browser import browser

PICTURES = Path(os.environ.get("SHILU_SCREENSHOTS", "build/screenshots"))
CASE = "XF2026-000123"
WATCH_LIVE = """async ([room, csrf]) => {
  const peer = new RTCPeerConnection({iceServers: []});
  peer.addTransceiver("video", {direction: "recvonly"});
  peer.addTransceiver("audio", {direction: "recvonly"});
  const gathered = new Promise(done => {
    peer.onicegatheringstatechange = () => peer.iceGatheringState === "complete" && done();
  });
  await peer.setLocalDescription(await peer.createOffer());
  await gathered;
  const headers = {
    "content-type": "application/sdp", "x-csrf-token": csrf, "x-access-reason": encodeURIComponent("值班巡查"),
  };
  const body = peer.localDescription.sdp;
  const answer = await fetch(`/api/live/rooms/${room}/whep`, {method: "POST", headers, body});
  if (answer.status !== 201) return [answer.status, await answer.text()];
  await peer.setRemoteDescription({type: "answer", sdp: await answer.text()});
  let frames = 0;
  for (let tries = 0; tries < 100 && frames <= 25; tries++) {
    await new Promise(done => setTimeout(done, 100));
    for (const report of (await peer.getStats()).values())
      if (report.type === "inbound-rtp" && report.kind === "video") frames = report.framesDecoded;
  }
  peer.close();
  return [201, frames];
}"""
CLOCKS = """() => {
  const video = document.getElementById('video');
  const canvas = document.createElement('canvas');
  canvas.width = video.videoWidth; canvas.height = video.videoHeight;
  canvas.getContext('2d').drawImage(video, 0, 0);
  return [canvas.toDataURL('image/png'), Number(document.getElementById('clock').dataset.wallMs)];
}"""
STANDS = "() => { const v = document.getElementById('video'); return v.readyState >= 3 && !v.seeking; }"
pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    place = Place(tmp_path_factory.mktemp("demo"))
    ports, _ = place.choose_ports(None)
    house = House(place, ports, "local", print)
    made = camera_source(None)
    try:
        house.start(made, made)
        yield house
    finally:
        house.stop()
        place.close()


@pytest.fixture(scope="module")
def chrome(chromium: str) -> Iterator[Browser]:
    with browser(chromium) as started:
        yield started


def keep(page: Page, name: str) -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=PICTURES / f"{name}.png")


def signed_in(chrome: Browser, house: House, role: str) -> Page:
    login = house.accounts[role]
    page = chrome.new_context(viewport={"width": 1366, "height": 768}, locale="zh-CN").new_page()
    page.goto(f"{house.centre_url}/sign-in")
    page.fill("#field-name", login.name)
    page.fill("#field-password", login.password)
    page.click("form[action='/sign-in'] button")
    page.wait_for_url(lambda url: "/sign-in" not in url)
    return page


def test_a_session_from_the_room_to_the_supervisor(house: House, chrome: Browser) -> None:
    record_in_the_room(house, chrome)
    look_at_the_rooms(house, chrome)
    page = signed_in(chrome, house, "supervisor")
    open_the_player(page)
    for part in (0.3, 0.8, 0.5):
        seek(page, part)
        burnt_in, shown = clocks(page)
        assert abs(shown - burnt_in) <= 1
    keep(page, "replay")
    page.goto(f"{house.centre_url}/register")
    assert "核实来访人对接谈记录的异议" in page.locator("tbody tr").first.inner_text()
    keep(page, "register")


def record_in_the_room(house: House, chrome: Browser) -> None:
    officer = house.accounts["officer"]
    page = chrome.new_context(viewport={"width": 1366, "height": 768}, locale="zh-CN").new_page()
    page.goto(house.console_url)
    page.fill("#number", officer.number)
    page.fill("#pin", officer.pin)
    page.click("form[data-api='/api/sign-in'] button")
    page.fill("#case", CASE)
    page.click("form[data-api='/api/sessions/open'] button")
    page.wait_for_selector("form[data-api='/api/sessions/close']")
    began = time.monotonic()
    page.wait_for_function("() => document.getElementById('preview').naturalWidth > 0", timeout=20_000)
    page.wait_for_timeout(1500)
    keep(page, "console")
    page.wait_for_timeout(max(0.0, RECORD_S - (time.monotonic() - began)) * 1000)
    page.click("form[data-api='/api/sessions/close'] button")
    page.click("form[data-api='/api/sessions/close'] button")
    page.wait_for_selector("form[data-api='/api/sessions/open']")


def look_at_the_rooms(house: House, chrome: Browser) -> None:
    """The duty officer sees the room's state and its live picture; the administrator sees its health."""
    page = signed_in(chrome, house, "duty-officer")
    page.goto(f"{house.centre_url}/rooms")
    keep(page, "rooms")
    room = page.evaluate("async () => (await (await fetch('/api/rooms')).json())[0].room_id")
    csrf = page.evaluate("async () => (await (await fetch('/api/session')).json()).csrf")
    status, frames = page.evaluate(WATCH_LIVE, [room, csrf])
    assert status == 201, frames
    assert frames > 25
    administrator = signed_in(chrome, house, "administrator")
    administrator.goto(f"{house.centre_url}/rooms/{room}")
    keep(administrator, "room")


def open_the_player(page: Page) -> None:
    """As soon as the archive has the session whole."""
    page.fill(".bar-search [name=text]", CASE)
    page.keyboard.press("Enter")
    page.wait_for_url("**/find/*")
    keep(page, "find")
    page.click("text=打开")
    session = page.url
    for _ in range(60):
        if page.locator("form[action='/review'] button[disabled]").count() == 0:
            break
        page.wait_for_timeout(1000)
        page.goto(session)
    keep(page, "session")
    page.fill("#field-reason", "核实来访人对接谈记录的异议")
    page.click("form[action='/review'] button")
    page.wait_for_url("**/review/*")
    page.wait_for_function(STANDS, timeout=20_000)


def seek(page: Page, part: float) -> None:
    """Click on the time line at `part` of what is there."""
    box = page.locator("#line-drawing").bounding_box()
    assert box is not None
    line = page.evaluate("async () => await (await fetch(location.pathname + '/timeline.json')).json()")
    first, last = (float(page.get_attribute("#line", name) or 0) for name in ("aria-valuemin", "aria-valuemax"))
    pieces = line["pieces"]
    start_ms, end_ms = pieces[0]["wall_ms"], pieces[-1]["wall_ms"] + pieces[-1]["length_s"] * 1000
    wall_ms = start_ms + part * (end_ms - start_ms)
    page.mouse.click(box["x"] + box["width"] * (wall_ms - first) / (last - first), box["y"] + 24)


def clocks(page: Page) -> tuple[int, float]:
    """Wall-clock seconds: burnt into the picture, and as the page shows it, in one instant."""
    page.wait_for_function(STANDS)
    page.wait_for_timeout(300)
    picture, wall_ms = page.evaluate(CLOCKS)
    luma = np.asarray(Image.open(BytesIO(b64decode(picture.split(",")[1]))).convert("L"))
    burnt_in = read_bars(luma, CLOCK_BAR)
    assert burnt_in is not None
    return burnt_in, wall_ms / 1000
