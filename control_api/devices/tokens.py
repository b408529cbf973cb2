"""How a device proves itself: a challenge for one use, a token for ten minutes. Only digests are kept.

A challenge carries its own end and a MAC, and nothing is written down until a device has answered it: whoever asks
for many takes nothing from anybody.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass

from sqlalchemy import delete
from sqlalchemy.orm import Session

from control_api.database import Device, DeviceChallenge, DeviceToken
from control_api.errors import CenterError
from storage.signing import PublicKey, SigningError, decode_base64url, encode_base64url

CHALLENGE_NS = 60 * 10**9
TOKEN_S = 600
NONCE_BYTES = 16
# A replaced PC may come back with what it had not sent: guards say what else it may not do.
KNOWN_STATES = ("pending", "active", "replaced")
SIGNED_PREFIX = b"shilu-transport-1\n"


@dataclass(frozen=True, slots=True)
class KnownDevice:
    """The device behind a call, as its services see it."""

    id: str
    room_id: str
    state: str
    chain_key: str


def make_challenge(key: bytes, device_id: str, now_ns: int) -> str:
    """Text to sign. An unknown device gets one too, which nothing will ever fit: an answer tells nobody who exists."""
    stem = secrets.token_bytes(NONCE_BYTES) + (now_ns + CHALLENGE_NS).to_bytes(8)
    return encode_base64url(stem + _mac(key, device_id, stem))


def give_token(session: Session, key: bytes, device_id: str, challenge: str, signature: str, now_ns: int) -> str:
    """Raises CenterError `not-proved`, `revoked`."""
    expires_ns = _end_of(key, device_id, challenge)
    device = session.get(Device, device_id)
    if device is None or expires_ns <= now_ns or not _signed(device, challenge, signature):
        raise _not_proved()
    session.execute(delete(DeviceChallenge).where(DeviceChallenge.expires_wall_ns <= now_ns))
    if session.get(DeviceChallenge, _digest(challenge)) is not None:
        raise _not_proved()
    if device.state not in KNOWN_STATES:
        raise revoked()
    used = DeviceChallenge(challenge_sha256=_digest(challenge), device_id=device_id, expires_wall_ns=expires_ns)
    session.execute(delete(DeviceToken).where(DeviceToken.expires_wall_ns <= now_ns))
    token = secrets.token_urlsafe(32)
    ends_ns = now_ns + TOKEN_S * 10**9
    session.add_all((used, DeviceToken(token_sha256=_digest(token), device_id=device_id, expires_wall_ns=ends_ns)))
    device.last_seen_wall_ns = now_ns
    return token


def find_device(session: Session, token: str, now_ns: int) -> KnownDevice:
    """Raises CenterError `bad-token` (401: get another) or `revoked` (403: give up)."""
    row = session.get(DeviceToken, _digest(token))
    if row is None or row.expires_wall_ns <= now_ns:
        raise CenterError("bad-token", "令牌无效或已过期。", "The token is unknown or has expired.", status=401)
    device = session.get_one(Device, row.device_id)
    if device.state not in KNOWN_STATES:
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


def replaced() -> CenterError:
    return CenterError(
        "replaced",
        "这台设备已被更换：更换前的录像仍会补传，之后的不再接收；要继续使用，请清空其数据目录后重新登记。",
        "This device was replaced: what it recorded before is still taken, nothing later; empty its data directory and"
        " enrol it again to go on using it.",
        status=403,
    )


def _end_of(key: bytes, device_id: str, challenge: str) -> int:
    """When this challenge ends; 0 for what this centre never gave to this device."""
    try:
        raw = decode_base64url(challenge)
    except SigningError:
        return 0
    stem, mac = raw[: NONCE_BYTES + 8], raw[NONCE_BYTES + 8 :]
    return int.from_bytes(stem[NONCE_BYTES:]) if hmac.compare_digest(mac, _mac(key, device_id, stem)) else 0


def _mac(key: bytes, device_id: str, stem: bytes) -> bytes:
    return hmac.new(key, stem + device_id.encode(), hashlib.sha256).digest()


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
