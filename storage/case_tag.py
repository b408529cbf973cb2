"""The case tag: who said that a session belongs to which case. Sealed before it touches any disk or line."""

from __future__ import annotations

import json
from collections.abc import Sequence
from io import BytesIO
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from storage.errors import StorageError
from storage.manifest import Digest, Identifier, Nanoseconds
from storage.sealing import Opener, seal_bytes

PADDED_TO_BYTES = 1024  # so that a tag's length says nothing about the case ID's


class BadCaseTag(StorageError):
    """Opened, but not a case tag of a known format. Its content is never part of the sentence."""


class CaseTag(BaseModel):
    """`officer` is an account's random id. A correction names the tag it `replaces` and why."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    format: Literal["shilu-case-tag-1"] = "shilu-case-tag-1"
    session: Identifier
    case_id: str = Field(min_length=1, max_length=64, repr=False)
    officer: Identifier
    signed_in: Literal["online", "offline"]
    made_wall_ns: Nanoseconds
    replaces: Digest | None = Field(None, description="SHA-256 of the sealed tag that this one corrects")
    reason: str | None = Field(None, max_length=200, repr=False)


def seal_tag(tag: CaseTag, recipients: Sequence[str]) -> bytes:
    """The age file. Its SHA-256 names the tag everywhere else."""
    text = json.dumps(tag.model_dump(mode="json"), ensure_ascii=False).encode()
    padded = text + b" " * (-len(text) % PADDED_TO_BYTES)
    return seal_bytes(padded, recipients)


def open_tag(sealed: bytes, opener: Opener) -> CaseTag:
    """Raises SealingError or BadCaseTag."""
    opened = b"".join(opener.open(BytesIO(sealed)))
    try:
        return CaseTag.model_validate_json(opened)
    except ValidationError as error:
        fields = ", ".join(str(item["loc"][0]) for item in error.errors() if item["loc"]) or "JSON"
        raise BadCaseTag(
            "bad-case-tag", f"标签内容格式有误（{fields}）。", f"The case tag is not in a known form: {fields}."
        ) from None  # pydantic's own text would show the case ID
