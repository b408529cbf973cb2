"""Who gets in: Host, Origin, form token, PIN, lock-out."""

from __future__ import annotations

import asyncio
from pathlib import Path

import argon2
import httpx

from edge.console.events import MOST_UNKNOWN_WATCHERS
from edge.console.web_sessions import IDLE_NS, LONGEST_NS, MOST, WebSessions
from tests.fakes.agent_room import agent_room, until


def test_only_our_own_names_origins_and_tokens(tmp_path: Path) -> None:
    async def story() -> None:
        async with agent_room(tmp_path) as room:
            await room.sign_in()
            port = room.agent.console.port
            token = {"x-csrf-token": room.csrf}
            opening = "/api/sessions/open"
            for host in ("evil.example", f"evil.example:{port}", "127.0.0.1", f"127.0.0.1:{port + 1}", "localhost"):
                answer = await room.browser.get("/", headers={"host": host})
                assert answer.status_code == 421, host
                assert answer.json()["error"]["code"] == "wrong-host"
            for host in (f"localhost:{port}", f"127.0.0.1:{port}", f"[::1]:{port}"):
                assert (await room.browser.get("/", headers={"host": host})).status_code == 200
            for origin in ("https://evil.example", f"http://127.0.0.1:{port + 1}", "null", f"http://localhost:{port}"):
                answer = await room.browser.post(opening, json={}, headers=token | {"origin": origin})
                assert answer.status_code == 403, origin
            crossing = token | {"sec-fetch-site": "cross-site"}
            assert (await room.browser.post(opening, json={}, headers=crossing)).status_code == 403
            for wrong in ({}, {"x-csrf-token": "0" * 64}, {"x-csrf-token": "中文".encode()}):
                answer = await room.browser.post(opening, json={}, headers=wrong)
                assert answer.json()["error"]["code"] == "wrong-token"
            large = await room.browser.post(opening, content=b"x" * 20_000, headers=token)
            assert large.status_code == 413
            assert room.recorder.calls["open_session"] == 0

    asyncio.run(story())


def test_headers_keep_strangers_pages_out(tmp_path: Path) -> None:
    async def story() -> None:
        async with agent_room(tmp_path) as room:
            answer = await room.browser.get("/")
            assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
            assert "unsafe" not in answer.headers["content-security-policy"]
            assert answer.headers["cache-control"] == "no-store"
            cookie = answer.headers["set-cookie"].lower()
            assert "httponly" in cookie
            assert "samesite=strict" in cookie
            assert (await room.browser.get("/docs")).status_code == 404
            assert (await room.browser.get("/openapi.json")).status_code == 404

    asyncio.run(story())


def test_nothing_is_done_for_who_is_not_signed_in(tmp_path: Path) -> None:
    async def story() -> None:
        async with agent_room(tmp_path) as room:
            for path in ("/api/sessions/open", "/api/sessions/tag", "/api/sessions/close"):
                answer = await room.post(path, session="a" * 32, case_id="QS-2026-1")
                assert (answer.status_code, answer.json()["error"]["code"]) == (401, "not-signed-in")
            assert (await room.browser.get("/api/preview.jpeg")).status_code == 401
            await room.sign_in()
            picture = await room.browser.get("/api/preview.jpeg")
            assert picture.headers["content-type"] == "image/jpeg"
            before = room.browser.cookies.get("shilu_console")
            await room.post("/api/sign-out")
            room.browser.cookies.set("shilu_console", before or "", domain="127.0.0.1")
            assert (await room.browser.get("/api/preview.jpeg")).status_code == 401

    asyncio.run(story())


def test_signing_in_changes_the_cookie(tmp_path: Path) -> None:
    async def story() -> None:
        async with agent_room(tmp_path) as room:
            before = room.browser.cookies.get("shilu_console")
            assert (await room.sign_in()).status_code == 200
            assert room.browser.cookies.get("shilu_console") != before

    asyncio.run(story())


def test_five_wrong_pins_lock_until_the_centre_sets_a_new_one(tmp_path: Path) -> None:
    async def story() -> None:
        async with agent_room(tmp_path) as room:
            await room.centre.stop()  # all of this without a line
            for left in (4, 3, 2, 1):
                answer = await room.sign_in("0000")
                assert answer.status_code == 401
                assert f"再输错 {left} 次" in answer.json()["error"]["message"]
            assert (await room.sign_in("0000")).json()["error"]["code"] == "locked"
            await room.stop_agent()
            await room.start_agent()
            answer = await room.sign_in("4711")
            assert answer.status_code == 423, "a restart unlocks nobody"
            assert "重设 PIN" in answer.json()["error"]["message"]
            await until(lambda: room.agent.board.locked_officers == 1, "who is locked")
            room.centre.pin_verifier = argon2.PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1).hash("2580")
            await room.centre.start()
            await until(lambda: not room.agent.board.locked_officers, "the new PIN")
            assert (await room.sign_in("2580")).status_code == 200

    asyncio.run(story())


def test_a_right_pin_starts_the_count_afresh(tmp_path: Path) -> None:
    async def story() -> None:
        async with agent_room(tmp_path) as room:
            for _ in range(3):
                for _ in range(4):
                    assert (await room.sign_in("0000")).status_code == 401
                answer = await room.sign_in()
                assert answer.status_code == 200
            assert answer.json()["signed_in"] == "online"
            unknown = await room.post("/api/sign-in", number="99", pin="4711")
            assert unknown.json()["error"]["code"] == "wrong-pin"

    asyncio.run(story())


def test_an_officer_locked_at_the_centre_is_out_at_once(tmp_path: Path) -> None:
    async def story() -> None:
        async with agent_room(tmp_path) as room:
            await room.sign_in()
            room.centre.officer_locked = True
            room.agent.supervisor.wake("configuration")
            await until(lambda: (one := room.agent.record.officer("03")) and one.locked, "the lock")
            assert (await room.post("/api/sessions/open", case_id="")).status_code == 401
            assert room.recorder.session is None

    asyncio.run(story())


def test_web_sessions_end_by_themselves() -> None:
    web = WebSessions()
    session = web.begin(0)
    assert web.find(session.token, IDLE_NS, stay=False)
    assert web.find(session.token, IDLE_NS + 1, stay=True), "not in the middle of a reception"
    assert web.find(session.token, IDLE_NS + 1, stay=False) is None
    session = web.begin(0)
    assert web.find(session.token, LONGEST_NS + 1, stay=True) is None
    for number in range(500):
        web.begin(number)
    assert web.find(None, 0, stay=True) is None


def test_nobody_without_an_officer_signs_one_out(tmp_path: Path) -> None:
    async def story() -> None:
        async with agent_room(tmp_path) as room:
            await room.sign_in()
            stranger = httpx.AsyncClient(base_url=room.browser.base_url)
            for _ in range(MOST + 50):
                stranger.cookies.clear()
                assert (await stranger.get("/api/status")).status_code == 200
            await stranger.aclose()
            assert (await room.status())["officer"] is not None
            assert (await room.post("/api/sessions/open", case_id="")).status_code == 200

    asyncio.run(story())


def test_another_site_may_lead_here_and_no_more(tmp_path: Path) -> None:
    async def story() -> None:
        async with agent_room(tmp_path) as room:
            image = {"sec-fetch-mode": "no-cors", "sec-fetch-dest": "image"}
            link = {"sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}
            frame = {"sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe"}
            for site in ("cross-site", "same-site"):
                from_there = {"sec-fetch-site": site}
                for path in ("/api/status", "/api/preview.jpeg", "/events/visitor"):
                    for way in (image, link, frame):
                        answer = await room.browser.get(path, headers=from_there | way)
                        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "wrong-origin"), path
                assert (await room.browser.get("/", headers=from_there | image)).status_code == 403
                assert (await room.browser.get("/", headers=from_there | frame)).status_code == 403
                assert (await room.browser.get("/", headers=from_there | link)).status_code == 200
            for site in ("same-origin", "none"):
                answer = await room.browser.get("/api/status", headers={"sec-fetch-site": site} | image)
                assert answer.status_code == 200

    asyncio.run(story())


def test_the_last_event_streams_are_for_who_is_signed_in(tmp_path: Path) -> None:
    async def story() -> None:
        async with agent_room(tmp_path) as room, httpx.AsyncClient(base_url=room.browser.base_url) as stranger:
            await room.sign_in()
            room.agent.board.watchers = MOST_UNKNOWN_WATCHERS
            assert (await stranger.get("/events/visitor")).status_code == 503
            async with room.browser.stream("GET", "/events/room") as events:
                assert events.status_code == 200
            room.agent.board.watchers = 0

    asyncio.run(story())


def test_a_body_that_is_none_is_refused_without_repeating_it(tmp_path: Path) -> None:
    async def story() -> None:
        async with agent_room(tmp_path) as room:
            headers = {"x-csrf-token": room.csrf, "content-type": "application/json"}
            for body in (b"[]", b"{", b'{"number": 3}', b'"x"', b"[" * 9000, b"\xff"):
                answer = await room.browser.post("/api/sign-in", content=body, headers=headers)
                assert answer.json()["error"]["code"] == "bad-request", body

    asyncio.run(story())
