"""The live process's work: reads the recorder's bus and hands every packet to the viewers.

A recorder that is away is waited for; viewers stay connected meanwhile and go on when it is back.
"""

from __future__ import annotations

import asyncio
import contextlib

import structlog

from config.process import LiveSettings
from edge.live.offers import Offers
from edge.process.service_manager import READY, STOPPING, tell, tell_alive
from streaming.bus import BusError, BusFrame, Kind
from streaming.bus_reader import AsyncBusReader
from streaming.local_socket import OWN_USER, Peers
from streaming.watching import Watching

PAUSE_S = 0.5
log = structlog.get_logger()


class RoomLive:
    """One per process. `run` until it is cancelled."""

    def __init__(self, settings: LiveSettings, peers: Peers = OWN_USER) -> None:
        self._media = settings.run_directory / "media.sock"
        self._socket = (settings.live_directory or settings.run_directory) / "live.sock"
        self._peers = peers
        self._reader: AsyncBusReader | None = None
        self.watching = Watching(self._want_key, settings.max_viewers)

    async def run(self) -> None:
        server = await Offers(self.watching, self._peers).serve(self._socket)
        sweep = asyncio.create_task(self.watching.sweep())
        alive = asyncio.create_task(tell_alive())
        tell(READY)
        try:
            await self._follow_recorder()
        finally:
            tell(STOPPING)
            sweep.cancel()
            alive.cancel()
            server.close()
            with contextlib.suppress(OSError):
                self._socket.unlink(missing_ok=True)
            await self.watching.close_all()

    async def _follow_recorder(self) -> None:
        connected = False
        while True:
            try:
                async with AsyncBusReader(self._media) as self._reader:
                    log.info("recorder-found")
                    connected = True
                    async for frame in self._reader.frames():
                        self._hand_over(frame)
            except (OSError, BusError) as error:
                if connected:
                    log.warning("recorder-away", error=type(error).__name__)
            self._reader, connected = None, False
            await asyncio.sleep(PAUSE_S)

    def _hand_over(self, frame: BusFrame) -> None:
        if frame.kind is Kind.H264:
            self.watching.picture(frame.packet())
        elif frame.kind is Kind.PCM:
            self.watching.sound(frame.block())

    def _want_key(self) -> None:
        if self._reader is not None:
            self._reader.want_key_frame()
