"""A record of the archive's `records/`: sealed, since it may name a case, and signed by the centre around the seal.

Whoever may put objects into the archive can seal to public keys; only the centre can sign. Kind, id and time stand
under the signature, so that a record can't be put in under another name either.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from storage.errors import StorageError
from storage.layout import record_key
from storage.manifest import Identifier, Nanoseconds
from storage.sealing import Opener, open_bytes, seal_bytes
from storage.signing import PublicKey, SigningKey, open_json, sign_json

RECORD_TYP = "shilu-record+jws"


class BadRecord(StorageError):
    """Not a record of this archive: malformed, or another's name stands in it."""

    def __init__(self, why: str) -> None:
        super().__init__("bad-record", "归档中的记录无效。", f"This is no valid record: {why}.")


class Record(BaseModel):
    """`sealed`: base64 of an age file that holds the body as JSON."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    format: Literal["shilu-record-1"] = "shilu-record-1"
    kind: str
    id: Identifier
    made_wall_ns: Nanoseconds
    sealed: str

    @property
    def object_key(self) -> str:
        return record_key(self.kind, self.made_wall_ns, self.id)


def write_record(
    kind: str, identifier: str, made_wall_ns: int, body: Mapping[str, Any], recipients: Sequence[str], key: SigningKey
) -> tuple[str, bytes]:
    """The record's name in the archive and its bytes."""
    sealed = seal_bytes(json.dumps(body, ensure_ascii=False).encode(), recipients)
    record = Record(kind=kind, id=identifier, made_wall_ns=made_wall_ns, sealed=base64.b64encode(sealed).decode())
    signed = sign_json(record.model_dump(mode="json"), key, RECORD_TYP)
    return record.object_key, json.dumps({"format": record.format, "signed": signed}).encode()


def read_record(object_key: str, data: bytes, centre_keys: Sequence[PublicKey], opener: Opener) -> dict[str, Any]:
    """The body, once signature and name were checked. Raises BadRecord, SigningError, SealingError."""
    try:
        signed = json.loads(data)["signed"]
        record = Record.model_validate(_opened(str(signed), centre_keys))
        named = record.object_key
    except (ValueError, KeyError, TypeError, ValidationError) as error:
        raise BadRecord("it can't be read") from error
    if named != object_key:
        raise BadRecord("it stands under another record's name")
    body = json.loads(open_bytes(base64.b64decode(record.sealed), opener))
    if not isinstance(body, dict):
        raise BadRecord("its body is no object")
    return body


def _opened(signed: str, centre_keys: Sequence[PublicKey]) -> dict[str, Any]:
    for key in centre_keys[:-1]:
        try:
            return open_json(signed, key, RECORD_TYP)
        except StorageError:
            continue
    return open_json(signed, centre_keys[-1], RECORD_TYP)
