"""A public key as it lies in the archive and in packages: JSON, for people and for `shilu-verify`. No secrets."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from storage.errors import StorageError
from storage.layout import key_record_key
from storage.manifest import Identifier, Nanoseconds
from storage.signing import PublicKey, SigningKey, open_json, sign_json

KEY_TYP = "shilu-key+jws"


class KeyRecord(BaseModel):
    """`owner` device: signs one device's chain; centre: signs receipts, configurations and lists of recipients."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    format: Literal["shilu-key-1"] = "shilu-key-1"
    algorithm: Literal["Ed25519"] = "Ed25519"
    owner: Literal["device", "centre"]
    device: Identifier | None = None
    room: Identifier | None = None
    public_key: str = Field(description="32 bytes, base64url")
    fingerprint: str = ""
    since_wall_ns: Nanoseconds = 0
    signed: str = Field("", description="JWS by the centre over all other fields; what stands in the archive has it")

    @field_validator("public_key")
    @classmethod
    def _readable(cls, value: str) -> str:
        try:
            return PublicKey.from_text(value).text
        except StorageError as error:
            raise ValueError(error.message_en) from error

    @property
    def key(self) -> PublicKey:
        return PublicKey.from_text(self.public_key)

    def signed_by(self, centre: SigningKey) -> KeyRecord:
        return self.model_copy(update={"signed": sign_json(self._said(), centre, KEY_TYP)})

    def is_signed(self, centres: Iterable[PublicKey]) -> bool:
        """Whether one of `centres` vouches for this key."""
        return any(self._fits(centre) for centre in centres)

    def _fits(self, centre: PublicKey) -> bool:
        try:
            return open_json(self.signed, centre, KEY_TYP) == self._said()
        except StorageError:
            return False

    def _said(self) -> dict[str, Any]:
        return self.model_dump(mode="json", exclude={"signed"})

    @property
    def object_key(self) -> str:
        """Where it stands in the archive."""
        return key_record_key(self.device or "centre", self.key.kid)


def device_key_record(key: PublicKey, device: str, room: str, since_wall_ns: int) -> KeyRecord:
    return KeyRecord(
        owner="device",
        device=device,
        room=room,
        public_key=key.text,
        fingerprint=key.fingerprint,
        since_wall_ns=since_wall_ns,
    )


def centre_key_record(key: PublicKey, since_wall_ns: int) -> KeyRecord:
    return KeyRecord(owner="centre", public_key=key.text, fingerprint=key.fingerprint, since_wall_ns=since_wall_ns)
