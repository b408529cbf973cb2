"""A session as a package to take away: entries, receipts, keys and footage, opened while it is sent."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from control_api.accounts.actor import Actor
from control_api.accounts.signing_in import still_signed_in
from control_api.center import Center
from control_api.database import CenterKey, Correction, Device, Entry, RefusedEntry, RoomSession
from control_api.errors import CenterError, NotSignedIn
from control_api.register.service import get_grant, record_stretch
from control_api.review.footage import Stored, read_manifest, stored_segment
from control_api.review.opening import Damaged, open_segment
from control_api.sessions.footage import entries_in, session_stretch
from storage.chain import AnyManifest
from storage.export import PackageContents, SegmentLost, build_package
from storage.key_record import KeyRecord, centre_key_record, device_key_record
from storage.manifest import SegmentManifest
from storage.object_store import ObjectStoreError
from storage.signing import PublicKey

MOST_REFUSED = 1000


def nothing_archived() -> CenterError:
    return CenterError(
        "nothing-archived",
        "这一场还没有归档的录像，暂时不能下载；房间连上中心后自动补传。",
        "Nothing of this session is archived yet; the room sends it by itself when it is on the line.",
        status=409,
        field="reason",
    )


def gather(db: Session, row: RoomSession, now_ns: int) -> tuple[PackageContents, dict[str, Stored]]:
    """What goes in, and where each segment stands. Raises CenterError `nothing-archived`."""
    entries = _whole_chains(db, entries_in(db, session_stretch(db, row)))
    manifests: list[tuple[AnyManifest, str]] = [(read_manifest(entry), entry.jws) for entry in entries]
    stretch = session_stretch(db, row)
    # What the second copy stands for stays in the chain; its own bytes, lost or shorter, are left out.
    wanted = [entry for entry in entries_in(db, stretch) if entry.kind == "segment" and entry.settled_by is None]
    stored = {
        f"{one.manifest.device} {one.manifest.number}": one
        for entry in wanted
        if entry.state == "receipted"
        for one in [stored_segment(db, stretch, entry.sha256)]
    }
    if not stored:
        raise nothing_archived()
    contents = PackageContents(
        session=row.id,
        made_wall_ns=now_ns,
        entries=manifests,
        segments=[one.manifest for one in stored.values()],
        keys=_keys(db, {entry.device_id for entry in entries}),
        further=_refused(db, entries),
        corrections=_corrections(db, entries),
        receipts={(entry.device_id, entry.number): entry.receipt for entry in entries if entry.receipt},
    )
    return contents, stored


def stream(
    center: Center, actor: Actor, grant_id: str, contents: PackageContents, stored: dict[str, Stored]
) -> Iterator[bytes]:
    """The package in pieces; each segment is written into the register before its bytes go, and goes only while the
    person may still have it. One that is damaged or missing is alarmed of, left out and told of in the package. Raises
    NotSignedIn, NotAllowed, CenterError, ObjectStoreError in mid-stream: the rest is not sent."""

    def open_one(manifest: SegmentManifest) -> bytes:
        one = stored[f"{manifest.device} {manifest.number}"]
        try:
            opened = open_segment(center, one)
        except Damaged as damaged:
            raise _lost(damaged) from damaged
        with center.database.writing() as db:
            _check_right(db, center, actor, grant_id)
            record_stretch(
                db,
                grant_id,
                from_wall_ns=one.start_wall_ns,
                to_wall_ns=one.end_wall_ns,
                fetched_wall_ns=center.now_ns(),
                entry_sha256=one.entry,
            )
        return opened.whole  # a fragment's place is counted with the free boxes before it

    yield from build_package(contents, open_one, ZoneInfo(center.settings.timezone))


def _lost(damaged: Damaged) -> SegmentLost:
    if isinstance(damaged.__cause__, ObjectStoreError):
        return SegmentLost(
            "segment-missing",
            "归档中已没有当时签收的内容：缺失，或已被改动。",
            "The archive no longer holds the bytes that were receipted: they are gone, or were changed.",
        )
    return SegmentLost(
        "segment-damaged",
        "归档中这一片段的内容与签名不符，或已无法解密。",
        "What the archive holds of this segment is not what was signed, or can't be opened any more.",
    )


def _check_right(db: Session, center: Center, actor: Actor, grant_id: str) -> None:
    """A download under way is the person's own doing: it keeps the web session from idling out, nothing else does."""
    now_ns = center.now_ns()
    still = still_signed_in(db, actor.web_session, now_ns, seen=True)
    if still is None:
        raise NotSignedIn
    get_grant(db, still, grant_id, now_ns)


def _corrections(db: Session, entries: Sequence[Entry]) -> list[tuple[AnyManifest, str]]:
    """Notes from after the stretch that date entries of it: whoever verifies the package needs them."""
    found: list[tuple[AnyManifest, str]] = []
    for device_id in sorted({entry.device_id for entry in entries}):
        numbers = [entry.number for entry in entries if entry.device_id == device_id]
        query = (
            select(Entry)
            .join(Correction, Correction.sha256 == Entry.sha256)
            .where(
                Correction.device_id == device_id,
                Correction.first_number <= max(numbers),
                Correction.last_number >= min(numbers),
                Correction.number > max(numbers),
            )
        )
        found += [(read_manifest(entry), entry.jws) for entry in db.scalars(query.order_by(Entry.number))]
    return found


def _refused(db: Session, entries: Sequence[Entry]) -> dict[str, bytes]:
    """What devices sent for places in this stretch and was not let into the chain: it stands beside it, as it came."""
    further: dict[str, bytes] = {}
    listed = []
    for device_id in sorted({entry.device_id for entry in entries}):
        numbers = [entry.number for entry in entries if entry.device_id == device_id]
        query = select(RefusedEntry).where(
            RefusedEntry.device_id == device_id,
            RefusedEntry.claimed_number.between(min(numbers), max(numbers)),
            RefusedEntry.accepted_later_wall_ns.is_(None),
        )
        for row in db.scalars(query.order_by(RefusedEntry.claimed_number).limit(MOST_REFUSED)):
            stem = f"refused/{device_id}-{row.claimed_number:010d}-{row.sha256[:16]}.jws"
            further[stem] = row.jws.encode()
            said = {"device": device_id, "number": row.claimed_number, "code": row.code, "sha256": row.sha256}
            listed.append({**said, "received_wall_ns": str(row.received_wall_ns), "file": stem})
    behind = [{"device": one.device_id, "number": one.number} for one in entries if one.behind_refused]
    if listed or behind:
        said_all = {"refused": listed, "accepted_behind_refused": behind}
        further["refused/refused.json"] = json.dumps(said_all, indent=1).encode()
    return further


def _whole_chains(db: Session, entries: Sequence[Entry]) -> list[Entry]:
    """From the first to the last entry of each device without a hole, so that the chain can be followed."""
    numbers: dict[str, list[int]] = {}
    for entry in entries:
        numbers.setdefault(entry.device_id, []).append(entry.number)
    whole: list[Entry] = []
    for device_id, found in numbers.items():
        query = select(Entry).where(Entry.device_id == device_id, Entry.number.between(min(found), max(found)))
        whole += db.scalars(query.order_by(Entry.number)).all()
    return whole


def _keys(db: Session, device_ids: set[str]) -> list[KeyRecord]:
    devices = db.scalars(select(Device).where(Device.id.in_(device_ids))).unique().all()
    own = [
        device_key_record(PublicKey.from_text(one.chain_key), one.id, one.room_id, one.enrolled_wall_ns)
        for one in devices
    ]
    centre = [
        centre_key_record(PublicKey.from_text(one.public_key), one.made_wall_ns)
        for one in db.scalars(select(CenterKey))
    ]
    return [*own, *centre]
