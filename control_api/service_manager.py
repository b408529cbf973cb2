"""Tells systemd that the centre is ready and lives (sd_notify). Without systemd every word goes nowhere.

The room's processes have the like in a house of their own: neither program may import the other.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import Sequence

READY, STOPPING, ALIVE = "READY=1", "STOPPING=1", "WATCHDOG=1"
ALIVE_EVERY_S = 5.0


def tell(word: str) -> None:
    """Never fails and never waits."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as out:
        out.connect("\0" + address[1:] if address.startswith("@") else address)
        out.send(word.encode())


async def tell_alive(beside: Sequence[asyncio.Task[None]]) -> None:
    """Until cancelled: while the event loop turns and none of the tasks beside the requests has ended."""
    while not any(task.done() for task in beside):
        tell(ALIVE)
        await asyncio.sleep(ALIVE_EVERY_S)
