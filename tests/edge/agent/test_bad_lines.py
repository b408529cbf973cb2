"""What the agent does with a centre that is away, restarted, or talks nonsense: nothing is lost, nothing twice."""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from storage.signing import SigningKey
from tests.fakes.agent_room import AgentRoom, agent_room, until
from tests.fakes.scripted_centre import Mishap, html_500, refusal, wrong_json


async def all_archived(room: AgentRoom, segments: list[str]) -> None:
    states = room.recorder.index
    await until(
        lambda: all((row := states.entry(one)) and row.state == "receipted" for one in segments), "every receipt", 12
    )


def test_segments_arrive_with_their_receipts(tmp_path: Path) -> None:
    async def story() -> None:
        async with agent_room(tmp_path) as room:
            contents = [bytes([number]) * 300_000 for number in range(4)]
            segments = [room.recorder.add_segment(content) for content in contents]
            await all_archived(room, segments)
            assert [room.centre.store[one] for one in segments] == contents
            assert room.centre.order == segments
            status = await room.status()
            assert status["backlog_segments"] == 0
            assert status["last_receipt_wall_ns"] is not None

    asyncio.run(story())


def _redirect(request: Request) -> Response:
    return RedirectResponse("http://127.0.0.1:9/elsewhere", 307)


def _endless(request: Request) -> Response:
    return Response(b"[" * (9 << 20), media_type="application/json")


def _refused_in_words(request: Request) -> Response:
    return refusal("maintenance", 503)


NONSENSE: list[Mishap] = [html_500, wrong_json, _redirect, _endless, _refused_in_words]
SAYS_NOTHING_IN_ITS_BODY = {"store": [html_500, _redirect, _refused_in_words]}


@pytest.mark.parametrize("place", ["configuration", "manifests", "grants", "uploads", "store", "token"])
def test_nonsense_is_survived_and_told(tmp_path: Path, place: str) -> None:
    async def story() -> None:
        async with agent_room(tmp_path) as room:
            for mishap in SAYS_NOTHING_IN_ITS_BODY.get(place, NONSENSE):
                await _suffer(room, place, mishap)

    asyncio.run(story())


async def _suffer(room: AgentRoom, place: str, mishap: Mishap) -> None:
    room.centre.mishaps[place] = mishap
    if place == "token":
        room.centre.tokens.clear()
        room.agent.centre.forget_token()
    segment = room.recorder.add_segment()
    room.agent.supervisor.wake("configuration")
    await until(lambda: room.agent.board.troubles, f"trouble about {place}")
    assert all(one["message"] and one["message_en"] for one in room.agent.board.problems())
    row = room.recorder.index.entry(segment)
    assert row is not None
    assert row.state == "waiting" or place == "configuration"
    room.centre.mishaps.clear()
    await all_archived(room, [segment])
    await until(lambda: not room.agent.board.troubles, "all troubles to go")


def test_a_receipt_with_a_wrong_signature_is_no_receipt(tmp_path: Path) -> None:
    async def story() -> None:
        async with agent_room(tmp_path) as room:
            room.centre.receipt_key = SigningKey.generate()
            segment = room.recorder.add_segment()
            await until(lambda: room.agent.board.troubles.get("segment"), "trouble")
            assert room.agent.board.troubles["segment"]["code"] == "bad-receipt"
            assert room.recorder.calls["receipt"] == 0
            room.centre.receipt_key = room.centre.key
            await all_archived(room, [segment])

    asyncio.run(story())


def test_a_centre_that_was_away_gets_everything_once(tmp_path: Path) -> None:
    async def story() -> None:
        async with agent_room(tmp_path) as room:
            await room.sign_in()
            await room.centre.stop()
            await until(lambda: not room.agent.board.link_up, "the link to fall")
            opened = await room.post("/api/sessions/open", case_id="QS-2026-00017")
            assert opened.status_code == 200, opened.text
            session = opened.json()["session"]
            segments = [room.recorder.add_segment(session=session) for _ in range(3)]
            assert (await room.post("/api/sessions/close", session=session)).status_code == 200
            await until(lambda: room.agent.board.backlog.segments == 3, "the backlog on the board")
            room.centre.tokens.clear()
            await room.centre.start()
            await all_archived(room, segments)
            await until(lambda: len(room.centre.tags) == 1, "the tag")
            assert len(room.centre.manifests) == room.recorder.head.number == 5
            assert len(room.centre.order) == len(set(room.centre.order))
            await until(lambda: room.agent.board.link_up, "the link")

    asyncio.run(story())


def test_an_answer_lost_on_the_way_makes_nothing_stand_twice(tmp_path: Path) -> None:
    """The centre took the batch, the tag and the object, and the line broke before it could say so."""

    async def story() -> None:
        async with agent_room(tmp_path) as room:
            await room.sign_in()
            room.centre.lose |= {"manifests", "uploads", "tags", "grants"}
            opened = await room.post("/api/sessions/open", case_id="QS-2026-00018")
            segment = room.recorder.add_segment(session=opened.json()["session"])
            await all_archived(room, [segment])
            await until(lambda: room.centre.tags, "the tag")
            await until(lambda: not room.agent.outbox.tags(noted=True), "an empty outbox")
            assert len(room.centre.manifests) == 2
            assert len(room.centre.tags) == 1
            await until(lambda: not room.agent.outbox.verdicts(), "no verdict left")
            assert not room.centre.lose

    asyncio.run(story())


def test_a_refused_entry_is_set_aside_and_the_rest_goes_on(tmp_path: Path) -> None:
    async def story() -> None:
        async with agent_room(tmp_path) as room:
            first = room.recorder.add_segment(b"one")
            await all_archived(room, [first])
            await room.centre.stop()
            bad, good = room.recorder.add_segment(b"two"), room.recorder.add_segment(b"three")
            room.centre.refuse.add(bad)
            await room.centre.start()
            await all_archived(room, [good])
            await until(lambda: room.recorder.calls["refused"] == 1, "the refusal at the recorder")
            row = room.recorder.index.entry(bad)
            assert row is not None
            assert row.state == "refused"
            assert bad not in room.centre.store
            assert room.recorder.questions[-1]["command"] != "refused" or room.recorder.calls["refused"] == 1

    asyncio.run(story())


def test_one_segment_that_never_goes_holds_nothing_up(tmp_path: Path) -> None:
    async def story() -> None:
        async with agent_room(tmp_path) as room:
            bad = "0" * 64

            def unwell(request: Request) -> Response | None:
                return Response(status_code=400) if request.url.path.endswith(bad) else None

            room.centre.mishaps["store"] = unwell
            bad = room.recorder.add_segment(b"bad disk")
            missing = room.recorder.add_segment(b"gone")
            row = room.recorder.index.entry(missing)
            assert row is not None
            assert row.path is not None
            (room.recorder.spool / row.path).unlink()
            good = [room.recorder.add_segment(bytes([number])) for number in range(5)]
            await all_archived(room, good)
            assert room.agent.board.troubles["segment"]["code"] in {"archive-trouble", "segment-unreadable"}
            room.centre.mishaps.clear()
            await all_archived(room, [bad])

    asyncio.run(story())


def test_a_centre_restored_from_an_older_copy_gets_the_chain_again(tmp_path: Path) -> None:
    async def story() -> None:
        async with agent_room(tmp_path) as room:
            segments = [room.recorder.add_segment(bytes([number])) for number in range(5)]
            await all_archived(room, segments)
            room.agent.supervisor.wake("configuration")
            asked = room.centre.calls["configuration"]
            await until(lambda: room.centre.calls["configuration"] > asked + 1, "the head to be read")
            for one in segments[2:]:
                del room.centre.manifests[one]
            await until(lambda: len(room.centre.manifests) == 5, "the lost entries once more")

    asyncio.run(story())


def test_a_segment_larger_than_memory_allows_is_streamed(tmp_path: Path) -> None:
    async def story() -> None:
        async with agent_room(tmp_path) as room:
            content = b"0123456789abcdef" * (1 << 20)
            segment = room.recorder.add_segment(content)
            await all_archived(room, [segment])
            assert hashlib.sha256(room.centre.store[segment]).digest() == hashlib.sha256(content).digest()

    asyncio.run(story())


def test_a_restart_goes_on_where_it_was(tmp_path: Path) -> None:
    async def story() -> None:
        async with agent_room(tmp_path) as room:
            await room.sign_in()
            session = (await room.post("/api/sessions/open", case_id="")).json()["session"]
            first = room.recorder.add_segment(session=session)
            await all_archived(room, [first])
            await room.stop_agent()
            second = room.recorder.add_segment(session=session)
            await room.start_agent()
            status = await room.status()
            assert status["session"]["session"] == session
            assert status["enrolment"] == "active"
            await all_archived(room, [second])
            assert room.centre.calls["enrolments"] == 1
            await room.sign_in()
            assert (await room.post("/api/sessions/close", session=session)).status_code == 200

    asyncio.run(story())


def test_a_revoked_device_says_so_and_its_console_stays(tmp_path: Path) -> None:
    async def story() -> None:
        async with agent_room(tmp_path) as room:
            room.centre.mishaps["token"] = lambda request: refusal("revoked", 403)
            room.centre.tokens.clear()
            await until(lambda: room.agent.board.enrolment == "revoked", "revoked")
            assert (await room.browser.get("/")).status_code == 200
            room.centre.mishaps.clear()
            await until(lambda: room.agent.board.enrolment == "active", "active again")

    asyncio.run(story())


def test_a_hole_at_the_centre_is_filled_from_its_head(tmp_path: Path) -> None:
    async def story() -> None:
        async with agent_room(tmp_path) as room:
            segments = [room.recorder.add_segment(bytes([number])) for number in range(6)]
            await all_archived(room, segments)
            for one in segments[3:]:
                del room.centre.manifests[one]  # and it never named a head beyond 3
            room.agent.outbox.centre_stands_at(0)
            room.agent.outbox.answered(6, [])
            room.centre.missing_from = 4
            room.recorder.add_segment(b"next")
            await until(lambda: len(room.centre.manifests) == 7, "the whole chain")

    asyncio.run(story())


def test_an_archive_that_has_the_object_already_is_no_obstacle(tmp_path: Path) -> None:
    async def story() -> None:
        async with agent_room(tmp_path) as room:

            def already_there(request: Request) -> Response | None:
                sha256 = request.path_params["sha256"]
                if sha256 in room.centre.store:
                    return refusal("already-there", 422)
                room.centre.store[sha256] = b"sealed footage"
                return html_500(request)

            room.centre.mishaps["store"] = already_there
            room.centre.knows_what_it_has = False
            segment = room.recorder.add_segment()
            await all_archived(room, [segment])

    asyncio.run(story())


def test_a_tag_that_the_centre_refuses_holds_no_other_up(tmp_path: Path) -> None:
    async def story() -> None:
        async with agent_room(tmp_path) as room:
            await room.sign_in()
            room.centre.mishaps["tags"] = lambda request: refusal("bad-tag", 422)
            session = (await room.post("/api/sessions/open", case_id="QS-2026-0001")).json()["session"]
            await until(lambda: "tag" in room.agent.board.troubles, "the refusal on the board")
            waiting = {tag.sha256 for tag in room.agent.outbox.tags(noted=True)}
            room.centre.mishaps["tags"] = lambda request: None
            await room.post("/api/sessions/tag", session=session, case_id="QS-2026-0002", replace=True, reason="更正")
            await until(lambda: len(room.centre.tags) == 2, "both tags in the end")
            assert waiting < set(room.centre.tags)
            await until(lambda: "tag" not in room.agent.board.troubles, "the trouble to go")

    asyncio.run(story())


def test_an_exchanged_spool_is_told_and_not_passed_over(tmp_path: Path) -> None:
    async def story() -> None:
        async with agent_room(tmp_path) as room:
            room.agent.outbox.answered(7, [])
            await until(lambda: "manifests" in room.agent.board.troubles, "trouble")
            assert room.agent.board.troubles["manifests"]["code"] == "chain-shorter"

    asyncio.run(story())
