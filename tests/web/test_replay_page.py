"""A real Chromium on the seeded centre: the page's clock against the clock in the picture, over seeks and gaps."""

from base64 import b64decode
from datetime import datetime
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page

from tests.fakes.seeded_footage import ZONE, read_clock
from tests.fakes.story import Story
from tests.web.browser import browser, sign_in

HLS_JS = Path("build/static/hls.min.js")
READY = "() => { const v = document.getElementById('video'); return v.readyState >= 3 && !v.seeking; }"
DRAW = """() => {
  const video = document.getElementById('video');
  const canvas = document.createElement('canvas');
  canvas.width = video.videoWidth; canvas.height = video.videoHeight;
  canvas.getContext('2d').drawImage(video, 0, 0);
  const clock = document.getElementById('clock');
  return [canvas.toDataURL('image/png'), Number(clock.dataset.wallMs), clock.textContent];
}"""


def clocks(page: Page) -> tuple[float, float, str]:
    """Seconds of the day in the picture and on the page, and the page's own words, all in one instant."""
    page.wait_for_function(READY)
    page.wait_for_timeout(250)  # the frame of a seek is painted after the event
    picture, wall_ms, words = page.evaluate(DRAW)
    image = Image.open(BytesIO(b64decode(picture.split(",")[1])))
    at = datetime.fromtimestamp(wall_ms / 1000, ZONE)
    seconds = at.hour * 3600 + at.minute * 60 + at.second + at.microsecond / 1e6
    return read_clock(image), seconds, words


def agree(page: Page) -> None:
    picture, shown, words = clocks(page)
    assert abs(int(shown) - picture) <= 1, (picture, shown, words)


def seek(page: Page, wall_ms: float) -> None:
    box = page.locator("#line-drawing").bounding_box()
    assert box is not None
    first, last = (float(page.get_attribute("#line", name) or 0) for name in ("aria-valuemin", "aria-valuemax"))
    page.mouse.click(box["x"] + box["width"] * (wall_ms - first) / (last - first), box["y"] + 24)


def watch(page: Page, story: Story) -> dict[str, float]:
    """From the search to the player, as a person does it; where the gap is."""
    sign_in(page, story.address, "supervisor")
    page.fill(".bar-search [name=text]", "XF-2026-000123")
    page.keyboard.press("Enter")
    page.click("text=打开")
    page.fill("#field-reason", "核实来访人对接谈记录的异议")
    page.click("form[action='/review'] button")
    page.wait_for_url("**/review/*")
    page.wait_for_selector("#gaps li")
    gap: dict[str, float] = page.evaluate(
        "async () => (await (await fetch(location.pathname + '/timeline.json')).json()).missing[0]"
    )
    return gap


@pytest.mark.parametrize("player", ["native", "hls.js"])
def test_the_clock_under_the_picture_is_the_clock_in_the_picture(story: Story, chromium: str, player: str) -> None:
    if player == "hls.js":
        assert HLS_JS.exists(), "needs build/static/hls.min.js: run script/setup where there is npm"
    with browser(chromium) as chrome:
        page = chrome.new_page(viewport={"width": 1366, "height": 768}, locale="zh-CN")
        if player == "hls.js":
            page.add_init_script("HTMLMediaElement.prototype.canPlayType = () => ''")
        faults: list[str] = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
        gap = watch(page, story)
        agree(page)
        for wall_ms in (gap["from_ms"] - 12_300, gap["to_ms"] + 21_700, gap["from_ms"] - 2_500, gap["to_ms"] + 3_200):
            seek(page, wall_ms)
            agree(page)
        seek(page, gap["from_ms"] + 5_000)  # inside the gap: the first footage after it
        agree(page)
        assert abs(float(page.get_attribute("#clock", "data-wall-ms") or 0) - gap["to_ms"]) < 1_000
        seek(page, gap["from_ms"] - 1_500)
        page.keyboard.press(" ")
        page.wait_for_function("(ms) => Number(document.getElementById('clock').dataset.wallMs) > ms", arg=gap["to_ms"])
        page.keyboard.press("k")
        agree(page)
        before = clocks(page)[1]
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("Shift+ArrowRight")
        agree(page)
        assert page.locator(".watermark span").first.inner_text().startswith("林清和 · 云岭县")
        assert before > 0
        assert faults == []
        page.goto(f"{story.address}/register")
        assert "核实来访人对接谈记录的异议" in page.locator("tbody tr").first.inner_text()
        assert "登记后没有取用" not in page.locator("tbody tr").first.inner_text()
