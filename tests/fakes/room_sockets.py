"""The two sockets that the agent speaks to, for tests of the agent's protocols alone.

The recorder's side keeps a real spool index and signs a real chain, and records nothing: `add_segment` puts sealed
bytes of the test's own there. What the recorder really does is tested with the recorder.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import secrets
import time
from collections import Counter
from pathlib import Path
from typing import Any

from edge.spool.index import SpoolIndex
from storage.chain import EMPTY, ChainHead, sign_entry
from storage.manifest import MANIFEST
from storage.receipt import open_receipt
from storage.signing import PublicKey, SigningKey, encode_base64url, jws_sha256

ONE_PIXEL = base64.b64decode(
    "/9j/4AAQSkZJRgABAQEASABIAAD/2wBDAP//////////////////////////////////////////////////////////////////////////////"
    "////////wgALCAABAAEBAREA/8QAFBABAAAAAAAAAAAAAAAAAAAAAP/aAAgBAQABPxA="
)
Answer = dict[str, Any]


class _Socket:
    """Lines in, lines out; a method per command."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.calls: Counter[str] = Counter()
        self.questions: list[Answer] = []
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._server = await asyncio.start_unix_server(self._serve, str(self.path), limit=8 << 20)

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
            self.path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                question = json.loads(line)
                name = question.pop("command")
                self.calls[name] += 1
                self.questions.append({"command": name, **question})
                answer = getattr(self, f"do_{name}")(**question)
                writer.write(json.dumps({"ok": True} | answer).encode() + b"\n")
                await writer.drain()
        finally:
            writer.close()


def refused(code: str, **more: Any) -> Answer:
    return {"ok": False, "code": code, "message": f"拒绝：{code}", "message_en": f"refused: {code}", **more}


class RecorderSocket(_Socket):
    def __init__(self, data: Path, path: Path) -> None:
        super().__init__(path)
        self.key = SigningKey.generate()
        self.spool = data / "recorder" / "spool"
        self.spool.mkdir(parents=True, exist_ok=True)
        self.index = SpoolIndex(self.spool / "index.sqlite")
        self.head: ChainHead = EMPTY
        self.pinned: dict[str, str] | None = None
        self.configured: list[tuple[str, str]] = []
        self.session: str | None = None
        self.session_opened_wall_ns: int | None = None
        self.state = "recording"
        self.sources = [
            {"name": name, "kind": kind, "state": "ok", "code": "", "message": "", "message_en": ""}
            for name, kind in (("camera", "video"), ("microphone", "audio"))
        ]
        self.problems: list[Answer] = []
        self.fault: Answer | None = None
        self.refuse_receipts = False
        self.recorded: list[str] = []

    def _moment(self) -> dict[str, Any]:
        return {"wall_ns": time.time_ns(), "mono_ns": time.monotonic_ns()}

    def _append(self, entry: dict[str, Any], path: str | None = None) -> str:
        pinned = self.pinned or {"device": "0" * 32, "room": "0" * 32}
        number = self.head.number + 1
        common = {"device": pinned["device"], "room": pinned["room"], "number": number, "previous": self.head.sha256}
        manifest = MANIFEST.validate_python(common | {"made": self._moment()} | entry)
        jws = sign_entry(manifest, self.key)
        sha256 = jws_sha256(jws)
        self.index.insert(manifest, jws, sha256, path)
        self.head = ChainHead(number, sha256)
        return sha256

    def add_segment(self, content: bytes = b"sealed footage", session: str | None = None) -> str:
        """The manifest's hash."""
        run, sequence = "ab" * 16, len(self.recorded)
        file = self.spool / "segments" / run / f"{sequence:06d}.mp4.age"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        digest = hashlib.sha256(content).hexdigest()
        opened = {"sha256": digest, "size": 10, "init_size": 5, "init_sha256": digest, "fragments": []}
        sealed = {"sha256": digest, "size": len(content)}
        entry = {"kind": "segment", "run": run, "sequence": sequence, "tracks": [], "sealed": sealed, "opened": opened}
        times = {"start": self._moment(), "end": self._moment(), "session": session}
        sha256 = self._append(entry | times, str(file.relative_to(self.spool)))
        self.recorded.append(sha256)
        return sha256

    def _note(self, note: str, session: str, officer: str, signed_in: str, tag_sha256: str | None = None) -> None:
        entry = {"kind": "note", "note": note, "session": session, "officer": officer, "signed_in": signed_in}
        self._append(entry | {"tag_sha256": tag_sha256})

    def do_identity(self) -> Answer:
        public = self.key.public
        return {"chain_key": public.text, "fingerprint": public.fingerprint, "pinned": self.pinned is not None}

    def do_prove(self, challenge: str) -> Answer:
        return {"signature": encode_base64url(self.key.sign_raw(b"shilu-enrol-1\n" + challenge.encode()))}

    def do_pin(self, centre_key: str, device: str, room: str) -> Answer:
        if self.pinned is not None and self.pinned["centre_key"] != centre_key:
            return refused("already-pinned")
        self.pinned = {"centre_key": centre_key, "device": device, "room": room}
        return {}

    def do_configure(self, configuration: str, sealing: str) -> Answer:
        self.configured.append((configuration, sealing))
        return {}

    def do_status(self) -> Answer:
        return {
            "state": self.state,
            "wall_ns": time.time_ns(),
            "session": self.session,
            "session_opened_wall_ns": self.session_opened_wall_ns,
            "sources": self.sources,
            "levels_dbfs": [-23.4, -31.0],
            "problems": self.problems,
            "fault": self.fault,
            "version": "1",
        }

    def do_open_session(self, session: str, officer: str, signed_in: str, tag_sha256: str | None = None) -> Answer:
        if self.session not in {None, session}:
            return refused("session-open", session=self.session)
        if self.session is None:
            self.session, self.session_opened_wall_ns = session, time.time_ns()
            self._note("session-opened", session, officer, signed_in, tag_sha256)
        return {"opened_wall_ns": self.session_opened_wall_ns}

    def do_tag_session(self, session: str, tag_sha256: str, officer: str, signed_in: str) -> Answer:
        self._note("session-tagged", session, officer, signed_in, tag_sha256)
        return {"made_wall_ns": time.time_ns()}

    def do_close_session(self, session: str, officer: str, signed_in: str) -> Answer:
        if self.session != session:
            return refused("session-not-open")
        self.session = self.session_opened_wall_ns = None
        self._note("session-closed", session, officer, signed_in)
        return {"closed_wall_ns": time.time_ns()}

    def do_decide_fault(self, session: str, choice: str, reason: str, officer: str, signed_in: str) -> Answer:
        if self.fault is None:
            return refused("no-fault")
        detail = f"{choice} {self.fault['code']} {reason}"
        note = {"note": "fault-decision", "session": session, "officer": officer, "signed_in": signed_in}
        self._append({"kind": "note", "detail": detail} | note)
        self.fault = None
        return {"made_wall_ns": time.time_ns()}

    def do_preview(self) -> Answer:
        return {"jpeg": base64.b64encode(ONE_PIXEL).decode(), "wall_ns": time.time_ns()}

    def do_receipt(self, receipt: str) -> Answer:
        assert self.pinned is not None
        opened = open_receipt(receipt, PublicKey.from_text(self.pinned["centre_key"]))
        row = self.index.entry(opened.manifest_sha256)
        if row is None or self.refuse_receipts:
            return refused("unknown-manifest")
        self.index.mark_receipted(row.number, receipt)
        return {}

    def do_refused(self, manifest_sha256: str, code: str, reason: str) -> Answer:
        row = self.index.entry(manifest_sha256)
        assert row is not None
        self.index.mark_refused(row.number, code)
        return {}


class LiveSocket(_Socket):
    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.watching: list[Answer] = []

    def do_offer(self, viewer: str, sdp: str, name: str, unit: str) -> Answer:
        self.watching.append({"viewer": viewer, "name": name, "unit": unit})
        return {"sdp": f"answer to {sdp}"}

    def do_close(self, viewer: str) -> Answer:
        self.watching = [one for one in self.watching if one["viewer"] != viewer]
        return {}

    def do_viewers(self) -> Answer:
        return {"viewers": self.watching}


def random_id() -> str:
    return secrets.token_hex(16)
