"""`shilu-agent` as a process: enrols by command, runs, picks up what the command did, stops in order."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from pathlib import Path

import httpx

from tests.fakes.agent_room import AgentRoom, until


def _settings(room: AgentRoom, directory: Path, extra: str = "") -> Path:
    file = directory / "agent.toml"
    file.write_text(
        f'data_directory = "{room.data}"\nrun_directory = "{room.run}"\ncentre_url = "{room.centre.url}"\n'
        f"console_port = 0\n{extra}",
        encoding="utf-8",
    )
    return file


async def _agent(*arguments: str | Path, log: Path) -> asyncio.subprocess.Process:
    with log.open("ab") as out:
        return await asyncio.create_subprocess_exec(
            sys.executable, "-m", "edge.agent.command", *map(str, arguments), stdout=out, stderr=out
        )


def test_enrol_run_and_stop(tmp_path: Path) -> None:
    async def story() -> None:
        room = AgentRoom(tmp_path)
        log = tmp_path / "agent.log"
        await room.centre.start()
        await room.recorder.start()
        settings = _settings(room, tmp_path)
        running = await _agent("--settings", settings, log=log)
        wrong = await _agent("enrol", "ABCD", "--settings", settings, log=log)
        assert await wrong.wait() == 1
        assert "42" in log.read_text()
        enrolling = await _agent("enrol", room.centre.code.text, "--settings", settings, log=log)
        assert await enrolling.wait() == 0
        assert room.recorder.key.public.fingerprint in log.read_text()
        room.centre.state = "active"
        await until(lambda: room.centre.statuses, "the running agent on the line", 60)
        url = room.centre.statuses[-1]["agent"]["console"]
        async with httpx.AsyncClient() as browser, browser.stream("GET", f"{url}/events/visitor") as events:
            async for line in events.aiter_lines():
                if line.startswith("event: part"):
                    break
            running.send_signal(signal.SIGTERM)
            assert await asyncio.wait_for(running.wait(), 15) == 0
        for line in log.read_text().splitlines():
            if line.startswith("{"):
                assert "event" in json.loads(line)
        assert room.centre.code.text not in log.read_text()
        assert "Traceback" not in log.read_text()
        await room.recorder.stop()
        await room.centre.stop()
        room.recorder.index.close()

    asyncio.run(story())


def test_wrong_settings_are_named(tmp_path: Path) -> None:
    async def story() -> None:
        room = AgentRoom(tmp_path)
        log = tmp_path / "agent.log"
        for extra, said in (("centre_ur = 3\n", "centre_url"), ('ca_file = "/nowhere.pem"\n', "ca_file")):
            refused = await _agent("--settings", _settings(room, tmp_path, extra), log=log)
            assert await refused.wait() == 2
            assert said in log.read_text()
        plain = _settings(room, tmp_path)
        plain.write_text(plain.read_text().replace("http://127.0.0.1:0", "http://centre.example"), encoding="utf-8")
        refused = await _agent("--settings", plain, log=log)
        assert await refused.wait() == 2
        assert "https://" in log.read_text()
        room.recorder.index.close()

    asyncio.run(story())
