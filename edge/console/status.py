"""The room's state as JSON: /api/status. Pure; ARCHITECTURE.md (Console) describes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from edge.console.session_record import RoomSession


def status_json(facts: Mapping[str, Any]) -> dict[str, Any]:
    """From `Desk.facts`. Names of officers only to who is signed in."""
    officer = facts["officer"]
    return {
        "enrolment": facts["enrolment"],
        "fingerprint": facts["fingerprint"],
        "unit_name": facts["unit_name"],
        "room_name": facts["room_name"],
        "state": facts["state_name"],
        "recording": facts["state"].recording,
        "standby_cause": facts["standby_cause"],
        "wall_ns": facts["now_wall_ns"],
        "session": _session(facts["session"]),
        "untagged": [_session(one) for one in facts["untagged"]],
        "officer": {"id": officer.id, "number": officer.number, "name": officer.name} if officer else None,
        "signed_in": facts["signed_in"] if officer else None,
        "sources": [asdict(one) for one in facts["sources"]],
        "fault": asdict(facts["fault"]) if facts["fault"] else None,
        "levels_dbfs": facts["levels"],
        "problems": [asdict(one) for one in facts["notices"]],
        "centre_reachable": facts["centre_reachable"],
        "backlog_segments": facts["backlog"].segments,
        "backlog_bytes": facts["backlog"].size_bytes,
        "oldest_backlog_wall_ns": facts["backlog"].oldest_wall_ns,
        "backlog_through_wall_ns": facts["forecast"].through_wall_ns,
        "line_kbps": facts["forecast"].line_kbps,
        "waiting_tags": facts["waiting_tags"],
        "last_receipt_wall_ns": facts["last_receipt_wall_ns"],
    }


def _session(session: RoomSession | None) -> dict[str, Any] | None:
    if session is None:
        return None
    return {
        "session": session.session,
        "opened_wall_ns": session.opened_wall_ns,
        "closed_wall_ns": session.closed_wall_ns,
        "tagged": session.tag_sha256 is not None,
    }
