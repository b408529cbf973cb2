"""The link: status out, wishes in, offers relayed, nonsense dropped."""

from __future__ import annotations

import asyncio
from pathlib import Path

from edge.agent.link import read_wish
from tests.fakes.agent_room import agent_room, until


def test_status_carries_recorder_and_agent(tmp_path: Path) -> None:
    async def story() -> None:
        async with agent_room(tmp_path) as room:
            await until(lambda: len(room.centre.statuses) > 2, "statuses")
            status = room.centre.statuses[-1]
            assert status["state"] == "recording"
            assert status["levels_dbfs"] == [-23.4, -31.0]
            assert {
                "version", "link", "backlog_segments", "backlog_bytes", "oldest_backlog_wall_ns",
                "last_receipt_wall_ns", "console",
            } <= status["agent"].keys()  # fmt: skip
            await room.recorder.stop()
            room.agent.board.recorder_seen_mono_ns = 0
            await until(lambda: room.centre.statuses[-1]["state"] == "stopped", "a status without the recorder")
            assert room.centre.statuses[-1]["problems"][0]["code"] == "recorder-silent"

    asyncio.run(story())


def test_offers_are_relayed_to_live_and_shown_in_the_room(tmp_path: Path) -> None:
    async def story() -> None:
        async with agent_room(tmp_path, live=True) as room:
            await until(lambda: room.agent.board.link_up, "the link")
            offer = {
                "type": "live-offer",
                "id": "7",
                "viewer": "v1",
                "sdp": "offer",
                "name": "值班员",
                "unit": "云溪街道",
            }
            room.centre.to_room.put_nowait(offer)
            await until(lambda: room.centre.answers, "the answer")
            assert room.centre.answers[0] == {"type": "live-answer", "id": "7", "sdp": "answer to offer"}
            await until(lambda: room.agent.board.viewers, "who watches")
            assert "云溪街道" in (await room.browser.get("/visitor")).text
            room.centre.to_room.put_nowait({"type": "live-close", "viewer": "v1"})
            await until(lambda: not room.agent.board.viewers, "nobody watches")

    asyncio.run(story())


def test_wishes_that_cannot_be_met_are_refused_and_nonsense_is_dropped(tmp_path: Path) -> None:
    async def story() -> None:
        async with agent_room(tmp_path) as room:
            await until(lambda: room.agent.board.link_up, "the link")
            for nonsense in ("<html>", "[]", '{"type": 5}', '{"type": "format-the-disk"}', "[" * 5000):
                room.centre.to_room.put_nowait(nonsense)
            room.centre.to_room.put_nowait({"type": "live-offer", "id": "1", "viewer": "v", "sdp": "x"})
            room.centre.to_room.put_nowait(
                {"type": "live-offer", "id": "2", "viewer": "v", "sdp": "x", "name": "n", "unit": "u"}
            )
            await until(lambda: len(room.centre.answers) == 2, "two answers")
            answers = {answer["id"]: answer for answer in room.centre.answers}
            assert answers["1"]["code"] == "bad-offer"
            assert answers["2"]["code"] == "live-silent"
            assert room.agent.board.link_up

    asyncio.run(story())


def test_a_changed_configuration_is_fetched_at_once(tmp_path: Path) -> None:
    async def story() -> None:
        async with agent_room(tmp_path) as room:
            await until(lambda: room.agent.board.link_up, "the link")
            before = len(room.recorder.configured)
            room.centre.version += 1
            room.centre.to_room.put_nowait({"type": "configuration-changed"})
            await until(lambda: len(room.recorder.configured) == before + 1, "the new configuration")

    asyncio.run(story())


def test_a_wish_is_an_object_with_a_type() -> None:
    assert read_wish('{"type": "live-close"}') == {"type": "live-close"}
    assert read_wish(b"\xff\xfe") is None
