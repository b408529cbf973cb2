"""Searches under random ids, so that nothing personal stands in an address. In memory, bounded, half an hour.

A search belongs to the web session that made it. One that is gone is only asked for again.
"""

from __future__ import annotations

import secrets
from collections import OrderedDict
from threading import Lock

from control_api.web.find_terms import Search

MOST = 2000
KEPT_NS = 30 * 60 * 10**9


class Searches:
    def __init__(self) -> None:
        self._kept: OrderedDict[str, tuple[str, int, Search]] = OrderedDict()
        self._lock = Lock()

    def keep(self, web_session: str, search: Search, now_ns: int) -> str:
        """The oldest goes when there are too many."""
        name = secrets.token_hex(16)
        with self._lock:
            self._kept[name] = (web_session, now_ns, search)
            while len(self._kept) > MOST:
                self._kept.popitem(last=False)
        return name

    def get(self, name: str, web_session: str, now_ns: int) -> Search | None:
        with self._lock:
            owner, made_ns, search = self._kept.get(name, ("", 0, None))
        return search if owner == web_session and now_ns - made_ns <= KEPT_NS else None
