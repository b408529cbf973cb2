"""The demo's room in a real Chromium: the officer's page, and the live picture that a duty officer sees.

What a supervisor does is tried in tests/web. SHILU_SCREENSHOTS=1 renews the README's picture of the room's page.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from demo.house import House
from demo.place import Place
from demo.sources import camera_source
from tests.web.browser import browser

PICTURE = Path(__file__).parents[2] / "docs" / "images" / "console.png"
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


def signed_in(chrome: Browser, house: House, role: str) -> Page:
    login = house.accounts[role]
    page = chrome.new_context(viewport={"width": 1366, "height": 768}, locale="zh-CN").new_page()
    page.goto(f"{house.centre_url}/sign-in")
    page.fill("#field-name", login.name)
    page.fill("#field-password", login.password)
    page.click("form[action='/sign-in'] button")
    page.wait_for_url(lambda url: "/sign-in" not in url)
    return page


def test_an_officer_records_a_session_by_hand(house: House, chrome: Browser) -> None:
    officer = house.accounts["officer"]
    page = chrome.new_context(viewport={"width": 1366, "height": 768}, locale="zh-CN").new_page()
    page.goto(house.console_url)
    page.fill("#number", officer.number)
    page.fill("#pin", officer.pin)
    page.click("form[data-api='/api/sign-in'] button")
    page.fill("#case", CASE)
    page.click("form[data-api='/api/sessions/open'] button")
    page.wait_for_selector("form[data-api='/api/sessions/close']")
    page.wait_for_function("() => document.getElementById('preview').naturalWidth > 0", timeout=20_000)
    page.wait_for_timeout(1500)
    if os.environ.get("SHILU_SCREENSHOTS") == "1":
        page.screenshot(path=PICTURE)
    page.click("form[data-api='/api/sessions/close'] button")
    page.click("form[data-api='/api/sessions/close'] button")
    page.wait_for_selector("form[data-api='/api/sessions/open']")


def test_a_duty_officer_watches_the_room_live(house: House, chrome: Browser) -> None:
    page = signed_in(chrome, house, "duty-officer")
    room = page.evaluate("async () => (await (await fetch('/api/rooms')).json())[0].room_id")
    csrf = page.evaluate("async () => (await (await fetch('/api/session')).json()).csrf")
    status, frames = page.evaluate(WATCH_LIVE, [room, csrf])
    assert status == 201, frames
    assert frames > 25
