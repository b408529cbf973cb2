"""A county centre that does what a test tells it, over real HTTP, with real keys and signatures.

Says the device API of ARCHITECTURE.md when left alone; `mishaps` make it slow, absent or talk nonsense. It also is
the archive: a grant points back at its own `/store`.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import secrets
import socket
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import argon2
import uvicorn
from fastapi import FastAPI, Request, Response, WebSocket, WebSocketDisconnect
from fastapi.responses import JSONResponse

from config.room import RoomConfiguration
from storage.chain import open_entry
from storage.enrolment_code import code_of, proved_text
from storage.receipt import Receipt, sign_receipt
from storage.sealing import generate_identity
from storage.sealing_list import Recipient, SealingList, sign_sealing_list
from storage.signing import (
    CONFIGURATION_TYP,
    PublicKey,
    SigningKey,
    decode_base64url,
    jws_sha256,
    sign_json,
)

Mishap = Callable[[Request], Response | None]
CASE_PATTERN = r"^[A-Z0-9][A-Z0-9-]{3,31}$"


def html_500(request: Request) -> Response:
    return Response("<html><body><h1>502 Bad Gateway</h1></body></html>", 500, media_type="text/html")


def wrong_json(request: Request) -> Response:
    return JSONResponse({"results": [{"sha256": "zz", "status": "fine"}], "receipt": 5, "state": "happy"})


def refusal(code: str, status: int = 409) -> JSONResponse:
    body = {"code": code, "message": f"拒绝：{code}", "message_en": f"refused: {code}", "field": None}
    return JSONResponse({"error": body}, status)


class ScriptedCentre:
    def __init__(self) -> None:
        self.key = SigningKey.generate()
        self.identity, recipient = generate_identity()
        self.sealing_list = SealingList(version=1, recipients=[Recipient(name="archive", recipient=recipient)])
        self.device, self.room = secrets.token_hex(16), secrets.token_hex(16)
        self.code = code_of(secrets.token_bytes(16), self.key.public)
        self.state = "pending"
        self.officer = secrets.token_hex(16)
        self.pin_verifier = argon2.PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1).hash("4711")
        self.officer_locked = False
        self.version = 1
        self.chain_key: PublicKey | None = None
        self.transport_key: PublicKey | None = None
        self.manifests: dict[str, str] = {}
        self.refuse: set[str] = set()
        self.missing_from: int | None = (
            None  # entries from this number on are not here: none behind it is taken before it
        )
        self.tags: dict[str, bytes] = {}
        self.store: dict[str, bytes] = {}
        self.knows_what_it_has = True
        self.receipt_key = self.key
        self.calls: Counter[str] = Counter()
        self.order: list[str] = []
        self.mishaps: dict[str, Mishap] = {}
        self.lose: set[str] = set()  # done, but the answer gets lost once
        self.statuses: list[dict[str, Any]] = []
        self.answers: list[dict[str, Any]] = []
        self.to_room: asyncio.Queue[dict[str, Any] | str] = asyncio.Queue()
        self.tokens: set[str] = set()
        self.port = 0
        self._server: uvicorn.Server | None = None
        self._serving: asyncio.Task[None] | None = None
        self.application = self._build()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        listening = socket.socket()
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(("127.0.0.1", self.port))
        self.port = listening.getsockname()[1]
        config = uvicorn.Config(
            self.application,
            log_config=None,
            access_log=False,
            lifespan="off",
            ws="websockets-sansio",
            timeout_graceful_shutdown=0,
        )
        self._server = uvicorn.Server(config)
        self._server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
        self._serving = asyncio.create_task(self._server._serve([listening]))

    async def stop(self) -> None:
        """As if the machine went: connections end, the port answers nobody."""
        if self._server is None or self._serving is None:
            return
        self._server.should_exit = self._server.force_exit = True
        await self._serving
        self._server = None

    def configuration(self) -> str:
        configuration = RoomConfiguration(
            version=self.version,
            device=self.device,
            room=self.room,
            room_name="青石镇 1 号接谈室",
            unit_name="青石镇人民群众来访接待中心",
        )
        return sign_json(configuration.model_dump(mode="json"), self.key, CONFIGURATION_TYP)

    def _build(self) -> FastAPI:
        application = FastAPI()
        application.add_api_websocket_route("/api/device/link", self._link)
        routes = {
            "/api/enrolments": self._enrol,
            "/api/device/challenge": self._challenge,
            "/api/device/token": self._token,
            "/api/device/configuration": self._configuration,
            "/api/device/manifests": self._manifests,
            "/api/device/grants": self._grants,
            "/api/device/uploads": self._uploads,
            "/api/device/tags": self._tags,
        }
        for path, handler in routes.items():
            application.add_api_route(path, self._wrapped(path, handler), methods=["GET", "POST"])
        application.add_api_route("/store/{sha256}", self._wrapped("/store", self._put), methods=["PUT"])
        return application

    def _wrapped(self, path: str, handler: Callable[..., Any]) -> Callable[..., Any]:
        name = path.rpartition("/")[2]

        async def handle(request: Request) -> Response:
            self.calls[name] += 1
            mishap = self.mishaps.get(name)
            if mishap is not None and (answer := mishap(request)) is not None:
                return answer
            if path.startswith("/api/device/") and name not in {"challenge", "token"}:
                given = request.headers.get("authorization", "").removeprefix("Bearer ")
                if given not in self.tokens:
                    return refusal("not-signed-in", 401)
            answer: Response = await handler(request)
            if name in self.lose:
                self.lose.discard(name)
                return html_500(request)
            return answer

        return handle

    async def _enrol(self, request: Request) -> Response:
        body = await request.json()
        if body["code"] != self.code.text:
            return refusal("code-unknown", 404)
        if self.chain_key is not None:
            return refusal("code-used")
        chain, transport = PublicKey.from_text(body["chain_key"]), PublicKey.from_text(body["transport_key"])
        proof = proved_text(self.code.secret, body["transport_key"])
        chain.verify_raw(decode_base64url(body["chain_proof"]), proof)
        transport.verify_raw(decode_base64url(body["transport_proof"]), proof)
        self.chain_key, self.transport_key = chain, transport
        answer = {"device": self.device, "room": self.room, "centre_key": self.key.public.text, "state": "pending"}
        return JSONResponse(answer)

    async def _challenge(self, request: Request) -> Response:
        self._given = secrets.token_urlsafe(24)
        return JSONResponse({"challenge": self._given})

    async def _token(self, request: Request) -> Response:
        body = await request.json()
        assert self.transport_key is not None
        signed = b"shilu-transport-1\n" + body["challenge"].encode()
        self.transport_key.verify_raw(decode_base64url(body["signature"]), signed)
        token = secrets.token_urlsafe(24)
        self.tokens.add(token)
        return JSONResponse({"token": token, "expires_in_s": 600, "server_wall_ns": time.time_ns()})

    async def _configuration(self, request: Request) -> Response:
        if self.state == "pending":
            return JSONResponse({"state": "pending"})
        officer = {"id": self.officer, "number": "03", "name": "接谈员甲", "pin_verifier": self.pin_verifier}
        return JSONResponse(
            {
                "state": "active",
                "configuration": self.configuration(),
                "sealing": sign_sealing_list(self.sealing_list, self.key),
                "officers": [officer | {"locked": self.officer_locked}],
                "case_pattern": CASE_PATTERN,
                "unit_name": "青石镇人民群众来访接待中心",
                "room_name": "青石镇 1 号接谈室",
                "heads": {"number": len(self.manifests), "sha256": None},
            }
        )

    async def _manifests(self, request: Request) -> Response:
        assert self.chain_key is not None
        results = []
        batch = (await request.json())["manifests"]
        if self.missing_from is not None and open_entry(batch[0], self.chain_key).number > self.missing_from:
            return refusal("chain-hole")
        for jws in batch:
            sha256 = jws_sha256(jws)
            open_entry(jws, self.chain_key)
            if sha256 in self.refuse:
                results.append({"sha256": sha256, "status": "refused", "code": "chain-broken", "reason": "broken"})
                continue
            results.append({"sha256": sha256, "status": "known" if sha256 in self.manifests else "accepted"})
            self.manifests.setdefault(sha256, jws)
        return JSONResponse({"results": results})

    async def _grants(self, request: Request) -> Response:
        sha256 = (await request.json())["manifest_sha256"]
        if sha256 in self.store and self.knows_what_it_has:
            return JSONResponse({"already": True, "receipt": self._receipt(sha256)})
        headers = {"x-amz-checksum-sha256": "signed", "if-none-match": "*"}
        return JSONResponse({"url": f"/store/{sha256}", "headers": headers, "expires_in_s": 600})

    async def _put(self, request: Request) -> Response:
        sha256 = request.path_params["sha256"]
        if request.headers.get("x-amz-checksum-sha256") != "signed":
            return Response(status_code=403)
        self.store[sha256] = await request.body()
        self.order.append(sha256)
        return Response(status_code=200)

    async def _uploads(self, request: Request) -> Response:
        sha256 = (await request.json())["manifest_sha256"]
        if sha256 not in self.store:
            return refusal("not-there")
        return JSONResponse({"receipt": self._receipt(sha256)})

    def _receipt(self, sha256: str) -> str:
        body = self.store[sha256]
        receipt = Receipt(
            manifest_sha256=sha256,
            object_key="rooms/x",
            version_id="v1",
            sealed_sha256=hashlib.sha256(body).hexdigest(),
            size=len(body),
            received_wall_ns=time.time_ns(),
            store="local-not-worm",
        )
        return sign_receipt(receipt, self.receipt_key)

    async def _tags(self, request: Request) -> Response:
        body = await request.json()
        sealed = base64.b64decode(body["tag"])
        assert hashlib.sha256(sealed).hexdigest() == body["sha256"]
        self.tags[body["sha256"]] = sealed
        self.order.append(body["sha256"])
        return JSONResponse({"stored": True})

    async def _link(self, socket: WebSocket) -> None:
        if socket.headers.get("authorization", "").removeprefix("Bearer ") not in self.tokens:
            await socket.close(4401)
            return
        await socket.accept()
        sender = asyncio.create_task(self._speak(socket))
        try:
            while True:
                message = await socket.receive_json()
                (self.statuses if message["type"] == "status" else self.answers).append(message)
        except WebSocketDisconnect:
            return
        finally:
            sender.cancel()

    async def _speak(self, socket: WebSocket) -> None:
        while True:
            message = await self.to_room.get()
            await (socket.send_text(message) if isinstance(message, str) else socket.send_json(message))
