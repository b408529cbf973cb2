"""Tells systemd that this process is ready and lives (sd_notify). Without systemd every word goes nowhere."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket

READY, STOPPING, ALIVE = "READY=1", "STOPPING=1", "WATCHDOG=1"
ALIVE_EVERY_S = 5.0


def tell(word: str) -> None:
    """Never fails and never waits: a service manager that does not listen changes nothing here."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as out:
        out.connect("\0" + address[1:] if address.startswith("@") else address)
        out.send(word.encode())


async def tell_alive() -> None:
    """Until cancelled. The words stop when the event loop that carries them stands still."""
    while True:
        tell(ALIVE)
        await asyncio.sleep(ALIVE_EVERY_S)
