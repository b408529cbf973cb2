"""Leave for a device to put one segment's bytes into the archive: those bytes, that key, ten minutes."""

from __future__ import annotations

from dataclasses import dataclass, field

from control_api.archive.receipts import find_entry
from control_api.archive.retention import retain_until
from control_api.center import Center
from control_api.devices.tokens import KnownDevice
from control_api.errors import CenterError


@dataclass(frozen=True, slots=True)
class GrantAnswer:
    """Either `already` with the receipt, or where to put the bytes."""

    already: bool = False
    receipt: str | None = None
    url: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    expires_in_s: int | None = None


def grant_upload(center: Center, known: KnownDevice, manifest_sha256: str) -> GrantAnswer:
    """Raises NotFound, CenterError, ObjectStoreError."""
    with center.database.reading() as session:
        entry = find_entry(session, known, manifest_sha256)
        until = retain_until(session, entry, center.settings, center.now_ns())
    if entry.receipt is not None:
        return GrantAnswer(already=True, receipt=entry.receipt)
    if entry.sealed_sha256 is None or entry.sealed_size is None:
        raise CenterError(
            "no-bytes", "此条目没有需要上传的内容。", "This entry has no bytes of its own to upload.", status=409
        )
    grant = center.store.grant_upload(entry.object_key, entry.sealed_size, entry.sealed_sha256, until, center.now_ns())
    return GrantAnswer(url=grant.url, headers=grant.headers, expires_in_s=grant.expires_in_s)
