"""Who may do what: the whole table. What does not stand here is refused."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    OFFICER = "officer"  # 接谈员: works in the room; at the centre only with the own account
    DUTY_OFFICER = "duty-officer"  # 县接待中心值班员
    SUPERVISOR = "supervisor"  # 督查
    ADMINISTRATOR = "administrator"  # 管理员: runs the machines, sees no footage


class Permission(StrEnum):
    OWN_ACCOUNT = "own-account"
    SEE_ROOMS = "see-rooms"
    WATCH_LIVE = "watch-live"
    FIND_SESSIONS = "find-sessions"
    CORRECT_CASE = "correct-case"
    REPLAY = "replay"
    DOWNLOAD = "download"
    WRITE_FINDINGS = "write-findings"
    HOLD = "hold"
    READ_REGISTER = "read-register"
    SEE_ALARMS = "see-alarms"
    ACKNOWLEDGE_ALARMS = "acknowledge-alarms"
    MANAGE_ROOMS = "manage-rooms"
    MANAGE_DEVICES = "manage-devices"
    MANAGE_ACCOUNTS = "manage-accounts"


_P = Permission
ALLOWED: dict[Role, frozenset[Permission]] = {
    Role.OFFICER: frozenset({_P.OWN_ACCOUNT}),
    Role.DUTY_OFFICER: frozenset(
        {
            _P.OWN_ACCOUNT,
            _P.SEE_ROOMS,
            _P.WATCH_LIVE,
            _P.FIND_SESSIONS,
            _P.CORRECT_CASE,
            _P.SEE_ALARMS,
            _P.ACKNOWLEDGE_ALARMS,
        }
    ),
    Role.SUPERVISOR: frozenset(
        {
            _P.OWN_ACCOUNT,
            _P.SEE_ROOMS,
            _P.WATCH_LIVE,
            _P.FIND_SESSIONS,
            _P.CORRECT_CASE,
            _P.REPLAY,
            _P.DOWNLOAD,
            _P.WRITE_FINDINGS,
            _P.HOLD,
            _P.READ_REGISTER,
            _P.SEE_ALARMS,
        }
    ),
    Role.ADMINISTRATOR: frozenset(
        {
            _P.OWN_ACCOUNT,
            _P.SEE_ROOMS,
            _P.READ_REGISTER,
            _P.SEE_ALARMS,
            _P.ACKNOWLEDGE_ALARMS,
            _P.MANAGE_ROOMS,
            _P.MANAGE_DEVICES,
            _P.MANAGE_ACCOUNTS,
        }
    ),
}


def may(role: str, permission: Permission) -> bool:
    return role in set(Role) and permission in ALLOWED[Role(role)]
