"""The bus over a real socket: many readers, one that stops reading, wishes for key frames."""

from __future__ import annotations

import asyncio
import stat
import threading
from itertools import pairwise
from pathlib import Path

from streaming.bus import Kind
from streaming.bus_reader import AsyncBusReader, BusReader
from streaming.bus_server import BusServer
from streaming.packet import Packet, PcmBlock

DESCRIPTION = {"format": "shilu-bus-1", "video": {"codec": "h264"}, "audio": None}


def test_readers_get_the_description_then_media_in_order(tmp_path: Path) -> None:
    async def scene() -> None:
        server = BusServer(tmp_path / "media.sock", lambda: None)
        await server.start()
        server.describe(DESCRIPTION)
        assert stat.S_IMODE((tmp_path / "media.sock").stat().st_mode) == 0o600
        async with AsyncBusReader(tmp_path / "media.sock") as one, AsyncBusReader(tmp_path / "media.sock") as two:
            while server.readers < 2:
                await asyncio.sleep(0.005)
            publisher = threading.Thread(target=publish, args=(server, 20))
            publisher.start()
            for reader in (one, two):
                frames = []
                async for frame in reader.frames():
                    frames.append(frame)
                    if len(frames) == 41:
                        break
                assert frames[0].description() == DESCRIPTION
                assert [frame.sequence for frame in frames if frame.kind is Kind.H264] == list(range(20))
                assert [frame.sequence for frame in frames if frame.kind is Kind.PCM] == list(range(20))
            publisher.join()
        await server.stop()
        assert not (tmp_path / "media.sock").exists()

    asyncio.run(scene())


def publish(server: BusServer, count: int) -> None:
    for at in range(count):
        server.publish_picture(Packet(bytes(2000), at * 3600, at, key=at % 5 == 0))
        server.publish_sound(PcmBlock(bytes(960), at * 900, at, channels=1))


def test_a_reader_that_stops_reading_holds_nobody_up(tmp_path: Path) -> None:
    async def scene() -> None:
        server = BusServer(tmp_path / "media.sock", lambda: None)
        await server.start()
        server.describe(DESCRIPTION)
        async with AsyncBusReader(tmp_path / "media.sock"), AsyncBusReader(tmp_path / "media.sock") as awake:
            while server.readers < 2:
                await asyncio.sleep(0.005)
            seen = 0

            async def read() -> None:
                nonlocal seen
                async for frame in awake.frames():
                    seen += frame.kind is Kind.H264

            reading = asyncio.create_task(read())
            for at in range(400):
                server.publish_picture(Packet(bytes(50_000), at, at, key=at % 10 == 0))
                if at % 4 == 0:
                    await asyncio.sleep(0.002)
            await asyncio.sleep(0.1)
            reading.cancel()
            held = sum(queue._bytes for queue in server._readers)
            assert held <= 4 << 20
            assert seen == 400
        await server.stop()

    asyncio.run(scene())


def test_wishes_for_key_frames_are_joined_to_one_a_second(tmp_path: Path) -> None:
    async def scene() -> None:
        asked: list[float] = []
        loop = asyncio.get_running_loop()
        server = BusServer(tmp_path / "media.sock", lambda: asked.append(loop.time()))
        await server.start()
        async with AsyncBusReader(tmp_path / "media.sock") as reader:
            for _ in range(30):
                reader.want_key_frame()
                await asyncio.sleep(0.04)
            await asyncio.sleep(1.0)
        await server.stop()
        assert 2 <= len(asked) <= 3
        assert all(later - earlier >= 0.99 for earlier, later in pairwise(asked))

    asyncio.run(scene())


def test_the_waiting_reader_reads_the_same_and_ends_with_the_server(tmp_path: Path) -> None:
    async def scene() -> None:
        server = BusServer(tmp_path / "media.sock", lambda: None)
        await server.start()
        server.describe(DESCRIPTION)
        kinds: list[Kind] = []

        def read() -> None:
            with BusReader(tmp_path / "media.sock", timeout_s=5) as reader:
                reader.want_key_frame()
                kinds.extend(frame.kind for frame in reader)

        reading = asyncio.create_task(asyncio.to_thread(read))
        while not server.readers:
            await asyncio.sleep(0.005)
        publish(server, 1)
        await asyncio.sleep(0.1)
        await server.stop()
        await reading
        assert kinds == [Kind.DESCRIPTION, Kind.H264, Kind.PCM]

    asyncio.run(scene())


def test_a_socket_left_by_a_crash_is_replaced(tmp_path: Path) -> None:
    async def scene() -> None:
        (tmp_path / "media.sock").write_text("left behind")
        server = BusServer(tmp_path / "media.sock", lambda: None)
        await server.start()
        async with AsyncBusReader(tmp_path / "media.sock"):
            pass
        await server.stop()

    asyncio.run(scene())
