"""Receipts: given only for what was checked, stored and read back. A second request gets the same receipt.

Order: entry's JWS stored → bytes read back → receipt stored → row. The archive's receipt is the one that counts, so
that a crash or a second centre between two steps can't make two.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from control_api.archive.alarms import raise_alarm
from control_api.archive.holding import hold_new
from control_api.archive.keeping import archive_down, due, keep, put_off, read_back
from control_api.archive.retention import retain_until
from control_api.archive.settling import settle_replaced
from control_api.center import Center
from control_api.database import Device, Entry
from control_api.devices.tokens import KnownDevice
from control_api.errors import CenterError, NotFound
from storage.chain import AnyManifest, open_entry
from storage.errors import StorageError
from storage.layout import manifest_key, receipt_key
from storage.manifest import SegmentManifest
from storage.object_store import StoredObject
from storage.receipt import Receipt, open_receipt, sign_receipt
from storage.signing import PublicKey

_WITHOUT_RECEIPT = ("waiting", "refused")


def find_entry(session: Session, known: KnownDevice, manifest_sha256: str) -> Entry:
    """An accepted entry of this very device. Raises NotFound, or the refusal that it met before."""
    entry = session.get(Entry, manifest_sha256)
    if entry is None or entry.device_id != known.id:
        raise NotFound
    if entry.state == "refused":
        raise _bytes_differ()
    return entry


def give_receipt(center: Center, known: KnownDevice, manifest_sha256: str, held_sha256: str | None = None) -> str:
    """The receipt's JWS. Raises CenterError `not-there`, `bytes-differ`; ObjectStoreError when the archive is down.

    `held_sha256`: what the room says its own file hashes to, once the archive has refused it for its checksum.
    """
    with center.database.reading() as session:
        entry = find_entry(session, known, manifest_sha256)
        if entry.receipt is not None:
            return entry.receipt
        until = retain_until(session, entry, center.settings, center.now_ns())
    manifest = open_entry(entry.jws, PublicKey.from_text(known.chain_key))
    if entry.kind == "segment":
        stored = _checked_bytes(center, entry, held_sha256)
    else:
        stored = _stored_entry(center, entry, manifest, until)
    receipt = _kept_receipt(center, entry, manifest, stored, until)
    if entry.kind == "segment":
        center.store.extend_retention(stored.key, stored.version_id, until)  # the grant's date may be older
    _record(center, entry, manifest, receipt, stored, until)
    if entry.kind == "segment":
        hold_new(center, entry.sha256)
    return receipt


def keep_waiting(center: Center, limit: int = 200) -> int:
    """Store segments' entries, then gaps and notes, which have no bytes to wait for; returns how many of these.

    Raises ObjectStoreError when the archive is down. One that can't be kept is set aside for an hour with an alarm, and
    the others go on.
    """
    with center.database.reading() as session:
        query = select(Entry.sha256, Device).join(Device, Device.id == Entry.device_id)
        query = query.where(Entry.state == "waiting", Entry.kind != "segment", due(center.now_ns()))
        rows = session.execute(query.limit(limit)).all()
    _keep_segment_entries(center)  # what was accepted before these goes before them
    for sha256, device in rows:
        try:
            give_receipt(center, KnownDevice(device.id, device.room_id, device.state, device.chain_key), sha256)
        except Exception as error:
            if archive_down(error):
                raise
            put_off(center, sha256, error)
    return len(rows)


def _keep_segment_entries(center: Center, limit: int = 200) -> None:
    """Ahead of their bytes: whoever reads the archive meanwhile, or after bytes that never came, finds the chain whole
    there. A page at a time. After a start all are put in once more: the archive may be another one, or an older copy.
    """
    if not center.entries_looked_at:
        with center.database.writing() as session:
            again = update(Entry).where(Entry.state.in_(_WITHOUT_RECEIPT), Entry.kind == "segment", Entry.entry_kept)
            session.execute(again.values(entry_kept=False))
        center.entries_looked_at = True
    query = select(Entry.sha256).where(
        Entry.kind == "segment", Entry.state.in_(_WITHOUT_RECEIPT), Entry.entry_kept.is_(False), due(center.now_ns())
    )
    while True:
        with center.database.reading() as session:
            page = session.scalars(query.order_by(Entry.received_wall_ns, Entry.number).limit(limit)).all()
        for sha256 in page:
            try:
                _keep_entry(center, sha256)
            except Exception as error:
                if archive_down(error):
                    raise
                put_off(center, sha256, error)
        _remember_kept(center, page)
        if len(page) < limit:
            return


def _remember_kept(center: Center, page: Sequence[str]) -> None:
    """Those that were put off stand aside for their hour."""
    if page:
        with center.database.writing() as session:
            session.execute(update(Entry).where(Entry.sha256.in_(page), due(center.now_ns())).values(entry_kept=True))


def _keep_entry(center: Center, sha256: str) -> None:
    with center.database.reading() as session:
        entry = session.get_one(Entry, sha256)
        chain_key = session.get_one(Device, entry.device_id).chain_key
        until = retain_until(session, entry, center.settings, center.now_ns())
    _stored_entry(center, entry, open_entry(entry.jws, PublicKey.from_text(chain_key)), until)


def _checked_bytes(center: Center, entry: Entry, held_sha256: str | None) -> StoredObject:
    stored = center.store.stat(entry.object_key)
    if stored is None and held_sha256 not in (None, entry.sealed_sha256):
        _refuse(center, entry)  # the file was altered in the room: what was signed will never come
        raise _bytes_differ()
    if stored is None:
        raise CenterError(
            "not-there",
            "归档中还没有这一片段，请重新上传。",
            "The archive does not have it yet; upload it.",
            status=409,
        )
    if read_back(center.store, stored) != (entry.sealed_sha256, entry.sealed_size):
        _refuse(center, entry)
        raise _bytes_differ()
    return stored


def _stored_entry(center: Center, entry: Entry, manifest: AnyManifest, until: int) -> StoredObject:
    """For a gap or a note the JWS itself is what is kept."""
    stored, standing = keep(center.store, manifest_key(manifest), entry.jws.encode(), until)
    if standing != entry.jws.encode():
        _refuse(center, entry)
        raise _bytes_differ()
    return stored


def _kept_receipt(center: Center, entry: Entry, manifest: AnyManifest, stored: StoredObject, until: int) -> str:
    if entry.kind == "segment":
        _stored_entry(center, entry, manifest, until)
    jws = entry.jws.encode()
    receipt = Receipt(
        manifest_sha256=entry.sha256,
        object_key=stored.key,
        version_id=stored.version_id,
        sealed_sha256=entry.sealed_sha256 or entry.sha256,
        size=entry.sealed_size or len(jws),
        received_wall_ns=center.now_ns(),
        store=center.store.kind,
    )
    signed = sign_receipt(receipt, center.keys.signing)
    standing = keep(center.store, receipt_key(manifest), signed.encode(), until)[1].decode("ascii", "replace")
    if standing != signed:
        _check_standing(center, standing, entry.sha256)
    return standing


def _check_standing(center: Center, standing: str, manifest_sha256: str) -> None:
    """What stands in the receipt's place must be this centre's own receipt for this entry."""
    try:
        fits = open_receipt(standing, center.keys.signing.public).manifest_sha256 == manifest_sha256
    except StorageError:
        fits = False
    if not fits:
        raise CenterError(
            "foreign-receipt",
            "归档中回执的位置已有其他内容，请管理员检查归档存储。",
            "Something else stands in the receipt's place in the archive; have the archive checked.",
            status=409,
        )


def _record(
    center: Center, entry: Entry, manifest: AnyManifest, receipt: str, stored: StoredObject, until: int
) -> None:
    now_ns = center.now_ns()
    with center.database.writing() as session:
        row = session.get_one(Entry, entry.sha256)
        if row.receipt is None:
            row.receipt = receipt
            row.state = "receipted"
            row.version_id = stored.version_id
            row.retain_until_wall_ns = until
            row.receipted_wall_ns = now_ns
            if isinstance(manifest, SegmentManifest):
                settle_replaced(session, manifest, row.sha256, now_ns)
        device = session.get_one(Device, entry.device_id)
        device.last_proved_wall_ns = max(device.last_proved_wall_ns or 0, now_ns)


def _refuse(center: Center, entry: Entry) -> None:
    now_ns = center.now_ns()
    with center.database.writing() as session:
        row = session.get_one(Entry, entry.sha256)
        row.state, row.refused_code = "refused", "bytes-differ"
        detail = f"bytes-differ {entry.sha256[:16]}"
        raise_alarm(session, now_ns, "bytes-differ", room_id=entry.room_id, device_id=entry.device_id, detail=detail)


def _bytes_differ() -> CenterError:
    return CenterError(
        "bytes-differ",
        "录像内容与签名清单不符，已单独记录并报警；其余录像继续上传。",
        "The bytes are not those that the manifest names; it was set aside with an alarm, the others go on.",
        status=409,
    )
