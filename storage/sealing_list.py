"""Whom footage is sealed to: a list of age recipients, signed by the centre. Opens nothing."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from storage.errors import StorageError
from storage.sealing import check_recipient
from storage.signing import SEALING_TYP, PublicKey, SigningKey, open_json, sign_json


class BadSealingList(StorageError):
    """Signed, but not a list that can be sealed to (`no-recipients`, `bad-sealing-list`)."""


class Recipient(BaseModel):
    """`name` tells people which key it is, such as `archive` or `recovery`."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str = Field(min_length=1, max_length=60)
    recipient: str

    @field_validator("recipient")
    @classmethod
    def _usable(cls, value: str) -> str:
        try:
            return check_recipient(value)
        except StorageError as error:
            raise ValueError(error.message_en) from error


class SealingList(BaseModel):
    """One version of the list. A room takes no version older than the one it has."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    format: Literal["shilu-sealing-1"] = "shilu-sealing-1"
    algorithm: Literal["age-x25519"] = "age-x25519"
    version: int = Field(ge=1)
    recipients: list[Recipient] = Field(max_length=16)

    @property
    def texts(self) -> list[str]:
        """The recipients as `sealing` takes them."""
        return [entry.recipient for entry in self.recipients]


def sign_sealing_list(sealing_list: SealingList, key: SigningKey) -> str:
    return sign_json(sealing_list.model_dump(mode="json"), key, SEALING_TYP)


def open_sealing_list(jws: str, key: PublicKey) -> SealingList:
    """Raises SigningError or BadSealingList; an empty list is refused, since footage sealed to nobody is lost."""
    payload = open_json(jws, key, SEALING_TYP)
    try:
        sealing_list = SealingList.model_validate(payload)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise BadSealingList(
            "bad-sealing-list",
            f"加密名单格式有误（{place}）。",
            f"The sealing list is wrong at {place}: {first['msg']}.",
        ) from error
    if not sealing_list.recipients:
        raise BadSealingList(
            "no-recipients", "加密名单为空，不能录制。", "The sealing list is empty; nothing is recorded."
        )
    return sealing_list
