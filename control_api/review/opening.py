"""Opens one segment on the way out and lets nothing pass that differs from its signed manifest. Keeps nothing."""

from __future__ import annotations

import hashlib
from contextlib import closing
from dataclasses import dataclass

from control_api.archive.alarms import raise_alarm
from control_api.center import Center
from control_api.errors import CenterError
from control_api.review.footage import Stored
from storage.manifest import SegmentManifest
from storage.object_store import ObjectStoreError
from storage.sealing import SealingError


class Damaged(CenterError):
    """The stored bytes are not the ones that the room signed."""

    def __init__(self) -> None:
        super().__init__(
            "footage-damaged",
            "这一片段与签名清单不符，已拒绝播放并报警；其余片段照常可看。",
            "This segment differs from its signed manifest: it is not played, an alarm was raised; the rest plays on.",
            status=409,
        )


@dataclass(frozen=True, slots=True)
class Opened:
    """`init`: the run's ftyp+moov; `media`: the segment's fragments; `whole`: all of it, the boxes between them too."""

    init: bytes
    media: bytes
    whole: bytes


def open_segment(center: Center, stored: Stored) -> Opened:
    """Raises Damaged (with an alarm) and ObjectStoreError when the archive can't be reached."""
    try:
        with closing(center.store.open(stored.object_key, stored.version_id)) as sealed:
            data = b"".join(center.keys.opener.open(sealed, torn=stored.manifest.recovered))
        return check_opened(data, stored.manifest)
    except (Damaged, SealingError, ObjectStoreError) as error:
        if isinstance(error, ObjectStoreError) and error.code != "not-found":
            raise
        _alarm(center, stored, error.code)
        raise Damaged from error


def check_opened(data: bytes, manifest: SegmentManifest) -> Opened:
    """Every fragment against the manifest's hash, which was taken before sealing. Raises Damaged."""
    opened = manifest.opened
    init = data[: opened.init_size]
    if hashlib.sha256(init).hexdigest() != opened.init_sha256:
        raise Damaged
    media = []
    for fragment in opened.fragments:
        piece = data[fragment.offset : fragment.offset + fragment.size]
        if len(piece) != fragment.size or hashlib.sha256(piece).hexdigest() != fragment.sha256:
            raise Damaged
        media.append(piece)
    return Opened(init, b"".join(media), data)


def _alarm(center: Center, stored: Stored, code: str) -> None:
    manifest = stored.manifest
    detail = f"{code} run {manifest.run} segment {manifest.sequence} entry {stored.entry[:16]}"
    with center.database.writing() as db:
        raise_alarm(
            db,
            center.now_ns(),
            "footage-damaged",
            room_id=stored.room_id,
            device_id=stored.device_id,
            detail=detail,
        )
