"""A supervisor's browser in plain HTTP: signs in, finds a case, gives a reason, fetches what the player fetches."""

from __future__ import annotations

import re
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import httpx

TOKEN_FIELD = "csrf"
_TOKEN = re.compile(r'name="csrf"\s+value="([0-9A-Za-z_-]+)"|value="([0-9A-Za-z_-]+)"\s+name="csrf"')
_MAP = re.compile(r'#EXT-X-MAP:URI="([^"]+)"')


class ViewerRefused(Exception):
    """The centre did not give what a supervisor should get; the text says at which step."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a player got: one whole file per run, and the timeline as the page draws it."""

    files: tuple[bytes, ...]
    segments: int
    timeline: dict[str, Any]


class Viewer:
    def __init__(self, url: str) -> None:
        self._client = httpx.Client(base_url=url, timeout=30.0, trust_env=False, headers={"Origin": url})

    def __enter__(self) -> Viewer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def sign_in(self, name: str, password: str) -> None:
        self._get("/sign-in")
        answer = self._client.post("/sign-in", data={"name": name, "password": password})
        if answer.status_code != 303:
            raise ViewerRefused(f"signing in: {answer.status_code}")

    def find(self, case_id: str) -> list[str]:
        """The sessions found, as the links of the page name them."""
        page = self._post("/find", self._form_of("/find"), case_id=case_id)
        return list(dict.fromkeys(re.findall(r'href="/sessions/([0-9a-f]{32})"', page.text)))

    def open_player(self, session: str, reason: str) -> str:
        """The access's address; the centre's register has its row from now on."""
        page = self._post("/review", self._form_of(f"/sessions/{session}"), session=session, reason=reason)
        if not page.url.path.startswith("/review/"):
            raise ViewerRefused(f"opening the player: ended at {page.url.path}")
        return page.url.path

    def fetch(self, player: str) -> Replayed:
        """Playlist, init bytes and segments, in the order in which a player asks for them."""
        timeline = self._get(f"{player}/timeline.json").json()
        playlist = self._get(f"{player}/playlist.m3u8")
        runs: list[list[str]] = []
        for line in playlist.text.splitlines():
            if found := _MAP.match(line):
                runs.append([found[1]])
            elif line and not line.startswith("#"):
                runs[-1].append(line)
        files = tuple(b"".join(self._get(f"{player}/{part}").content for part in parts) for parts in runs)
        return Replayed(files, sum(len(parts) - 1 for parts in runs), timeline)

    def register_names(self, session: str) -> bool:
        """Whether the access register shows this session."""
        return session in self._get("/register").text

    def _form_of(self, path: str) -> str:
        found = _TOKEN.search(self._get(path).text)
        if found is None:
            raise ViewerRefused(f"{path}: the page has no form")
        return found[1] or found[2]

    def _get(self, path: str) -> httpx.Response:
        answer = self._client.get(path)
        if answer.status_code != 200:
            raise ViewerRefused(f"{path}: {answer.status_code}")
        return answer

    def _post(self, path: str, token: str, **values: str) -> httpx.Response:
        answer = self._client.post(path, data={TOKEN_FIELD: token, **values}, follow_redirects=True)
        if answer.is_error:
            raise ViewerRefused(f"{path}: {answer.status_code}")
        return answer
