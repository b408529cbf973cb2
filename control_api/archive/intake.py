"""Lets a device's entries into its chain, in order, one transaction a batch. The rules stand in `admission`.

A refused entry is set aside with an alarm, and the next one is looked at. Bytes are not looked at here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from control_api.archive.admission import Place, admit, is_hole
from control_api.archive.alarms import clear_alarm, raise_alarm
from control_api.archive.corrections import date_entry, take_correction
from control_api.archive.retention import clock_plausible, kept_from
from control_api.archive.settling import settle_expired
from control_api.database import Alarm, Device, Entry, RefusedEntry
from control_api.database.engine import Database
from control_api.devices.tokens import KnownDevice
from control_api.errors import CenterError
from control_api.sessions.derive import apply_note
from control_api.sessions.missed import apply_missed
from storage.chain import AlreadyKnown, AnyManifest, ChainError, open_entry
from storage.errors import StorageError
from storage.layout import manifest_key, sealed_key
from storage.manifest import GapManifest, NoteManifest, SegmentManifest, moments
from storage.signing import PublicKey, jws_sha256, peek_json

MAX_ENTRIES = 100
# How long entries behind a hole are sent back, until it is sure that the ones before them will not come.
HOLE_PATIENCE_NS = 120 * 10**9
# A room's clock may be wrong, but what it signs must leave room to count on: beyond 2255 nothing can be stored.
LATEST_WALL_NS = 9 * 10**18
# Refused entries kept per device: this many whole, of further ones what names them, then only the alarm.
MOST_WHOLE, MOST_NAMED = 1000, 100_000
MAX_KEPT_CHARACTERS = 64 * 1024
# Refusals that may turn into acceptance when what was missing has come.
LOOKED_AT_AGAIN = ("chain-broken", "chain-hole")


@dataclass(frozen=True, slots=True)
class Verdict:
    """`status`: accepted, known or refused (then with `code` and `reason`)."""

    sha256: str
    status: Literal["accepted", "known", "refused"]
    code: str | None = None
    reason: str | None = None


def take_manifests(database: Database, known: KnownDevice, batch: Sequence[str], now_ns: int) -> list[Verdict]:
    """One verdict per entry, in order. Raises CenterError `chain-hole` when the batch should be sent again later."""
    with database.writing() as session:
        device = session.get_one(Device, known.id, with_for_update=True)
        verdicts = _take(session, device, batch, now_ns)
    if verdicts is None:
        raise CenterError(
            "chain-hole",
            "缺少前面的条目，请从中心已有的位置起重新发送。",
            "Entries before these are missing here; send again from the head that the configuration names.",
            status=409,
        )
    return verdicts


def _take(session: Session, device: Device, batch: Sequence[str], now_ns: int) -> list[Verdict] | None:
    verdicts: list[Verdict] = []
    for jws in batch:
        sha256 = jws_sha256(jws)
        try:
            manifest = _opened(jws, device)
            behind_refused = _admit(session, device, manifest, sha256)
        except AlreadyKnown:
            verdicts.append(Verdict(sha256, "known"))
        except StorageError as error:
            if not verdicts and is_hole(error) and _may_still_come(session, device, sha256, now_ns):
                return None
            verdicts.append(_set_aside(session, device, jws, sha256, error, now_ns))
        else:
            _accept(session, device, manifest, jws, sha256, behind_refused, now_ns)
            verdicts.append(Verdict(sha256, "accepted"))
        session.flush()
    return verdicts


def _opened(jws: str, device: Device) -> AnyManifest:
    manifest = open_entry(jws, PublicKey.from_text(device.chain_key))
    if (manifest.device, manifest.room) != (device.id, device.room_id):
        raise ChainError("wrong-device", "条目属于另一台设备或房间。", "The entry names another device or room.")
    if device.ended_wall_ns is not None and manifest.made.wall_ns > device.ended_wall_ns:
        raise ChainError(
            "after-replacement", "主机更换后所录，不再接收。", "It was made after the device was replaced."
        )
    if max(moment.wall_ns for moment in moments(manifest)) > LATEST_WALL_NS:
        raise ChainError("bad-time", "条目的时间超出可记录的范围。", "The entry's time is beyond what can be kept.")
    return manifest


def _admit(session: Session, device: Device, manifest: AnyManifest, sha256: str) -> bool:
    number = manifest.number
    standing = session.scalar(select(Entry.sha256).where(Entry.device_id == device.id, Entry.number == number))
    before = session.scalar(select(Entry.sha256).where(Entry.device_id == device.id, Entry.number == number - 1))
    refused = session.scalars(
        select(RefusedEntry).where(
            RefusedEntry.device_id == device.id,
            RefusedEntry.claimed_number == number - 1,
            RefusedEntry.accepted_later_wall_ns.is_(None),
        )
    ).all()
    place = Place(
        standing,
        before,
        frozenset(row.sha256 for row in refused),
        any(row.code not in (*LOOKED_AT_AGAIN, "second-head") for row in refused),
    )
    return admit(manifest, sha256, place)


def _accept(
    session: Session,
    device: Device,
    manifest: AnyManifest,
    jws: str,
    sha256: str,
    behind_refused: bool,
    now_ns: int,
) -> None:
    entry = _entry(manifest, jws, sha256, behind_refused, now_ns)
    entry.kept_from_wall_ns = kept_from(manifest, device.enrolled_wall_ns, now_ns)
    session.add(entry)
    if not clock_plausible(manifest, device.enrolled_wall_ns, now_ns):
        raise_alarm(session, now_ns, "clock-implausible", room_id=device.room_id, device_id=device.id)
    if manifest.number > device.head_number:
        device.head_number = manifest.number
        device.head_sha256 = sha256
    device.last_seen_wall_ns = now_ns
    clear_alarm(session, now_ns, "chain-hole", room_id=device.room_id, device_id=device.id)
    before = _refused_row(session, device, sha256)
    if before is not None:
        before.accepted_later_wall_ns = now_ns
    session.flush()
    _follow(session, device, entry, manifest, now_ns)


def _follow(session: Session, device: Device, entry: Entry, manifest: AnyManifest, now_ns: int) -> None:
    """What an accepted entry says of others: sessions, missed ones, times, footage that is no longer awaited."""
    if isinstance(manifest, NoteManifest):
        apply_note(session, manifest, now_ns)
        apply_missed(session, manifest, entry.sha256)
        take_correction(session, device, manifest, entry.sha256, now_ns)
    elif isinstance(manifest, GapManifest):
        settle_expired(session, manifest, entry.sha256, now_ns)
    date_entry(session, device, entry, manifest, now_ns)


def _entry(manifest: AnyManifest, jws: str, sha256: str, behind_refused: bool, now_ns: int) -> Entry:
    entry = Entry(
        sha256=sha256,
        device_id=manifest.device,
        room_id=manifest.room,
        number=manifest.number,
        previous=manifest.previous,
        behind_refused=behind_refused,
        kind=manifest.kind,
        detail="",
        track="all",
        jws=jws,
        start_wall_ns=manifest.made.wall_ns,
        end_wall_ns=manifest.made.wall_ns,
        session_id=manifest.session,
        object_key=manifest_key(manifest),
        state="waiting",
        received_wall_ns=now_ns,
    )
    if isinstance(manifest, SegmentManifest | GapManifest):
        entry.start_wall_ns = min(manifest.start.wall_ns, manifest.end.wall_ns)
        entry.end_wall_ns = max(manifest.start.wall_ns, manifest.end.wall_ns)
        entry.run = manifest.run
    if isinstance(manifest, SegmentManifest):
        entry.detail = "recovered" if manifest.recovered else ""
        entry.sequence = manifest.sequence
        entry.tag_sha256 = manifest.tag_sha256
        entry.sealed_sha256 = manifest.sealed.sha256
        entry.sealed_size = manifest.sealed.size
        entry.object_key = sealed_key(manifest)
    elif isinstance(manifest, GapManifest):
        entry.detail, entry.track = manifest.cause, manifest.track
    else:
        entry.detail, entry.tag_sha256 = manifest.note, manifest.tag_sha256
    return entry


def _set_aside(session: Session, device: Device, jws: str, sha256: str, error: StorageError, now_ns: int) -> Verdict:
    verdict = Verdict(sha256, "refused", error.code, error.message)
    if _refused_row(session, device, sha256) is not None:
        return verdict  # C5: the alarm was raised the first time
    _keep_refused(session, device, jws, sha256, error, now_ns)
    raise_alarm(
        session,
        now_ns,
        "entry-refused",
        room_id=device.room_id,
        device_id=device.id,
        detail=f"{error.code} {sha256[:16]}",
    )
    return verdict


def _keep_refused(session: Session, device: Device, jws: str, sha256: str, error: StorageError, now_ns: int) -> None:
    """As it came, within bounds: who holds a device must not fill the database."""
    kept = session.scalar(select(func.count()).where(RefusedEntry.device_id == device.id)) or 0
    if kept >= MOST_WHOLE:
        raise_alarm(session, now_ns, "refused-many", room_id=device.room_id, device_id=device.id, detail=str(kept))
    if kept >= MOST_NAMED:
        return
    session.add(
        RefusedEntry(
            device_id=device.id,
            sha256=sha256,
            claimed_number=_claimed_number(jws),
            code=error.code[:40],
            reason=error.message[:400],
            jws=jws[:MAX_KEPT_CHARACTERS] if kept < MOST_WHOLE else "",
            received_wall_ns=now_ns,
        )
    )


def _refused_row(session: Session, device: Device, sha256: str) -> RefusedEntry | None:
    return session.scalar(
        select(RefusedEntry).where(RefusedEntry.device_id == device.id, RefusedEntry.sha256 == sha256)
    )


def _may_still_come(session: Session, device: Device, sha256: str, now_ns: int) -> bool:
    if _refused_row(session, device, sha256) is not None:
        return False
    since = session.scalar(
        select(Alarm.raised_wall_ns).where(
            Alarm.code == "chain-hole", Alarm.device_id == device.id, Alarm.cleared_wall_ns.is_(None)
        )
    )
    if since is None:
        raise_alarm(session, now_ns, "chain-hole", room_id=device.room_id, device_id=device.id)
    return since is None or now_ns - since < HOLE_PATIENCE_NS


def _claimed_number(jws: str) -> int | None:
    """What a refused entry says of itself, where that can be read at all."""
    try:
        number = peek_json(jws).get("number")
    except StorageError:
        return None
    return number if type(number) is int and 0 < number < 2**53 else None
