"""The cookie that holds a web session's token. No script reads it, no other site sends it."""

from __future__ import annotations

from fastapi import Response

from control_api.center import Center


def set_cookie(response: Response, center: Center, token: str) -> None:
    response.set_cookie(center.cookie_name, token, httponly=True, samesite="strict", secure=center.secure, path="/")


def clear_cookie(response: Response, center: Center) -> None:
    response.delete_cookie(center.cookie_name, httponly=True, samesite="strict", secure=center.secure, path="/")
