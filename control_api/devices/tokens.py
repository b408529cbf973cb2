"""How a device proves itself: a challenge for one use, a token for ten minutes. Only digests are kept."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from control_api.database import Device, DeviceChallenge, DeviceToken
from control_api.errors import CenterError
from storage.signing import PublicKey, SigningError, decode_base64url

CHALLENGE_NS = 60 * 10**9
TOKEN_S = 600
OPEN_CHALLENGES = 16
SIGNED_PREFIX = b"shilu-transport-1\n"


@dataclass(frozen=True, slots=True)
class KnownDevice:
    """The device behind a call, as its services see it."""

    id: str
    room_id: str
    state: str
    chain_key: str


def make_challenge(session: Session, device_id: str, now_ns: int) -> str:
    """Text to sign. An unknown device gets one too, which nothing will ever fit: an answer tells nobody who exists."""
    challenge = secrets.token_urlsafe(32)
    session.execute(delete(DeviceChallenge).where(DeviceChallenge.expires_wall_ns <= now_ns))
    if session.get(Device, device_id) is None:
        return challenge
    waiting = session.scalar(select(func.count()).where(DeviceChallenge.device_id == device_id)) or 0
    if waiting >= OPEN_CHALLENGES:
        raise CenterError("too-many-challenges", "请求过于频繁，请稍后再试。", "Too many at once; wait.", status=429)
    session.add(
        DeviceChallenge(challenge_sha256=_digest(challenge), device_id=device_id, expires_wall_ns=now_ns + CHALLENGE_NS)
    )
    return challenge


def give_token(session: Session, device_id: str, challenge: str, signature: str, now_ns: int) -> str | CenterError:
    """A token, or the refusal to raise once the challenge's use is committed."""
    row = session.get(DeviceChallenge, _digest(challenge))
    if row is None or row.device_id != device_id:
        return _not_proved()
    session.delete(row)
    device = session.get_one(Device, device_id)
    if row.expires_wall_ns <= now_ns or not _signed(device, challenge, signature):
        return _not_proved()
    if device.state not in ("pending", "active"):
        return revoked()
    session.execute(delete(DeviceToken).where(DeviceToken.expires_wall_ns <= now_ns))
    token = secrets.token_urlsafe(32)
    session.add(DeviceToken(token_sha256=_digest(token), device_id=device_id, expires_wall_ns=now_ns + TOKEN_S * 10**9))
    device.last_seen_wall_ns = now_ns
    return token


def find_device(session: Session, token: str, now_ns: int) -> KnownDevice:
    """Raises CenterError `bad-token` (401: get another) or `revoked` (403: give up)."""
    row = session.get(DeviceToken, _digest(token))
    if row is None or row.expires_wall_ns <= now_ns:
        raise CenterError("bad-token", "令牌无效或已过期。", "The token is unknown or has expired.", status=401)
    device = session.get_one(Device, row.device_id)
    if device.state not in ("pending", "active"):
        raise revoked()
    return KnownDevice(device.id, device.room_id, device.state, device.chain_key)


def end_tokens(session: Session, device_id: str) -> None:
    session.execute(delete(DeviceToken).where(DeviceToken.device_id == device_id))
    session.execute(delete(DeviceChallenge).where(DeviceChallenge.device_id == device_id))


def revoked() -> CenterError:
    return CenterError(
        "revoked",
        "这台设备已被县中心停用；本机录像保留，请联系管理员。",
        "The centre has revoked this device; its recordings stay on it. Ask the administrator.",
        status=403,
    )


def _signed(device: Device, challenge: str, signature: str) -> bool:
    try:
        key = PublicKey.from_text(device.transport_key)
        key.verify_raw(decode_base64url(signature), SIGNED_PREFIX + challenge.encode())
    except SigningError:
        return False
    return True


def _not_proved() -> CenterError:
    return CenterError(
        "not-proved", "设备未能证明身份。", "The device did not prove who it is; ask for a new challenge.", status=401
    )


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
