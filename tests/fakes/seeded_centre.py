"""A centre with people, rooms, footage and cases, all put there by the services that a real one uses."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from config.process import CenterSettings, LocalArchive
from control_api.accounts import people
from control_api.accounts.actor import Actor
from control_api.archive.intake import take_manifests
from control_api.archive.receipts import give_receipt, keep_waiting
from control_api.archive.tags import take_tag
from control_api.center import Center, open_center
from control_api.database import Device, new_id
from control_api.devices.codes import read_code
from control_api.devices.enrolment import EnrolmentRequest, enrol, make_code
from control_api.devices.service import confirm_device
from control_api.devices.tokens import KnownDevice
from control_api.link.status import DeviceStatus
from control_api.rooms.service import create_room
from storage.boxes import free_box
from storage.case_tag import CaseTag, seal_tag
from storage.chain import sign_entry
from storage.enrolment_code import proved_text
from storage.layout import segment_key
from storage.manifest import MANIFEST
from storage.sealing import seal_bytes
from storage.signing import SigningKey, encode_base64url, jws_sha256
from tests.fakes.seeded_footage import Recording, record

PASSWORD = "wan-ma-ben-teng-27"
S = 10**9


@dataclass
class SeededRoom:
    """A room with its enrolled device; appends signed entries to its chain."""

    centre: Center
    id: str
    name: str
    device: str = ""
    key: SigningKey = field(default_factory=SigningKey.generate)
    number: int = 0
    previous: str | None = None

    @property
    def known(self) -> KnownDevice:
        return KnownDevice(self.device, self.id, "active", self.key.public.text)

    def add(self, wall_ns: int, **fields: Any) -> str:
        """One more entry, accepted by the centre; its hash."""
        made = {"wall_ns": wall_ns, "mono_ns": wall_ns}
        values = {"device": self.device, "room": self.id, "number": self.number + 1, "previous": self.previous}
        jws = sign_entry(MANIFEST.validate_python(values | {"made": made} | fields), self.key)
        [verdict] = take_manifests(self.centre.database, self.known, [jws], self.centre.now_ns())
        assert verdict.status == "accepted", verdict
        self.number, self.previous = self.number + 1, jws_sha256(jws)
        return self.previous

    def note(self, wall_ns: int, note: str, **fields: Any) -> str:
        return self.add(wall_ns, kind="note", note=note, **fields)

    def gap(self, start_ns: int, end_ns: int, cause: str, track: str = "all", **fields: Any) -> str:
        span = {"start": {"wall_ns": start_ns, "mono_ns": start_ns}, "end": {"wall_ns": end_ns, "mono_ns": end_ns}}
        return self.add(end_ns, kind="gap", track=track, cause=cause, **span, **fields)

    def footage(self, start_ns: int, seconds: int, session: str | None = None, *, archived: bool = True) -> list[str]:
        """A run of `seconds`, cut every ten; the entries' hashes."""
        recording, run = record(start_ns, seconds, self.name), new_id()
        return [self._segment(recording, run, start_ns, at, session, archived) for at in range(0, seconds, 10)]

    def _segment(
        self,
        recording: Recording,
        run: str,
        start_ns: int,
        at: int,
        session: str | None,
        archived: bool,
        **otherwise: Any,
    ) -> str:
        """`otherwise`: fields of the manifest that differ from an ordinary segment's."""
        pieces = recording.fragments[at : at + 10]
        padding = free_box(40)  # as a real room secures its last fragment
        opened = recording.init + b"".join(piece + padding for piece in pieces)
        sealed = seal_bytes(opened, self.centre.keys.recipient_texts)
        offset, proofs = len(recording.init), []
        for index, piece in enumerate(pieces):
            pts = (at + index) * 90_000
            proofs.append(
                {
                    "offset": offset,
                    "size": len(piece),
                    "start_pts_90k": pts,
                    "end_pts_90k": pts + 90_000,
                    "sha256": hashlib.sha256(piece).hexdigest(),
                }
            )
            offset += len(piece) + len(padding)
        wall_ns = start_ns + at * S
        end_ns = wall_ns + len(pieces) * S
        digest = hashlib.sha256(sealed).hexdigest()
        fields: dict[str, Any] = {
            "kind": "segment",
            "run": run,
            "sequence": at // 10,
            "session": session,
            "start": {"wall_ns": wall_ns, "mono_ns": wall_ns, "pts_90k": at * 90_000},
            "end": {"wall_ns": end_ns, "mono_ns": end_ns, "pts_90k": (at + len(pieces)) * 90_000},
            "tracks": [
                {"kind": "video", "codec": "avc1.42c01e", "width": 640, "height": 360, "rate": 10},
                {"kind": "audio", "codec": "mp4a.40.2", "rate": 48000, "channels": 1},
            ],
            "sealed": {"sha256": digest, "size": len(sealed)},
            "opened": {
                "sha256": hashlib.sha256(opened).hexdigest(),
                "size": len(opened),
                "init_size": len(recording.init),
                "init_sha256": hashlib.sha256(recording.init).hexdigest(),
                "fragments": proofs,
            },
        }
        fields |= otherwise
        entry = self.add(end_ns, **fields)
        if archived:
            key = segment_key(self.id, int(fields["start"]["wall_ns"]), run, fields["sequence"])
            self.centre.store.put(key, sealed, len(sealed), digest)
            give_receipt(self.centre, self.known, entry)
        return entry

    def session(self, opened_ns: int, closed_ns: int | None, officer: str, case_id: str = "") -> str:
        """The notes of a session; call it before the footage that bears its id."""
        session = new_id()
        tag: dict[str, Any] = {}
        if case_id:
            stated = CaseTag(
                session=session, case_id=case_id, officer=officer, signed_in="online", made_wall_ns=opened_ns
            )
            sealed = seal_tag(stated, self.centre.keys.recipient_texts)
            tag = {"tag_sha256": hashlib.sha256(sealed).hexdigest()}
        self.note(opened_ns, "session-opened", session=session, officer=officer, signed_in="online", **tag)
        if case_id:
            take_tag(self.centre, self.known, base64.b64encode(sealed).decode(), tag["tag_sha256"])
        if closed_ns is not None:
            self.note(closed_ns, "session-closed", session=session, officer=officer, signed_in="online")
        return session


@dataclass
class SeededCentre:
    center: Center
    administrator: Actor
    supervisor: Actor
    officer: str
    rooms: dict[str, SeededRoom]


def actor_of(center: Center, sign_in_name: str) -> Actor:
    with center.database.reading() as db:
        account = next(one for one in people.list_accounts(db) if one.sign_in_name == sign_in_name)
        return Actor(
            account.id, account.display_name, account.unit_id, account.unit.name, account.role, "zh", "seed", "seed"
        )


def open_seeded(directory: Path) -> SeededCentre:
    settings = CenterSettings(
        data_directory=directory / "centre",
        archive=LocalArchive(directory=directory / "archive"),
        county_name="云岭县",
        demo=True,
    )
    center = open_center(settings)
    now_ns = center.now_ns()
    with center.database.writing() as db:
        units = {
            name: people.create_unit(db, None, now_ns, name=name, kind=kind).id
            for name, kind in (("云岭县", "county"), ("青石镇", "township"), ("云溪街道", "township"))
        }
        for name, shown, role, unit, number in (
            ("admin", "周启明", "administrator", "云岭县", None),
            ("supervisor", "林清和", "supervisor", "云岭县", None),
            ("duty", "郑文远", "duty-officer", "云岭县", None),
            ("officer", "何晓岚", "officer", "青石镇", "03"),
        ):
            people.create_account(
                db,
                None,
                now_ns,
                sign_in_name=name,
                display_name=shown,
                unit_id=units[unit],
                role=role,
                password=PASSWORD,
                officer_number=number,
                pin="284913" if number else None,
                must_change_password=False,
            )
    administrator = actor_of(center, "admin")
    rooms = {}
    for unit, name in (
        ("青石镇", "1号接谈室"),
        ("青石镇", "2号接谈室"),
        ("云溪街道", "1号接谈室"),
        ("云溪街道", "登记窗口"),
    ):
        with center.database.writing() as db:
            kind = "registration" if name == "登记窗口" else "interview"
            room_id = create_room(db, administrator, now_ns, name=name, unit_id=units[unit], kind=kind).id
        rooms[f"{unit} {name}"] = SeededRoom(center, room_id, f"{unit} {name}")
    for name in ("青石镇 1号接谈室", "青石镇 2号接谈室", "云溪街道 1号接谈室"):
        enrol_device(center, administrator, rooms[name])
    supervisor, officer = actor_of(center, "supervisor"), actor_of(center, "officer").account_id
    return SeededCentre(center, administrator, supervisor, officer, rooms)


def enrol_device(center: Center, administrator: Actor, room: SeededRoom, *, confirm: bool = True) -> Device:
    now_ns, transport = center.now_ns(), SigningKey.generate()
    with center.database.writing() as db:
        code, _ = make_code(db, administrator, now_ns, room.id, hours=72, centre_key=center.keys.signing.public)
    secret = read_code(code, center.keys.signing.public)
    assert secret is not None
    proved = proved_text(secret, transport.public.text)
    proofs = [encode_base64url(key.sign_raw(proved)) for key in (room.key, transport)]
    request = EnrolmentRequest(code, room.key.public.text, transport.public.text, proofs[0], proofs[1], "0.1.0")
    device = enrol(center.database, request, "127.0.0.1", center.keys.signing.public, now_ns)
    if confirm:
        with center.database.writing() as db:
            confirm_device(db, administrator, now_ns, device.id, device.fingerprint)
        room.device = device.id
    return device


def report(room: SeededRoom, **status: Any) -> None:
    """What the room last said, as if its link had just brought it."""
    center = room.centre
    now_ns = center.now_ns()
    values = {
        "state": "recording",
        "wall_ns": now_ns,
        "levels_dbfs": [-31.5],
        "sources": [
            {"name": "camera", "kind": "video", "state": "ok"},
            {"name": "microphone", "kind": "audio", "state": "ok"},
        ],
        "disk_free_bytes": 182_000_000_000,
        "encoder": "libx264",
        "version": "0.1.0",
    }
    with center.database.writing() as db:
        device = db.get_one(Device, room.device)
        device.last_seen_wall_ns = now_ns
        device.last_status = DeviceStatus.model_validate(values | status).model_dump()
        device.last_proved_wall_ns = now_ns - 8 * S


def seed_story(seeded: SeededCentre) -> dict[str, str]:
    """A morning: a session of 70 s with a crash in it, one without a number, one that still runs. Ids by name."""
    first = seeded.rooms["青石镇 1号接谈室"]
    second = seeded.rooms["青石镇 2号接谈室"]
    now_ns = seeded.center.now_ns() // S * S
    start = now_ns - 1200 * S
    main = first.session(start + 15 * S, start + 85 * S, seeded.officer, "XF-2026-000123")
    first.footage(start, 40, main)
    first.gap(start + 40 * S, start + 52 * S, "crashed", session=main)
    first.footage(start + 52 * S, 50, main)
    untagged = second.session(now_ns - 900 * S, now_ns - 600 * S, seeded.officer)
    running = first.session(now_ns - 300 * S, None, seeded.officer, "XF-2026-000124")
    second.footage(now_ns - 620 * S, 20, untagged, archived=False)
    keep_waiting(seeded.center)
    report(first, session=running, session_opened_wall_ns=now_ns - 300 * S, backlog_segments=1, backlog_bytes=2_400_000)
    lost = {"code": "no-sound", "message": "麦克风没有声音：检查话筒开关或插头，录像仍在继续。"}
    lost["message_en"] = "The microphone gives no sound: check its switch or plug; the picture is still recorded."
    report(
        second,
        state="degraded",
        levels_dbfs=[-90.0],
        backlog_segments=2,
        backlog_bytes=5_100_000,
        sources=[
            {"name": "camera", "kind": "video", "state": "ok"},
            {"name": "microphone", "kind": "audio", "state": "lost", **lost},
        ],
    )
    return {"main": main, "untagged": untagged, "running": running}
