"""Calls the centre's device API. Owns tokens, limits and what counts as nonsense; the duties own retrying.

Plain http is refused but for loopback, redirects are never followed, an answer is read up to a bound. Every
method raises CentreUnreachable, CentreUnclear or CentreRefused and nothing else.
"""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx
from pydantic import ValidationError

from config.process import LOOPBACK
from edge.agent import centre_answers as answers
from edge.agent.trouble import CentreRefused, CentreUnclear, CentreUnreachable
from edge.agent.trust import Trust
from storage.signing import SigningKey, encode_base64url

LONGEST_ANSWER_BYTES = 8 << 20
TOKEN_MARGIN_S = 60.0
TRANSPORT_PREFIX = b"shilu-transport-1\n"
TIMEOUT = httpx.Timeout(60.0, connect=5.0)  # reading back a segment may take the centre a while
Shape = TypeVar("Shape", bound=answers.Answer)


class UnsafeAddress(Exception):
    """An address that would carry secrets in the clear; the text says what to do."""


def check_address(url: str) -> str:
    """`url` without a trailing slash. Raises UnsafeAddress."""
    parts = urlsplit(url)
    if parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK):
        return url.rstrip("/")
    raise UnsafeAddress(
        "centre_url: plain http is allowed on this PC only; use the centre's https:// address"
        "（县中心地址必须以 https:// 开头）"
    )


def trusted_certificates(ca_file: Path | None, known_file: Path | None = None) -> Trust:
    """Raises UnsafeAddress when the county's CA file can't be used."""
    try:
        return Trust(ca_file, known_file)
    except (OSError, ssl.SSLError) as error:
        raise UnsafeAddress(f"ca_file: {ca_file} holds no usable certificate ({error})") from error


class Centre:
    """One per process. `identify` is called once the room is enrolled."""

    def __init__(self, url: str, certificates: ssl.SSLContext, heard: Callable[[], None] = lambda: None) -> None:
        self.url = check_address(url)
        self.clock_ahead_ns = 0
        self.wall_minus_mono_ns: int | None = None
        self._heard = heard
        self._client = httpx.AsyncClient(
            base_url=self.url, verify=certificates, timeout=TIMEOUT, follow_redirects=False, trust_env=False
        )
        self._device: str | None = None
        self._key: SigningKey | None = None
        self._token = ""
        self._token_until_mono = 0.0

    def identify(self, device: str, key: SigningKey) -> None:
        self._device, self._key, self._token = device, key, ""

    async def close(self) -> None:
        await self._client.aclose()

    async def enrol(self, body: dict[str, str]) -> answers.Enrolled:
        return await self._call("POST", "/api/enrolments", body, answers.Enrolled)

    async def configuration(self) -> answers.ConfigurationAnswer:
        return await self._authorised("GET", "/api/device/configuration", None, answers.ConfigurationAnswer)

    async def manifests(self, manifests: Sequence[str]) -> list[answers.ManifestResult]:
        body = {"manifests": list(manifests)}
        return (await self._authorised("POST", "/api/device/manifests", body, answers.ManifestResults)).results

    async def grant(self, manifest_sha256: str) -> answers.Grant:
        body = {"manifest_sha256": manifest_sha256}
        return await self._authorised("POST", "/api/device/grants", body, answers.Grant)

    async def uploaded(self, manifest_sha256: str, held_sha256: str | None = None) -> str:
        """`held_sha256`: what the file here hashes to, where that is not what its manifest names."""
        body = {"manifest_sha256": manifest_sha256}
        if held_sha256 is not None:
            body["held_sha256"] = held_sha256
        return (await self._authorised("POST", "/api/device/uploads", body, answers.Uploaded)).receipt

    async def tag(self, sealed_base64: str, sha256: str) -> None:
        await self._authorised("POST", "/api/device/tags", {"tag": sealed_base64, "sha256": sha256}, answers.Stored)

    async def token(self) -> str:
        """A token good for at least a minute."""
        if self._token and time.monotonic() < self._token_until_mono - TOKEN_MARGIN_S:
            return self._token
        if self._device is None or self._key is None:
            raise CentreRefused("not-enrolled", "本机尚未登记", "This PC is not enrolled", 401)
        given = await self._call("POST", "/api/device/challenge", {"device": self._device}, answers.Challenge)
        signature = encode_base64url(self._key.sign_raw(TRANSPORT_PREFIX + given.challenge.encode()))
        body = {"device": self._device, "challenge": given.challenge, "signature": signature}
        token = await self._call("POST", "/api/device/token", body, answers.Token)
        self.clock_ahead_ns = token.server_wall_ns - time.time_ns()
        self.wall_minus_mono_ns = token.server_wall_ns - time.monotonic_ns()
        self._token, self._token_until_mono = (
            token.token,
            time.monotonic() + max(token.expires_in_s, TOKEN_MARGIN_S + 1),
        )
        return self._token

    def forget_token(self) -> None:
        self._token = ""

    async def _authorised(self, method: str, path: str, body: dict[str, Any] | None, shape: type[Shape]) -> Shape:
        try:
            return await self._call(method, path, body, shape, await self.token())
        except CentreRefused as refusal:
            if refusal.status != 401 or refusal.code == "revoked":
                raise
        self.forget_token()  # a centre that was started anew knows no old token: once more with a new one
        return await self._call(method, path, body, shape, await self.token())

    async def _call(
        self, method: str, path: str, body: dict[str, Any] | None, shape: type[Shape], token: str | None = None
    ) -> Shape:
        headers = {"accept": "application/json"} | ({"authorization": f"Bearer {token}"} if token else {})
        try:
            async with self._client.stream(method, path, json=body, headers=headers) as response:
                content = await _read_bounded(response)
        except httpx.HTTPError as error:
            raise CentreUnreachable(type(error).__name__) from None
        if response.is_success:
            answer = _parse(content, shape, response.status_code)
            self._heard()
            return answer
        raise self._refusal(content, response)

    def _refusal(self, content: bytes, response: httpx.Response) -> CentreRefused:
        error = _parse(content, answers.ErrorAnswer, response.status_code).error
        self._heard()
        return CentreRefused(
            error.code,
            error.message or "县中心拒绝了请求，录像照常",
            error.message_en or error.message or "The centre refused; recording goes on",
            response.status_code,
            _seconds(response.headers.get("retry-after")),
        )


async def _read_bounded(response: httpx.Response) -> bytes:
    content = bytearray()
    async for chunk in response.aiter_bytes():
        content += chunk
        if len(content) > LONGEST_ANSWER_BYTES:
            raise CentreUnclear(f"HTTP {response.status_code}, longer than {LONGEST_ANSWER_BYTES} bytes")
    return bytes(content)


def _parse(content: bytes, shape: type[Shape], status: int) -> Shape:
    try:
        return shape.model_validate(json.loads(content))
    except ValidationError as error:
        keys = ", ".join(sorted({".".join(map(str, item["loc"][:1])) for item in error.errors()})) or "its form"
        raise CentreUnclear(f"HTTP {status}, wrong: {keys}", status) from None
    except (ValueError, RecursionError):
        raise CentreUnclear(f"HTTP {status}, not JSON", status) from None


def _seconds(text: str | None) -> float | None:
    return float(text) if text and text.isascii() and text.isdigit() else None
