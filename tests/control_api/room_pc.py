"""A room PC as the centre meets it: real keys, a real chain, real sealed bytes, over real HTTP. No edge code."""

from __future__ import annotations

import base64
import hashlib
import secrets
import time
from typing import Any

import httpx

from storage.case_tag import CaseTag, seal_tag
from storage.chain import EMPTY, AnyManifest, ChainHead, sign_entry
from storage.manifest import (
    ClockState,
    GapCause,
    GapManifest,
    Moment,
    NoteKind,
    NoteManifest,
    OpenedBytes,
    SealedBytes,
    SegmentManifest,
    VideoTrack,
)
from storage.sealing import seal_bytes
from storage.sealing_list import open_sealing_list
from storage.signing import PublicKey, SigningKey, encode_base64url, jws_sha256

_READ_AS = str.maketrans("0123456789ABCDEFGHJKMNPQRSTVWXYZ", "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
S = 10**9


class RoomPc:
    def __init__(self, url: str) -> None:
        self.http = httpx.Client(base_url=url, trust_env=False)
        self.chain_key = SigningKey.generate()
        self.transport_key = SigningKey.generate()
        self.device = self.room = self.centre_key = self.token = ""
        self.head: ChainHead = EMPTY
        self.run = secrets.token_hex(16)
        self.sequence = 0
        self.wall_ns = time.time_ns() - 3600 * S
        self.sealed: dict[str, bytes] = {}
        self.clock = ClockState()

    def enrol(self, code: str, **changes: str) -> httpx.Response:
        proved = f"shilu-enrol-1\n{_secret(code).hex()} {self.transport_key.public.text}".encode()
        body = {
            "code": code,
            "chain_key": self.chain_key.public.text,
            "transport_key": self.transport_key.public.text,
            "chain_proof": _sign(self.chain_key, proved),
            "transport_proof": _sign(self.transport_key, proved),
            "version": "0.1.0",
            **changes,
        }
        answer = self.http.post("/api/enrolments", json=body)
        if answer.status_code == 200:
            said = answer.json()
            self.device, self.room, self.centre_key = said["device"], said["room"], said["centre_key"]
        return answer

    def sign_in(self) -> httpx.Response:
        challenge = self.http.post("/api/device/challenge", json={"device": self.device}).json()["challenge"]
        return self.answer_challenge(challenge)

    def answer_challenge(self, challenge: str, key: SigningKey | None = None) -> httpx.Response:
        signature = _sign(key or self.transport_key, b"shilu-transport-1\n" + challenge.encode())
        body = {"device": self.device, "challenge": challenge, "signature": signature}
        answer = self.http.post("/api/device/token", json=body)
        if answer.status_code == 200:
            self.token = answer.json()["token"]
        return answer

    @property
    def headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token}"}

    def post(self, call: str, body: dict[str, Any]) -> httpx.Response:
        return self.http.post(f"/api/device/{call}", json=body, headers=self.headers)

    def configuration(self) -> dict[str, Any]:
        answer = self.http.get("/api/device/configuration", headers=self.headers)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def recipients(self) -> list[str]:
        return open_sealing_list(self.configuration()["sealing"], PublicKey.from_text(self.centre_key)).texts

    def send(self, *entries: str) -> list[dict[str, Any]]:
        answer = self.post("manifests", {"manifests": list(entries)})
        assert answer.status_code == 200, answer.text
        return list(answer.json()["results"])

    def note(self, kind: NoteKind, session: str | None = None, **fields: Any) -> str:
        return self.append(NoteManifest(**self._entry(), note=kind, session=session, **fields))

    def gap(self, seconds: int = 5, cause: GapCause = GapCause.CAMERA_LOST) -> str:
        start = self._moment()
        self.wall_ns += seconds * S
        return self.append(GapManifest(**self._entry(), track="video", start=start, end=self._moment(), cause=cause))

    def segment(self, session: str | None = None, plain: bytes = b"", tag_sha256: str | None = None) -> str:
        """Ten seconds of footage, sealed; its bytes wait in `sealed` under the entry's hash."""
        plain = plain or secrets.token_bytes(3000)
        sealed = seal_bytes(plain, self.recipients())
        start = self._moment()
        self.wall_ns += 10 * S
        manifest = SegmentManifest(
            **self._entry(),
            run=self.run,
            sequence=self.sequence,
            start=start,
            end=self._moment(),
            tracks=[VideoTrack(codec="h264", width=640, height=360)],
            session=session,
            tag_sha256=tag_sha256,
            sealed=SealedBytes(sha256=hashlib.sha256(sealed).hexdigest(), size=len(sealed)),
            opened=OpenedBytes(
                sha256=hashlib.sha256(plain).hexdigest(),
                size=len(plain),
                init_size=10,
                init_sha256=hashlib.sha256(plain[:10]).hexdigest(),
                fragments=[],
            ),
        )
        self.sequence += 1
        jws = self.append(manifest)
        self.sealed[jws_sha256(jws)] = sealed
        return jws

    def append(self, manifest: AnyManifest) -> str:
        jws = sign_entry(manifest, self.chain_key)
        self.head = ChainHead(manifest.number, jws_sha256(jws))
        return jws

    def tag(self, session: str, case_id: str, officer: str, replaces: str | None = None) -> tuple[str, bytes]:
        """A sealed case tag and its hash."""
        tag = CaseTag(
            session=session,
            case_id=case_id,
            officer=officer,
            signed_in="offline",
            made_wall_ns=self.wall_ns,
            replaces=replaces,
            reason="录入有误" if replaces else None,
        )
        sealed = seal_tag(tag, self.recipients())
        return hashlib.sha256(sealed).hexdigest(), sealed

    def send_tag(self, sha256: str, sealed: bytes) -> httpx.Response:
        return self.post("tags", {"tag": base64.b64encode(sealed).decode(), "sha256": sha256})

    def upload(self, jws: str, data: bytes | None = None) -> httpx.Response:
        """Grant and PUT; the answer of the PUT, or of the grant when there was none."""
        sha256 = jws_sha256(jws)
        grant = self.post("grants", {"manifest_sha256": sha256})
        if grant.status_code != 200 or grant.json()["already"]:
            return grant
        said = grant.json()
        return self.http.put(said["url"], content=data or self.sealed[sha256], headers=said["headers"])

    def receipt(self, jws: str) -> httpx.Response:
        return self.post("uploads", {"manifest_sha256": jws_sha256(jws)})

    def deliver(self, jws: str) -> str:
        """The whole way of one segment; its receipt."""
        assert [one["status"] for one in self.send(jws)] == ["accepted"]
        return self.deliver_known(jws)

    def deliver_known(self, jws: str) -> str:
        """The bytes of an entry that was sent before."""
        assert self.upload(jws).status_code == 200
        answer = self.receipt(jws)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["receipt"])

    def _entry(self) -> dict[str, Any]:
        return {
            "device": self.device,
            "room": self.room,
            "number": self.head.number + 1,
            "previous": self.head.sha256,
            "made": self._moment(),
            "clock": self.clock,
        }

    def _moment(self) -> Moment:
        return Moment(wall_ns=self.wall_ns, mono_ns=self.wall_ns % (10**15), pts_90k=None)


def _sign(key: SigningKey, data: bytes) -> str:
    return encode_base64url(key.sign_raw(data))


def _secret(code: str) -> bytes:
    """The secret in a code as it is typed; zeros for what is none."""
    plain = code.replace("-", "").translate(_READ_AS)
    try:
        return base64.b32decode(plain + "=" * (-len(plain) % 8))[:16]
    except ValueError:
        return bytes(16)
