"""A real Chromium on the disputed session: the clock over gaps and the second copy, both times, one voice alone."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.fakes.seeded_centre import open_seeded
from tests.fakes.seeded_dispute import TONES, seed_dispute
from tests.fakes.served_centre import served
from tests.web.browser import browser, sign_in
from tests.web.test_replay_page import READY, agree, seek

HEAR = """const made = AudioContext.prototype.createChannelMerger;
AudioContext.prototype.createChannelMerger = function (count) { return window.heard = made.call(this, count); };"""
NO_HLS = "HTMLMediaElement.prototype.canPlayType = () => '';"
# The loudest tone on each ear, in hertz.
PEAKS = """async () => {
  const context = window.heard.context, split = context.createChannelSplitter(2), peaks = [];
  window.heard.connect(split);
  for (const ear of [0, 1]) {
    const analyser = context.createAnalyser();
    analyser.fftSize = 8192;
    split.connect(analyser, ear);
    await new Promise((done) => setTimeout(done, 700));
    const bins = new Float32Array(analyser.frequencyBinCount);
    analyser.getFloatFrequencyData(bins);
    peaks.push(bins.indexOf(Math.max(...bins)) * context.sampleRate / 8192);
  }
  return peaks;
}"""


@pytest.mark.parametrize("player", ["native", "hls.js"])
def test_a_disputed_session_can_be_seen_and_each_side_heard(
    tmp_path_factory: pytest.TempPathFactory, chromium: str, player: str
) -> None:
    seeded = open_seeded(tmp_path_factory.mktemp("dispute"))
    dispute = seed_dispute(seeded)
    with served(seeded.center) as address, browser(chromium) as chrome:
        page = chrome.new_page(viewport={"width": 1366, "height": 768}, locale="zh-CN")
        page.add_init_script(HEAR + (NO_HLS if player == "hls.js" else ""))
        faults: list[str] = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        sign_in(page, address, "supervisor")
        page.goto(f"{address}/sessions/{dispute.session}")
        page.fill("#field-reason", "法院调取核实")
        page.click("form[action='/review'] button")
        page.wait_for_selector("#gaps li")
        below = page.evaluate("document.getElementById('line').getBoundingClientRect().bottom")
        assert below <= 768, "the line can be seen and clicked without scrolling, with a notice above the picture too"
        started_ms = dispute.start_ns / 10**6
        for second in (63.4, 95.4, 108.4, 124.4, 137.4, 168.4, 133.4):  # the last: the second copy, going back
            seek(page, started_ms + second * 1000)
            page.wait_for_timeout(400)  # a player that lands elsewhere is asked once more
            agree(page)
            assert abs(float(page.get_attribute("#clock", "data-wall-ms") or 0) - started_ms - second * 1000) < 1_000
        assert "1970-01-01 08:03:" in page.inner_text("#where")
        assert "来自第二份录像" in page.inner_text("#where")
        seek(page, started_ms + 115_000)  # in the crash: on with what comes after it
        agree(page)
        hear(page, TONES)
        assert faults == []


def hear(page: Page, tones: tuple[int, ...]) -> None:
    """The officer's channel is the left one, the visitor's the right one; alone, each is in both ears."""
    assert page.locator("#voices option").all_inner_texts() == ["双方声音", "只听接谈员", "只听来访人"]
    page.wait_for_function(READY)
    for choice, tone in (("0", tones[0]), ("1", tones[1])):
        page.select_option("#voices-choice", choice)
        page.evaluate("document.getElementById('video').play()")
        page.wait_for_timeout(500)
        peaks = page.evaluate(PEAKS)
        assert all(abs(peak - tone) < 12 for peak in peaks), (choice, peaks)
    page.select_option("#voices-choice", "both")
