"""A real aiortc client watches: moving pictures, one sound for all, key frames on demand, nobody stays as a ghost."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import aiortc
import numpy as np
import pytest
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamTrack

from streaming import watching as watching_module
from streaming.watcher import OfferRefused
from streaming.watching import Watching
from tests.streaming.live_source import LiveSource

CONFIGURATION = RTCConfiguration(iceServers=[])


class Client:
    """What a browser's page does, in Python."""

    def __init__(self) -> None:
        self.connection = RTCPeerConnection(CONFIGURATION)
        self.tracks: dict[str, MediaStreamTrack] = {}
        self.connection.on("track", lambda track: self.tracks.__setitem__(track.kind, track))

    async def offer(self) -> str:
        for kind in ("video", "audio"):
            self.connection.addTransceiver(kind, direction="recvonly")
        await self.connection.setLocalDescription(await self.connection.createOffer())
        return self.connection.localDescription.sdp

    async def accept(self, sdp: str) -> None:
        await self.connection.setRemoteDescription(RTCSessionDescription(sdp, "answer"))


@contextlib.asynccontextmanager
async def room(max_viewers: int = 4) -> AsyncIterator[tuple[Watching, LiveSource]]:
    source = LiveSource()
    watching = Watching(source.want_key, max_viewers)
    tasks = [asyncio.create_task(source.run(watching.picture, watching.sound)), asyncio.create_task(watching.sweep())]
    try:
        yield watching, source
    finally:
        for task in tasks:
            task.cancel()
        await watching.close_all()
        await asyncio.gather(*tasks, return_exceptions=True)


async def watch(watching: Watching, viewer: str) -> Client:
    client = Client()
    await client.accept(await watching.offer(viewer, await client.offer(), "督查甲", "青石镇"))
    return client


def test_client_sees_moving_pictures_and_hears_the_tone() -> None:
    async def story() -> None:
        async with room() as (watching, _):
            client = await watch(watching, "a" * 32)
            pictures = [await asyncio.wait_for(client.tracks["video"].recv(), 10) for _ in range(20)]
            sounds = [await asyncio.wait_for(client.tracks["audio"].recv(), 10) for _ in range(30)]
            times = [int(picture.pts) for picture in pictures]
            lefts = [int(picture.to_ndarray(format="gray")[50].argmax()) for picture in pictures]
            tone = np.concatenate([sound.to_ndarray().reshape(-1)[::2] for sound in sounds[10:]])
            await client.connection.close()
            assert times == sorted(set(times))
            assert len(set(lefts)) > 10
            spectrum = np.abs(np.fft.rfft(tone * np.hanning(len(tone))))
            assert abs(spectrum.argmax() * 48_000 / len(tone) - 440) < 5

    asyncio.run(story())


def test_many_watchers_share_one_encoding_and_the_limit_holds() -> None:
    async def story() -> None:
        async with room(max_viewers=2) as (watching, source):
            clients = [await watch(watching, name * 32) for name in "ab"]
            for client in clients:
                await asyncio.wait_for(client.tracks["video"].recv(), 10)
            extra = Client()
            with pytest.raises(OfferRefused, match="2 viewers watch"):
                await watching.offer("c" * 32, await extra.offer(), "某甲", "云溪街道")
            assert [viewer.state for viewer in watching.viewers()] == ["connected", "connected"]
            assert source.wanted_keys <= 3
            await extra.connection.close()
            for client in clients:
                await client.connection.close()

    asyncio.run(story())


def test_a_viewer_that_lost_a_picture_gets_a_key_frame() -> None:
    """Holds for aiortc's private `_send_keyframe`; a new version has to be looked at before it is taken."""
    assert aiortc.__version__.startswith("1.16.")

    async def story() -> None:
        async with room() as (watching, source):
            client = await watch(watching, "a" * 32)
            await asyncio.wait_for(client.tracks["video"].recv(), 10)
            await asyncio.sleep(1.1)
            before = source.wanted_keys
            receiver = next(r for r in client.connection.getReceivers() if r.track.kind == "video")
            for ssrc in list(receiver._RTCRtpReceiver__active_ssrc):
                for _ in range(50):
                    await receiver._send_rtcp_pli(ssrc)
            await asyncio.sleep(0.5)
            assert source.wanted_keys == before + 1
            await client.connection.close()

    asyncio.run(story())


def test_who_leaves_is_gone_and_who_falls_silent_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching_module, "SWEEP_S", 0.2)

    async def story() -> None:
        async with room() as (watching, _):
            client = await watch(watching, "a" * 32)
            await asyncio.wait_for(client.tracks["video"].recv(), 10)
            _, watcher = watching._watchers["a" * 32]
            await asyncio.sleep(1.6)
            assert not await watcher.gone(datetime.now(UTC))
            assert await watcher.gone(datetime.now(UTC) + timedelta(seconds=25))
            await client.connection.close()
            for _ in range(50):
                if not watching.viewers():
                    break
                await asyncio.sleep(0.1)
            assert watching.viewers() == []

    asyncio.run(story())


@pytest.mark.parametrize("sdp", ["", "v=0", "nonsense\r\n" * 50])
def test_a_broken_offer_is_refused_in_a_sentence(sdp: str) -> None:
    async def story() -> None:
        async with room() as (watching, _):
            with pytest.raises(OfferRefused) as refused:
                await watching.offer("a" * 32, sdp, "督查甲", "青石镇")
            assert refused.value.code in ("offer-unusable", "no-h264")
            assert watching.viewers() == []

    asyncio.run(story())


def test_an_offer_without_h264_is_refused() -> None:
    async def story() -> None:
        async with room() as (watching, _):
            client = Client()
            sdp = await client.offer()
            sdp = sdp.replace("H264", "XH264")
            with pytest.raises(OfferRefused) as refused:
                await watching.offer("a" * 32, sdp, "督查甲", "青石镇")
            assert refused.value.code in ("offer-unusable", "no-h264")
            await client.connection.close()

    asyncio.run(story())
