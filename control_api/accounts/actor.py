"""The person behind a request, as services see one."""

from __future__ import annotations

from dataclasses import dataclass

from control_api.accounts.permissions import Permission, may
from control_api.errors import NotAllowed


@dataclass(frozen=True, slots=True)
class Actor:
    """`csrf` is the token that this web session's forms carry."""

    account_id: str
    name: str
    unit_id: str
    unit_name: str
    role: str
    locale: str
    web_session: str
    csrf: str
    must_change_password: bool = False

    def may(self, permission: Permission) -> bool:
        return may(self.role, permission)

    def check(self, permission: Permission) -> None:
        """Raises NotAllowed. Services call it too, so that a page can't forget."""
        if not self.may(permission):
            raise NotAllowed
