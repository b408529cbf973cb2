"""Who is signed in at this page. In memory: a restart of the agent asks for the PIN again, recording goes on.

Pure but for the random tokens; the clock is an argument.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace

from edge.agent.recorder_client import SignedIn
from edge.agent.room_record import Officer

LONGEST_NS = 12 * 3600 * 1_000_000_000
IDLE_NS = 3600 * 1_000_000_000
MOST = 200  # web sessions at one time; the oldest of those without an officer goes first


@dataclass(frozen=True, slots=True)
class WebSession:
    """One browser. `officer` is None before signing in."""

    token: str
    begun_mono_ns: int
    seen_mono_ns: int
    officer: Officer | None = None
    signed_in: SignedIn = "offline"


class WebSessions:
    def __init__(self) -> None:
        self._by_token: dict[str, WebSession] = {}

    def find(self, token: str | None, now_mono_ns: int, *, stay: bool) -> WebSession | None:
        """The session of a cookie. `stay`: idle time doesn't count, such as during a reception."""
        found = self._by_token.get(token or "")
        if found is None:
            return None
        idle = not stay and now_mono_ns - found.seen_mono_ns > IDLE_NS
        if idle or now_mono_ns - found.begun_mono_ns > LONGEST_NS:
            self.end(found.token)
            return None
        return found

    def seen(self, session: WebSession, now_mono_ns: int) -> None:
        """A person did something, other than leaving the page open."""
        if session.token in self._by_token:
            self._by_token[session.token] = replace(session, seen_mono_ns=now_mono_ns)

    def begin(self, now_mono_ns: int, officer: Officer | None = None, signed_in: SignedIn = "offline") -> WebSession:
        """A new one with a new token: signing in never keeps the token from before."""
        while len(self._by_token) >= MOST:
            self.end(min(self._by_token.values(), key=lambda one: (one.officer is not None, one.seen_mono_ns)).token)
        session = WebSession(secrets.token_urlsafe(32), now_mono_ns, now_mono_ns, officer, signed_in)
        self._by_token[session.token] = session
        return session

    def end(self, token: str) -> None:
        self._by_token.pop(token, None)
