"""Who may call a route. Every route names one guard; one without is refused when the application is built."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable
from functools import cache

from fastapi import Request
from fastapi.concurrency import run_in_threadpool

from control_api.accounts.actor import Actor
from control_api.accounts.permissions import Permission
from control_api.accounts.signing_in import find_actor
from control_api.center import center_of
from control_api.errors import CenterError, NotSignedIn
from pages.form_safety import SAFE_METHODS, TOKEN_FIELD, TOKEN_HEADER, origin_allowed

_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
# What guards what, for the check at start and for the tests' matrix: a permission, `public` or `device`.
GUARDS: dict[Callable[..., object], str] = {}


class MustChangePassword(CenterError):
    def __init__(self) -> None:
        super().__init__(
            "must-change-password",
            "请先设置自己的新密码，再继续使用。",
            "Choose a password of your own first.",
            status=403,
        )


@cache
def require(permission: Permission) -> Callable[[Request], Awaitable[Actor]]:
    """The dependency that lets only signed-in people with `permission` through, and gives who it is.

    Requests that change something need the form token too, in the header or in the form.
    """

    async def guard(request: Request) -> Actor:
        actor = await signed_in(request)
        if actor is None:
            raise NotSignedIn
        if request.method not in SAFE_METHODS:
            await check_form(request, actor.csrf)
        actor.check(permission)
        if actor.must_change_password and permission is not Permission.OWN_ACCOUNT:
            raise MustChangePassword
        return actor

    GUARDS[guard] = permission
    return guard


async def public(request: Request) -> None:
    """Open to everybody. What changes something must still come from our own pages, or from no browser."""
    if not origin_allowed(request.method, request.headers):
        raise _other_site()


GUARDS[public] = "public"


async def signed_in(request: Request) -> Actor | None:
    """Who is signed in, if anybody is."""
    center = center_of(request)
    token = request.cookies.get(center.cookie_name)
    if not token or len(token) > 200:
        return None
    seen = request.headers.get("accept") != "text/event-stream"  # an open page alone keeps nobody signed in
    return await run_in_threadpool(find_actor, center.database, token, center.now_ns(), seen=seen)


async def check_form(request: Request, expected: str) -> None:
    """Raises CenterError `other-site` or `form-expired`."""
    if not origin_allowed(request.method, request.headers):
        raise _other_site()
    given = request.headers.get(TOKEN_HEADER)
    if given is None and request.headers.get("content-type", "").split(";")[0].strip() in _FORMS:
        field = (await request.form()).get(TOKEN_FIELD)
        given = field if isinstance(field, str) else None
    if not hmac.compare_digest((given or "").encode(), expected.encode()):
        raise CenterError(
            "form-expired",
            "页面已过期，未作任何更改；请刷新后重试。",
            "The page is out of date and nothing was changed; reload it and try again.",
            status=403,
        )


def _other_site() -> CenterError:
    return CenterError(
        "other-site",
        "请求来自其他网站，未被接收。",
        "The request came from another site and was not taken.",
        status=403,
    )
