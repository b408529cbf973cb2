"""The entries on the left: five or six by role, never more. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from control_api.accounts.permissions import Permission
from pages.translation import mark as _


@dataclass(frozen=True, slots=True)
class Entry:
    section: str
    address: str
    icon: str
    word: str
    permission: Permission


ENTRIES = (
    Entry("rooms", "/rooms", "rooms", _("接谈室总览"), Permission.SEE_ROOMS),
    Entry("sessions", "/sessions", "sessions", _("接访场次"), Permission.FIND_SESSIONS),
    Entry("find", "/find", "search", _("查找"), Permission.FIND_SESSIONS),
    Entry("missed", "/missed", "missed", _("漏登候选"), Permission.FIND_SESSIONS),
    Entry("register", "/register", "register", _("查阅登记"), Permission.READ_REGISTER),
    Entry("alarms", "/alarms", "alarm", _("报警"), Permission.SEE_ALARMS),
    Entry("devices", "/devices", "devices", _("房间与设备"), Permission.MANAGE_DEVICES),
    Entry("accounts", "/accounts", "accounts", _("账号"), Permission.MANAGE_ACCOUNTS),
)


def entries_for(may: Callable[[Permission], bool]) -> list[Entry]:
    return [entry for entry in ENTRIES if may(entry.permission)]


def home_for(may: Callable[[Permission], bool]) -> str:
    """Where a person starts: the first entry, or the own account for who has none."""
    entries = entries_for(may)
    return entries[0].address if entries else "/account"
