"""Case tags from rooms: opened once to know the case, kept sealed. A tag counts when a signed note vouches for it."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac

from sqlalchemy import select
from sqlalchemy.orm import Session

from control_api.archive.alarms import raise_alarm
from control_api.archive.keeping import keep
from control_api.archive.retention import DAY_NS
from control_api.center import Center
from control_api.database import CaseTag, Entry, RoomSession
from control_api.devices.tokens import KnownDevice
from control_api.errors import CenterError
from control_api.sessions.derive import bind_tag
from storage.case_id import normalize_case_id
from storage.case_tag import CaseTag as OpenedTag
from storage.case_tag import open_tag
from storage.errors import StorageError
from storage.layout import tag_key

MAX_TAG_BYTES = 64 * 1024


def take_tag(center: Center, known: KnownDevice, tag: str, sha256: str) -> None:
    """`tag`: base64 of the age file. The same tag twice is stored once. Raises CenterError, ObjectStoreError."""
    sealed = _decoded(tag, sha256)
    with center.database.reading() as session:
        if session.get(CaseTag, sha256) is not None:
            return
    try:
        opened = open_tag(sealed, center.keys.opener)
        if normalize_case_id(opened.case_id, center.settings.case_pattern) != opened.case_id:
            raise _bad_tag("case-id")
    except StorageError as error:
        _refuse(center, known, error.code, sha256)
        raise _bad_tag(error.code) from None
    now_ns = center.now_ns()
    keep(center.store, tag_key(sha256), sealed, now_ns + center.settings.tagged_days * DAY_NS)
    with center.database.writing() as session:
        _check_room(session, known, opened)
        if session.get(CaseTag, sha256) is None:
            session.add(_row(opened, sha256, now_ns))
            session.flush()
            _bind(session, known, sha256, opened.session, now_ns)


def _decoded(tag: str, sha256: str) -> bytes:
    try:
        sealed = base64.b64decode(tag, validate=True)
    except (binascii.Error, ValueError):
        raise _bad_tag("not-base64") from None
    if len(sealed) > MAX_TAG_BYTES or not hmac.compare_digest(hashlib.sha256(sealed).hexdigest(), sha256):
        raise _bad_tag("bytes-differ")
    return sealed


def _row(opened: OpenedTag, sha256: str, now_ns: int) -> CaseTag:
    return CaseTag(
        sha256=sha256,
        session_id=opened.session,
        case_id=opened.case_id,
        officer_id=opened.officer,
        signed_in=opened.signed_in,
        source="room",
        made_wall_ns=opened.made_wall_ns,
        received_wall_ns=now_ns,
        replaces=opened.replaces,
        reason=opened.reason,
    )


def _check_room(session: Session, known: KnownDevice, opened: OpenedTag) -> None:
    room_id = session.scalar(select(RoomSession.room_id).where(RoomSession.id == opened.session))
    if room_id is not None and room_id != known.room_id:
        raise _bad_tag("other-room")


def _bind(session: Session, known: KnownDevice, sha256: str, session_id: str, now_ns: int) -> None:
    """The note may have come before the tag."""
    wall_ns = session.scalar(
        select(Entry.start_wall_ns).where(
            Entry.tag_sha256 == sha256,
            Entry.kind == "note",
            Entry.session_id == session_id,
            Entry.room_id == known.room_id,
        )
    )
    if wall_ns is not None:
        bind_tag(session, sha256, session_id, wall_ns, now_ns)


def _refuse(center: Center, known: KnownDevice, code: str, sha256: str) -> None:
    with center.database.writing() as session:
        raise_alarm(
            session,
            center.now_ns(),
            "tag-refused",
            room_id=known.room_id,
            device_id=known.id,
            detail=f"{code} {sha256[:16]}",
        )


def _bad_tag(code: str) -> CenterError:
    return CenterError(
        "bad-tag",
        f"案件标签未被接收（{code}），录像不受影响；请在中心核对该场次的编号。",
        f"The case tag was not taken ({code}); the footage is not affected. Check the session's case ID here.",
        status=422,
    )
