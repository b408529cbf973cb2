"""Unix sockets between a room's processes: who may connect, asked of the kernel. Knows no protocol.

Each process may run as a user of its own. Default deny: without named users only one's own user is served, and the
socket is its alone; a socket for others is open to the group, and who comes is still told by the kernel (SO_PEERCRED).
"""

from __future__ import annotations

import asyncio
import os
import pwd
import socket
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
OWN_SOCKET, GROUP_SOCKET = 0o600, 0o660


class UnknownUser(Exception):
    """A user that the settings name and this PC has not: serving nobody is said at the start, not found out later."""


@dataclass(frozen=True, slots=True)
class Peers:
    """The users served beside one's own."""

    uids: frozenset[int] = frozenset()

    def admit(self, writer: asyncio.StreamWriter) -> bool:
        """Whether the process at the other end may talk to this one."""
        return peer_uid(writer) in self.uids | {os.getuid()}

    @property
    def socket_mode(self) -> int:
        return GROUP_SOCKET if self.uids - {os.getuid()} else OWN_SOCKET


OWN_USER = Peers()


def named_peers(*names: str) -> Peers:
    """The users of these names; an empty name stands for one's own. Raises UnknownUser."""
    uids: set[int] = set()
    for name in filter(None, names):
        try:
            uids.add(pwd.getpwnam(name).pw_uid)
        except KeyError:
            raise UnknownUser(
                f"本机没有用户 {name}；请按 systemd/sysusers.d 建立用户，或改正设置。"
                f" This PC has no user {name!r}: make the users of systemd/sysusers.d, or correct the settings."
            ) from None
    return Peers(frozenset(uids))


def peer_uid(writer: asyncio.StreamWriter) -> int:
    """The user that the kernel saw connect."""
    peer: socket.socket = writer.get_extra_info("socket")
    _, uid, _ = struct.unpack("3i", peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i")))
    return int(uid)


async def listen(path: Path, serve: Serve, peers: Peers, longest_line_bytes: int = 1 << 16) -> asyncio.Server:
    """Serve at `path`. A socket left behind by a crash is replaced; the directory is the caller's."""
    path.unlink(missing_ok=True)
    server = await asyncio.start_unix_server(serve, str(path), limit=longest_line_bytes, start_serving=False)
    path.chmod(peers.socket_mode)  # before the first connection is taken, and taken ones are asked anyway
    await server.start_serving()
    return server
