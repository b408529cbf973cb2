"""Puts one sealed file where a grant says, with the granted headers. Holds one chunk in memory, never a file.

Knows nothing of the archive but this one PUT: the room has no key that reads, lists or deletes.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from urllib.parse import urljoin

import httpx

from edge.agent.centre_answers import Grant
from edge.agent.centre_client import UnsafeAddress, check_address
from edge.agent.trouble import ArchiveTrouble

CHUNK_BYTES = 256 << 10
PIECE_BYTES = 16 << 10  # what goes at once: on a thin line a whole chunk would hold up live for half a second
UNSENT_BYTES = 64 << 10  # at most this much waits in the kernel, so that a pace that changes holds within a second
TIMEOUT = httpx.Timeout(60.0, connect=5.0)
LONGEST_PUT_S = 600.0  # a grant's life, what the pace holds back not counted
Pace = Callable[[int], Awaitable[None]]


async def at_once(size_bytes: int) -> None:
    """The pace without a limit."""


_SOCKET_OPTIONS = [(socket.IPPROTO_TCP, getattr(socket, "TCP_NOTSENT_LOWAT", 25), UNSENT_BYTES)]


class ArchiveClient:
    """`pace` is awaited with the size of every piece before it goes: the place for a limit on thin lines."""

    def __init__(self, centre_url: str, certificates: ssl.SSLContext, pace: Pace = at_once) -> None:
        self._centre_url = centre_url
        self._pace = pace
        way = httpx.AsyncHTTPTransport(verify=certificates, trust_env=False, socket_options=_SOCKET_OPTIONS)
        self._client = httpx.AsyncClient(transport=way, timeout=TIMEOUT, follow_redirects=False, trust_env=False)

    async def close(self) -> None:
        await self._client.aclose()

    async def put(self, grant: Grant, file: Path, size_bytes: int) -> None:
        """Returns when the archive has the object or had it before. Raises ArchiveTrouble or OSError (the file's)."""
        url = self._address(grant)
        headers = {name.lower(): value for name, value in grant.headers.items() if name.lower() != "host"}
        headers.setdefault("content-length", str(size_bytes))
        if file.stat().st_size != size_bytes:  # a missing file is this PC's fault and must not look like the archive's
            raise ArchiveTrouble("the file has another length than was signed", whole=False)
        try:
            async with asyncio.timeout(LONGEST_PUT_S) as limit:
                response = await self._client.put(url, headers=headers, content=self._read(file, limit))
        except (httpx.HTTPError, TimeoutError) as error:
            raise ArchiveTrouble(type(error).__name__, whole=True) from None
        self._judge(response)

    def _address(self, grant: Grant) -> str:
        """The local store grants a path at the centre itself; an S3 archive a whole address."""
        try:
            return check_address(urljoin(self._centre_url + "/", grant.url or ""))
        except (UnsafeAddress, ValueError):
            raise ArchiveTrouble("the grant's address is not https", whole=True) from None

    async def _read(self, file: Path, limit: asyncio.Timeout) -> AsyncIterator[bytes]:
        loop = asyncio.get_running_loop()
        with file.open("rb") as sealed:
            while chunk := await asyncio.to_thread(sealed.read, CHUNK_BYTES):
                for start in range(0, len(chunk), PIECE_BYTES):
                    piece = chunk[start : start + PIECE_BYTES]
                    asked_s = loop.time()
                    await self._pace(len(piece))
                    if (until_s := limit.when()) is not None:
                        limit.reschedule(until_s + loop.time() - asked_s)
                    yield piece

    def _judge(self, response: httpx.Response) -> None:
        """412: an object stands there already; the centre looks at it and says which."""
        if response.is_success or response.status_code in {409, 412}:
            return
        raise ArchiveTrouble(f"HTTP {response.status_code}", whole=response.status_code >= 500)
