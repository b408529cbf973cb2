"""Somebody who has taken a room PC: holds its keys, asks for a token and a grant, tries every door with them."""

from __future__ import annotations

import base64
import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import httpx

from storage.signing import SigningKey, encode_base64url
from tests.story.standing_house import SpoolRow, StandingHouse


@dataclass(frozen=True)
class Try:
    """One request that must be refused."""

    what: str
    method: str
    url: str
    headers: dict[str, str]
    body: bytes | None = None

    def send(self, http: httpx.Client) -> int:
        body = self.body or b""
        headers = {**self.headers, "content-length": str(len(body))}
        return http.request(self.method, self.url, headers=headers, content=body).status_code


class Intruder:
    def __init__(self, standing: StandingHouse) -> None:
        data = standing.place.room_data
        self.transport_key = SigningKey.load(data / "agent" / "keys" / "transport.key")
        self.chain_key_pem = (data / "recorder" / "keys" / "chain.key").read_text(encoding="ascii")
        with closing(sqlite3.connect(f"file:{data / 'agent' / 'agent.sqlite'}?mode=ro", uri=True)) as database:
            self.device, self.room = database.execute("SELECT device, room FROM room_record").fetchone()
        self.http = httpx.Client(base_url=standing.house.centre_url, trust_env=False, timeout=30)
        challenge = self._call("challenge", {"device": self.device})["challenge"]
        signature = encode_base64url(self.transport_key.sign_raw(b"shilu-transport-1\n" + challenge.encode()))
        proof = {"device": self.device, "challenge": challenge, "signature": signature}
        self.token = str(self._call("token", proof)["token"])
        self.http.headers["authorization"] = f"Bearer {self.token}"

    def close(self) -> None:
        self.http.close()

    def _call(self, name: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = self.http.post(f"/api/device/{name}", json=body)
        assert answer.status_code == 200, answer.text
        said: dict[str, Any] = answer.json()
        return said

    def send_manifests(self, rows: list[SpoolRow]) -> None:
        results = self._call("manifests", {"manifests": [row.jws for row in rows]})["results"]
        assert {one["status"] for one in results} <= {"accepted", "known"}

    def grant(self, manifest_sha256: str) -> tuple[str, dict[str, str]]:
        given = self._call("grants", {"manifest_sha256": manifest_sha256})
        return given["url"], given["headers"]


def misuses(url: str, headers: dict[str, str], sealed: bytes, other_key: str, other_version: str) -> Iterator[Try]:
    """A grant bent in every way that comes to mind. `other_key`: an object that stands already."""
    for method in ("GET", "HEAD", "DELETE", "POST", "PATCH"):
        yield Try(f"{method} with the grant", method, url, {})
        yield Try(f"{method} with the grant and its headers", method, url, headers)
    yield from _other_bytes(url, headers, sealed)
    source = f"{urlsplit(url).path.split('/')[1]}/{other_key}"
    yield from _other_headers(url, headers, sealed, source)
    yield from _other_places(url, headers, sealed, other_key, other_version)


def _other_bytes(url: str, headers: dict[str, str], sealed: bytes) -> Iterator[Try]:
    changed = sealed[:-1] + bytes([sealed[-1] ^ 1])
    checksum = base64.b64encode(hashlib.sha256(changed).digest()).decode()
    yield Try("other bytes", "PUT", url, headers, changed)
    yield Try(
        "other bytes with their own checksum", "PUT", url, {**headers, "x-amz-checksum-sha256": checksum}, changed
    )
    for name, body in (("fewer", sealed[:-1]), ("more", sealed + b"x"), ("no", b"")):
        yield Try(f"{name} bytes", "PUT", url, headers, body)


def _other_headers(url: str, headers: dict[str, str], sealed: bytes, source: str) -> Iterator[Try]:
    for name in headers:
        if name != "content-length":
            yield Try(f"without {name}", "PUT", url, {k: v for k, v in headers.items() if k != name}, sealed)
    changes = {
        "x-amz-copy-source": source,
        "x-amz-acl": "public-read-write",
        "x-amz-tagging": "a=b",
        "x-amz-object-lock-mode": "GOVERNANCE",
        "x-amz-object-lock-retain-until-date": "2020-01-01T00:00:00Z",
        "if-none-match": "nothing",
    }
    for name, value in changes.items():
        yield Try(f"{name}: {value}", "PUT", url, {**headers, name: value}, sealed)


def _other_places(
    url: str, headers: dict[str, str], sealed: bytes, other_key: str, other_version: str
) -> Iterator[Try]:
    parts = urlsplit(url)
    bucket = parts.path.split("/")[1]
    places = [f"/{bucket}/{other_key}", f"/{bucket}/rooms/new.mp4.age", f"/{bucket}", f"/{bucket}/", "/", "/other"]
    for place in places:
        moved = urlunsplit(parts._replace(path=place))
        for method in ("PUT", "GET", "DELETE", "HEAD", "POST"):
            yield Try(f"{method} {place}", method, moved, headers, sealed if method == "PUT" else None)
    extras = ("acl", "retention", "legal-hold", "tagging", "uploads", "delete", "policy", "versioning", "object-lock")
    for extra in (*extras, f"versionId={other_version}", "list-type=2", "versions"):
        longer = f"{url}&{extra}" if "=" in extra else f"{url}&{extra}="
        for method in ("PUT", "GET", "DELETE", "POST"):
            yield Try(f"{method} with {extra}", method, longer, headers, sealed if method == "PUT" else None)
