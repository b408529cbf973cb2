"""The centre's receipt: it has checked an entry and, for a segment, read back its stored bytes."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from storage.errors import StorageError
from storage.manifest import Digest, Nanoseconds
from storage.signing import RECEIPT_TYP, PublicKey, SigningKey, open_json, sign_json

StoreKind = Literal["s3-object-lock", "s3-not-worm", "local-not-worm"]


class BadReceipt(StorageError):
    """Signed, but not a receipt of a known format."""


class Receipt(BaseModel):
    """`sealed_sha256` and `size` are those of the bytes read back; for a gap or a note, of the stored JWS."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    format: Literal["shilu-receipt-1"] = "shilu-receipt-1"
    hash_algorithm: Literal["sha-256"] = "sha-256"
    manifest_sha256: Digest
    object_key: str = Field(min_length=1, max_length=300)
    version_id: str = Field(min_length=1, max_length=200)
    sealed_sha256: Digest
    size: int = Field(gt=0)
    received_wall_ns: Nanoseconds
    store: StoreKind


def sign_receipt(receipt: Receipt, key: SigningKey) -> str:
    return sign_json(receipt.model_dump(mode="json"), key, RECEIPT_TYP)


def open_receipt(jws: str, key: PublicKey) -> Receipt:
    """Raises SigningError or BadReceipt."""
    payload = open_json(jws, key, RECEIPT_TYP)
    try:
        return Receipt.model_validate(payload)
    except ValidationError as error:
        raise BadReceipt("bad-receipt", "回执格式有误。", f"The receipt is not in a known form: {error}") from error
