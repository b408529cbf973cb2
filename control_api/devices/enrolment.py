"""Enrolment: codes handed out for a room, used once, and sources that guess slowed down and locked.

A wrong code is counted in its own transaction before the refusal goes out, so that a refusal can't undo the count.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from control_api.accounts.actor import Actor
from control_api.accounts.permissions import Permission
from control_api.archive.alarms import raise_alarm
from control_api.database import Device, EnrolmentAttempt, EnrolmentCode, Room, new_id
from control_api.database.engine import Database
from control_api.devices.codes import (
    FORGET_NS,
    LOCK_FAILURES,
    code_digest,
    code_text,
    read_code,
    wait_s,
)
from control_api.errors import CenterError, NotFound
from storage.enrolment_code import SECRET_BYTES, proved_text
from storage.signing import BadKey, BadSignature, PublicKey, SigningError, decode_base64url

HOUR_NS = 3600 * 10**9


@dataclass(frozen=True, slots=True)
class EnrolmentRequest:
    """What a room sends. Keys in base64url; proofs are signatures by each key (`proved_text`)."""

    code: str
    chain_key: str
    transport_key: str
    chain_proof: str
    transport_proof: str
    version: str


def make_code(
    session: Session, actor: Actor, now_ns: int, room_id: str, *, hours: int, centre_key: PublicKey
) -> tuple[str, EnrolmentCode]:
    """A new code for a room: its text, shown this once, and its row. Raises NotFound."""
    actor.check(Permission.MANAGE_DEVICES)
    room = session.get(Room, room_id)
    if room is None or room.disabled_wall_ns is not None:
        raise NotFound
    secret = secrets.token_bytes(SECRET_BYTES)
    row = EnrolmentCode(
        id=new_id(),
        code_sha256=code_digest(secret),
        room_id=room_id,
        made_wall_ns=now_ns,
        made_by=actor.account_id,
        expires_wall_ns=now_ns + hours * HOUR_NS,
    )
    session.add(row)
    session.flush()
    return code_text(secret, centre_key), row


def open_codes(session: Session, now_ns: int, room_id: str | None = None) -> list[EnrolmentCode]:
    """Codes that could still be used."""
    query = select(EnrolmentCode).where(
        EnrolmentCode.used_wall_ns.is_(None),
        EnrolmentCode.withdrawn_wall_ns.is_(None),
        EnrolmentCode.expires_wall_ns > now_ns,
    )
    if room_id is not None:
        query = query.where(EnrolmentCode.room_id == room_id)
    return list(session.scalars(query.order_by(EnrolmentCode.made_wall_ns)))


def withdraw_code(session: Session, actor: Actor, now_ns: int, code_id: str) -> None:
    actor.check(Permission.MANAGE_DEVICES)
    row = session.get(EnrolmentCode, code_id)
    if row is None:
        raise NotFound
    row.withdrawn_wall_ns = row.withdrawn_wall_ns or now_ns


def enrol(database: Database, request: EnrolmentRequest, source: str, centre_key: PublicKey, now_ns: int) -> Device:
    """A pending device. Raises CenterError: code-unknown, code-used, code-expired, bad-proof, key-known, locked."""
    with database.writing() as session:
        wait = _blocked_s(session, source, now_ns)
        outcome = _locked(wait) if wait else _try(session, request, centre_key, now_ns)
        if isinstance(outcome, CenterError) and not wait:
            _count(session, source, now_ns)
        elif isinstance(outcome, Device):
            session.execute(delete(EnrolmentAttempt).where(EnrolmentAttempt.source == source))
    if isinstance(outcome, CenterError):
        raise outcome
    return outcome


def _try(session: Session, request: EnrolmentRequest, centre_key: PublicKey, now_ns: int) -> Device | CenterError:
    secret = read_code(request.code, centre_key)
    code = secret and session.scalar(select(EnrolmentCode).where(EnrolmentCode.code_sha256 == code_digest(secret)))
    if not secret or not code or code.withdrawn_wall_ns is not None:
        return _refusal("code-unknown")
    if code.used_wall_ns is not None:
        return _refusal("code-used")
    if code.expires_wall_ns <= now_ns:
        return _refusal("code-expired")
    proved = proved_text(secret, request.transport_key)
    chain_key = _proved_key(request.chain_key, request.chain_proof, proved)
    transport_key = _proved_key(request.transport_key, request.transport_proof, proved)
    if chain_key is None or transport_key is None or chain_key == transport_key:
        return _refusal("bad-proof")
    device = _device_for(session, code, chain_key, transport_key, now_ns)
    if device is None:
        return _refusal("key-known")
    device.version = request.version[:40]
    code.used_wall_ns = now_ns
    code.used_by_device = device.id
    return device


def _device_for(
    session: Session, code: EnrolmentCode, chain_key: PublicKey, transport_key: PublicKey, now_ns: int
) -> Device | None:
    """A new pending device, or the same one whose earlier answer was lost on the way; None when a key is taken."""
    taken = session.scalars(
        select(Device).where((Device.chain_key == chain_key.text) | (Device.transport_key == transport_key.text))
    ).all()
    for device in taken:
        same = device.chain_key == chain_key.text and device.transport_key == transport_key.text
        return device if same and device.state == "pending" and device.room_id == code.room_id else None
    device = Device(
        id=new_id(),
        room_id=code.room_id,
        name=f"设备 {chain_key.fingerprint[:4]}",
        state="pending",
        chain_key=chain_key.text,
        transport_key=transport_key.text,
        fingerprint=chain_key.fingerprint,
        enrolled_wall_ns=now_ns,
        head_number=0,
    )
    session.add(device)
    session.flush()
    return device


def _proved_key(text: str, proof: str, proved: bytes) -> PublicKey | None:
    try:
        key = PublicKey.from_text(text)
        key.verify_raw(decode_base64url(proof), proved)
    except (BadKey, BadSignature, SigningError):
        return None
    return key


def _blocked_s(session: Session, source: str, now_ns: int) -> int:
    attempt = session.get(EnrolmentAttempt, source)
    until = 0 if attempt is None else attempt.blocked_until_wall_ns or 0
    return max(0, -(-(until - now_ns) // 10**9))


def _count(session: Session, source: str, now_ns: int) -> None:
    session.execute(delete(EnrolmentAttempt).where(EnrolmentAttempt.last_wall_ns < now_ns - FORGET_NS))
    attempt = session.get(EnrolmentAttempt, source)
    if attempt is None:
        attempt = EnrolmentAttempt(source=source, failed_count=0, first_wall_ns=now_ns, last_wall_ns=now_ns)
        session.add(attempt)
    attempt.failed_count += 1
    attempt.last_wall_ns = now_ns
    wait = wait_s(attempt.failed_count)
    attempt.blocked_until_wall_ns = now_ns + wait * 10**9 if wait else None
    if attempt.failed_count >= LOCK_FAILURES:
        raise_alarm(session, now_ns, "enrolment-locked", detail=f"source {source}")


def _locked(seconds: int) -> CenterError:
    return CenterError(
        "locked",
        f"登记码多次输错，此来源已被限制，请在 {seconds} 秒后再试，并向管理员核对登记码。",
        f"Too many wrong enrolment codes from here: wait {seconds} s, and compare the code with the administrator's.",
        status=429,
        retry_after_s=seconds,
    )


_REFUSALS = {
    "code-unknown": ("登记码不正确，请对照县中心给出的登记码检查。", "This is no enrolment code of this centre.", 403),
    "code-used": ("登记码已被使用过，请向县中心索取新的登记码。", "This code was used already; ask for another.", 403),
    "code-expired": ("登记码已过期，请向县中心索取新的登记码。", "This code has expired; ask for another.", 403),
    "bad-proof": ("设备没有证明它持有所登记的密钥。", "The device did not prove that it holds its keys.", 403),
    "key-known": (
        "这台设备的密钥已登记过；如设备已停用，请清空其数据目录后重新登记。",
        "These keys are enrolled already; empty a retired device's data directory before enrolling it again.",
        409,
    ),
}


def _refusal(code: str) -> CenterError:
    message, message_en, status = _REFUSALS[code]
    return CenterError(code, message, message_en, status=status, field="code")
