"""The room's screens while nothing is recorded as configured: said plainly, to the officer and to visitors."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.agent_room import AgentRoom, agent_room, until


def stand_by(room: AgentRoom, cause: str) -> None:
    """The recorder says so, until a session is opened."""
    said = room.recorder.do_status

    def do_status() -> dict[str, Any]:
        standing = room.recorder.session is None
        room.recorder.state = "standby" if standing else "recording"
        return said() | {"standby_cause": cause if standing else None}

    room.recorder.do_status = do_status  # type: ignore[method-assign]


@pytest.mark.parametrize(("cause", "why"), [("nobody-present", "室内无人"), ("outside-hours", "现在不是开放时间")])
def test_standing_by_is_shown_and_a_session_ends_it(tmp_path: Path, cause: str, why: str) -> None:
    async def story() -> None:
        async with agent_room(tmp_path) as room:
            await room.sign_in()
            stand_by(room, cause)
            await until(lambda: room.agent.board.recorder_state() == "standby", "standby")
            status = await room.status()
            assert (status["state"], status["recording"], status["standby_cause"]) == ("standby", False, cause)
            officer = (await room.browser.get("/")).text
            visitor = (await room.browser.get("/visitor")).text
            assert "待命：现在不录像" in officer
            assert why in officer
            assert "开始接访" in officer
            assert "目前没有录音录像" in visitor
            assert "自动开始录音录像" in visitor
            assert "正在同步录音录像" not in visitor
            assert (await room.post("/api/sessions/open", case_id="")).status_code == 200
            begun = time.monotonic()
            await until(lambda: room.agent.board.recorder_state() == "recording", "recording")
            assert time.monotonic() - begun < 2
            assert "正在同步录音录像" in (await room.browser.get("/visitor")).text
            assert (await room.status())["standby_cause"] is None

    asyncio.run(story())
