import asyncio
from datetime import date
from pathlib import Path

import httpx
import pytest
from jinja2 import UndefinedError
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route

from pages import times
from pages.assets import HTMX, Assets
from pages.environment import Pages
from pages.response_headers import ResponseHeaders

NOON_NS = 1_795_406_400_000_000_000  # 2026-11-23 04:00 UTC


@pytest.fixture
def pages(tmp_path: Path) -> Pages:
    (tmp_path / "one.html").write_text('{{ at | moment }} {{ _("%(count)s 秒前", count=who) }}', encoding="utf-8")
    return Pages([tmp_path], [], Assets(), "Asia/Shanghai")


def test_renders_county_time_in_both_languages_and_escapes(pages: Pages) -> None:
    context = {"at": NOON_NS, "who": "<b>"}
    assert pages.render("zh", "one.html", context) == "2026-11-23 12:00:00 &lt;b&gt; 秒前"
    assert pages.render("en", "one.html", context) == "2026-11-23 12:00:00 &lt;b&gt; s ago"
    with pytest.raises(UndefinedError):
        pages.render("zh", "one.html", {"at": NOON_NS})


def test_times_read_as_people_read_them() -> None:
    county = times.CountyTime("Asia/Shanghai")
    first, after = county.day_span(date(2026, 11, 23))
    assert (county.moment(first), county.moment(after)) == ("2026-11-23 00:00:00", "2026-11-24 00:00:00")
    assert county.day_of("2026-13-01") is None
    assert [times.duration(s * times.SECOND_NS) for s in (5, 1100, 3727)] == ["00:05", "18:20", "1:02:07"]
    assert times.ago(0, 180 * times.SECOND_NS) == ("%(count)s 分钟前", 3)
    assert [times.size(n) for n in (999, 1500, 1_400_000_000)] == ["999 B", "2 kB", "1.4 GB"]


def test_assets_come_with_a_hash_and_the_headers_forbid_inline_scripts() -> None:
    assets = Assets()
    app = ResponseHeaders(
        Starlette(routes=[Mount("/static", assets), Route("/page", lambda _: PlainTextResponse("page"))])
    )
    transport = httpx.ASGITransport(app)

    async def get(address: str) -> httpx.Response:
        async with httpx.AsyncClient(transport=transport, base_url="http://centre.example") as client:
            return await client.get(address)

    script = asyncio.run(get(assets.url(HTMX)))
    assert script.status_code == 200
    assert "immutable" in script.headers["cache-control"]
    assert asyncio.run(get("/static/page.js")).headers["cache-control"] == "no-cache"
    page = asyncio.run(get("/page"))
    assert page.headers["cache-control"] == "no-store"
    policy = page.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert asyncio.run(get("/static/%2e%2e/environment.py")).status_code == 404
