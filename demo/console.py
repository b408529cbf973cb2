"""The room console's JSON API, as its own page uses it. Owns the cookie and the form token."""

from __future__ import annotations

from types import TracebackType
from typing import Any

import httpx

TOKEN_HEADER = "X-CSRF-Token"


class ConsoleRefused(Exception):
    """The room's page said no; the text is its message."""


class Console:
    def __init__(self, url: str) -> None:
        self._client = httpx.Client(base_url=url, timeout=20.0, trust_env=False, headers={"Origin": url})
        self._token = ""

    def __enter__(self) -> Console:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def status(self) -> dict[str, Any]:
        answer = _body(self._client.get("/api/status"))
        self._token = answer["csrf"]
        return answer

    def enrol(self, code: str) -> None:
        self._post("/api/enrol", code=code)

    def sign_in(self, number: str, pin: str) -> None:
        self._token = self._post("/api/sign-in", number=number, pin=pin)["csrf"]

    def open_session(self, case_id: str) -> str:
        return str(self._post("/api/sessions/open", case_id=case_id)["session"])

    def close_session(self, session: str) -> int:
        return int(self._post("/api/sessions/close", session=session)["closed_wall_ns"])

    def _post(self, path: str, **values: str) -> dict[str, Any]:
        if not self._token:
            self.status()
        return _body(self._client.post(path, json=values, headers={TOKEN_HEADER: self._token}))


def _body(response: httpx.Response) -> dict[str, Any]:
    try:
        body: dict[str, Any] = response.json()
    except ValueError:
        raise ConsoleRefused(f"the console answered {response.status_code} without JSON") from None
    if response.is_error:
        raise ConsoleRefused(str(body.get("error", {}).get("message_en", body)))
    return body
