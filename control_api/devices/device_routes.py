"""What room PCs call: enrolment, tokens, configuration, manifests, grants, uploads, tags. Thin."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, ConfigDict, Field

from control_api.accounts.guard import public
from control_api.archive.grants import grant_upload
from control_api.archive.intake import MAX_ENTRIES, take_manifests
from control_api.archive.receipts import give_receipt
from control_api.archive.tags import take_tag
from control_api.center import center_of
from control_api.devices.configuration import configuration_for
from control_api.devices.enrolment import EnrolmentRequest, enrol
from control_api.devices.guard import any_device, delivering_device
from control_api.devices.tokens import TOKEN_S, KnownDevice, give_token, make_challenge
from control_api.errors import NotFound
from storage.local_store import LocalStore
from storage.manifest import Digest, Identifier

MAX_OBJECT_BYTES = 512 * 2**20
CHALLENGES = b"challenges"
router = APIRouter(tags=["device"])
Delivering = Annotated[KnownDevice, Depends(delivering_device)]
Text = Annotated[str, Field(max_length=500)]
_SHA = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
_ID = "0123456789abcdef0123456789abcdef"


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class EnrolmentBody(_Body):
    code: Text = Field(examples=["4T6G-…"])
    chain_key: Text
    transport_key: Text
    chain_proof: Text
    transport_proof: Text
    version: Text = Field("", examples=["0.1.0"])


class Enrolled(_Body):
    device: Identifier = Field(examples=[_ID])
    room: Identifier = Field(examples=[_ID])
    centre_key: str
    state: Literal["pending"] = "pending"


class ChallengeBody(_Body):
    device: Identifier = Field(examples=[_ID])


class Challenge(_Body):
    challenge: str


class TokenBody(_Body):
    device: Identifier = Field(examples=[_ID])
    challenge: Text
    signature: Text


class Token(_Body):
    token: str
    expires_in_s: int = Field(examples=[600])
    server_wall_ns: int = Field(examples=[1795464000000000000])


class ManifestsBody(_Body):
    manifests: list[Annotated[str, Field(max_length=1_000_000)]] = Field(max_length=MAX_ENTRIES)


class ManifestVerdict(_Body):
    sha256: Digest = Field(examples=[_SHA])
    status: Literal["accepted", "known", "refused"]
    code: str | None = Field(None, examples=["bad-signature"])
    reason: str | None = None


class Verdicts(_Body):
    results: list[ManifestVerdict]


class EntryBody(_Body):
    manifest_sha256: Digest = Field(examples=[_SHA])


class UploadBody(EntryBody):
    held_sha256: Digest | None = Field(None, description="what the room's file hashes to, where the archive refused it")


class GrantGiven(_Body):
    already: bool = False
    receipt: str | None = None
    url: str | None = Field(None, examples=["https://archive.example/footage/rooms/…"])
    headers: dict[str, str] = Field(default_factory=dict, examples=[{"content-length": "2500000"}])
    expires_in_s: int | None = Field(None, examples=[600])


class ReceiptGiven(_Body):
    receipt: str


class TagBody(_Body):
    tag: Annotated[str, Field(max_length=100_000, description="base64 of the age file")]
    sha256: Digest = Field(examples=[_SHA])


class Stored(_Body):
    stored: Literal[True] = True


@router.post("/api/enrolments", dependencies=[Depends(public)])
def enrol_device(body: EnrolmentBody, request: Request) -> Enrolled:
    """Use a code. The device then waits as pending until an administrator has compared its fingerprint."""
    center = center_of(request)
    source = request.client.host if request.client else "unknown"
    wish = EnrolmentRequest(**body.model_dump())
    device = enrol(center.database, wish, source, center.keys.signing.public, center.now_ns())
    return Enrolled(device=device.id, room=device.room_id, centre_key=center.centre_key)


@router.post("/api/device/challenge", dependencies=[Depends(public)])
def challenge(body: ChallengeBody, request: Request) -> Challenge:
    center = center_of(request)
    key = center.keys.derived_key(CHALLENGES)
    return Challenge(challenge=make_challenge(key, body.device, center.now_ns()))


@router.post("/api/device/token", dependencies=[Depends(public)])
def token(body: TokenBody, request: Request) -> Token:
    center = center_of(request)
    now_ns = center.now_ns()
    key = center.keys.derived_key(CHALLENGES)
    with center.database.writing() as session:
        given = give_token(session, key, body.device, body.challenge, body.signature, now_ns)
    return Token(token=given, expires_in_s=TOKEN_S, server_wall_ns=now_ns)


@router.get("/api/device/configuration")
def configuration(request: Request, device: Annotated[KnownDevice, Depends(any_device)]) -> dict[str, Any]:
    """`state` pending, or active with everything that the room needs."""
    center = center_of(request)
    with center.database.reading() as session:
        return configuration_for(session, center, device)


@router.post("/api/device/manifests")
def manifests(body: ManifestsBody, request: Request, device: Delivering) -> Verdicts:
    """Entries of the chain, in order. One verdict per entry; a refused one is set aside and the next looked at."""
    center = center_of(request)
    verdicts = take_manifests(center.database, device, body.manifests, center.now_ns())
    center.hurry()
    return Verdicts(
        results=[
            ManifestVerdict(sha256=one.sha256, status=one.status, code=one.code, reason=one.reason) for one in verdicts
        ]
    )


@router.post("/api/device/grants")
def grants(body: EntryBody, request: Request, device: Delivering) -> GrantGiven:
    """Leave to upload one segment's bytes, or its receipt when they are here already."""
    answer = grant_upload(center_of(request), device, body.manifest_sha256)
    return GrantGiven(
        already=answer.already,
        receipt=answer.receipt,
        url=answer.url,
        headers=answer.headers,
        expires_in_s=answer.expires_in_s,
    )


@router.post("/api/device/uploads")
def uploads(body: UploadBody, request: Request, device: Delivering) -> ReceiptGiven:
    """The bytes are read back; the receipt is given only when they are what the manifest names."""
    receipt = give_receipt(center_of(request), device, body.manifest_sha256, body.held_sha256)
    return ReceiptGiven(receipt=receipt)


@router.post("/api/device/tags")
def tags(body: TagBody, request: Request, device: Delivering) -> Stored:
    take_tag(center_of(request), device, body.tag, body.sha256)
    return Stored()


@router.put("/api/device/objects/{grant}", dependencies=[Depends(public)], max_body_size=MAX_OBJECT_BYTES)
async def objects(grant: str, request: Request) -> Stored:
    """Bytes for a local archive. The grant in the address is the leave: one object, one length, one hash."""
    center = center_of(request)
    store = center.store
    if not isinstance(store, LocalStore):
        raise NotFound
    upload = await run_in_threadpool(store.begin_upload, grant, center.now_ns())
    try:
        async for piece in request.stream():
            await run_in_threadpool(upload.write, piece)
        await run_in_threadpool(upload.commit)
    finally:
        await run_in_threadpool(upload.abandon)
    return Stored()
