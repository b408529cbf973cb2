"""Which case a session belongs to. A correction is a further sealed tag; the one before it stays."""

from __future__ import annotations

import hashlib

from sqlalchemy.orm import Session

from control_api.accounts.actor import Actor
from control_api.accounts.permissions import Permission
from control_api.center import Center
from control_api.database import CaseTag, RoomSession
from control_api.errors import CenterError, NotFound
from control_api.records.write import add_record, add_write
from control_api.sessions.held import bind_session
from control_api.sessions.tags import current_tag
from storage.case_id import BadCaseId, normalize_case_id
from storage.case_tag import CaseTag as SealableTag
from storage.case_tag import seal_tag
from storage.layout import tag_key

REASON_CHARACTERS = 200


def correct_case(
    session: Session, center: Center, actor: Actor, now_ns: int, session_id: str, case_id: str, reason: str
) -> CaseTag:
    """Tag or correct at the centre (also 待补编号). Raises BadCaseId, CenterError, NotFound; then nothing changed."""
    actor.check(Permission.CORRECT_CASE)
    if session.get(RoomSession, session_id) is None:
        raise NotFound
    case_id = check_case_id(case_id, center.settings.case_pattern)
    before = current_tag(session, session_id)
    reason = check_reason(reason) if before is not None else reason.strip()[:REASON_CHARACTERS]
    if before is not None and before.case_id == case_id:
        raise CenterError("same-case", "编号与现有的一致。", "It is this case ID already.", status=409, field="case_id")
    made_ns = max(now_ns, before.made_wall_ns + 1) if before is not None else now_ns
    tag = SealableTag(
        session=session_id,
        case_id=case_id,
        officer=actor.account_id,
        signed_in="online",
        made_wall_ns=made_ns,
        replaces=before.sha256 if before is not None else None,
        reason=reason or None,
    )
    sealed = seal_tag(tag, center.keys.recipient_texts)
    row = _row_of(tag, hashlib.sha256(sealed).hexdigest(), now_ns)
    session.add(row)
    add_write(session, center, now_ns, tag_key(row.sha256), sealed)
    vouched = {"session": session_id, "tag_sha256": row.sha256, "replaces": tag.replaces, "by": actor.account_id}
    add_record(session, center, now_ns, "corrections", {**vouched, "wall_ns": str(made_ns)})
    session.flush()
    bind_session(session, session_id, now_ns)
    center.hurry()
    return row


def _row_of(tag: SealableTag, sha256: str, now_ns: int) -> CaseTag:
    """The centre vouches for its own tags at once."""
    return CaseTag(
        sha256=sha256,
        session_id=tag.session,
        case_id=tag.case_id,
        officer_id=tag.officer,
        signed_in=tag.signed_in,
        source="centre",
        made_wall_ns=tag.made_wall_ns,
        received_wall_ns=now_ns,
        bound_wall_ns=now_ns,
        replaces=tag.replaces,
        reason=tag.reason,
    )


def check_case_id(case_id: str, pattern: str) -> str:
    """The case ID in its one form. Raises CenterError with the field."""
    try:
        return normalize_case_id(case_id, pattern)
    except BadCaseId as error:
        raise CenterError(error.code, error.message, error.message_en, status=422, field="case_id") from None


def check_reason(reason: str) -> str:
    """A reason that says something: 2 to 200 characters. Raises CenterError."""
    reason = " ".join(reason.split())
    if not 2 <= len(reason) <= REASON_CHARACTERS or not reason.isprintable():
        raise CenterError(
            "no-reason",
            f"请填写事由（2 至 {REASON_CHARACTERS} 个字）。",
            f"Give a reason of 2 to {REASON_CHARACTERS} characters.",
            status=422,
            field="reason",
        )
    return reason
