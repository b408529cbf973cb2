"""The shapes of the centre's answers. What doesn't fit is nonsense, whatever its HTTP status; more fields are fine."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from storage.manifest import Digest, Identifier

LONGEST_JWS = 1_000_000


class Answer(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Enrolled(Answer):
    device: Identifier
    room: Identifier
    centre_key: str = Field(min_length=43, max_length=44)


class Challenge(Answer):
    challenge: str = Field(min_length=16, max_length=512)


class Token(Answer):
    token: str = Field(min_length=16, max_length=4096)
    expires_in_s: float = Field(gt=0)
    server_wall_ns: int = Field(ge=0)

    @field_validator("token")
    @classmethod
    def _fits_a_header(cls, value: str) -> str:
        if not (value.isascii() and value.isprintable()) or " " in value:
            raise ValueError("a token has no blanks and no control characters")
        return value


class OfficerEntry(Answer):
    id: Identifier
    number: str = Field(min_length=1, max_length=32)
    name: str = Field(max_length=60)
    pin_verifier: str = Field(pattern=r"^\$argon2id\$", max_length=512)
    locked: bool = False


class Head(Answer):
    number: int = Field(ge=0)
    sha256: Digest | None = None


class ConfigurationAnswer(Answer):
    state: Literal["pending", "active"]
    configuration: str | None = Field(None, max_length=LONGEST_JWS)
    sealing: str | None = Field(None, max_length=LONGEST_JWS)
    officers: list[dict[str, Any]] = Field(default_factory=list, max_length=2000)
    case_pattern: str = Field("", max_length=500)
    unit_name: str = Field("", max_length=200)
    room_name: str = Field("", max_length=200)
    heads: Head | None = None

    def usable_officers(self) -> list[OfficerEntry]:
        """One wrong entry must not keep a room's configuration from it."""
        usable = []
        for entry in self.officers:
            try:
                usable.append(OfficerEntry.model_validate(entry))
            except ValidationError:
                continue
        return usable


class ManifestResult(Answer):
    sha256: Digest
    status: Literal["accepted", "known", "refused"]
    code: str | None = Field(None, max_length=100)
    reason: str | None = Field(None, max_length=1000)


class ManifestResults(Answer):
    results: list[ManifestResult] = Field(max_length=100)


class Grant(Answer):
    """Either a place to put the bytes or, when the centre has them, `already` with the receipt."""

    url: str | None = Field(None, max_length=8192)
    headers: dict[str, str] = Field(default_factory=dict)
    already: bool | str | None = None
    receipt: str | None = Field(None, max_length=LONGEST_JWS)

    def receipt_given(self) -> str | None:
        return self.receipt or (self.already if isinstance(self.already, str) else None)


class Uploaded(Answer):
    receipt: str = Field(min_length=1, max_length=LONGEST_JWS)


class Stored(Answer):
    stored: Literal[True]


class ErrorBody(Answer):
    code: str = Field(pattern=r"^[a-z0-9-]{1,64}$")
    message: str = Field("", max_length=1000)
    message_en: str = Field("", max_length=1000)


class ErrorAnswer(Answer):
    error: ErrorBody
