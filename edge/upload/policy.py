"""What is sent next. Pure: the clock and the jitter are arguments.

Order: case tags, the open session, closed sessions, everything else; oldest first within each. An item that
failed waits by itself and holds nothing up. Among closed sessions the newest comes first, so that an old backlog never
stands before what was received today: `order` is the place in the list that the spool gives.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

from edge.agent.backoff import FIRST_S, delay_s

LONGEST_WAIT_S = 600.0
_NS = 1_000_000_000


class Priority(IntEnum):
    TAG = 0
    OPEN_SESSION = 1
    CLOSED_SESSION = 2
    NO_SESSION = 3


@dataclass(frozen=True, slots=True)
class Item:
    """`key` is the hash that the item is known by, `order` what comes first among equals."""

    key: str
    priority: Priority
    order: int


@dataclass(frozen=True, slots=True)
class Failure:
    """`whole`: not this item's own fault, the way there was down."""

    attempts: int
    retry_mono_ns: int
    whole: bool


class Failures:
    """Which items failed, and when each may be tried again. In memory: a restart tries all at once again."""

    def __init__(self, first_s: float = FIRST_S) -> None:
        self._first_s = first_s
        self._by_key: dict[str, Failure] = {}

    def failed(self, key: str, now_mono_ns: int, jitter: float, *, whole: bool = False) -> Failure:
        before = self._by_key.get(key)
        attempts = before.attempts + 1 if before else 1
        wait_ns = int(delay_s(attempts, jitter, self._first_s, LONGEST_WAIT_S) * _NS)
        self._by_key[key] = Failure(attempts, now_mono_ns + wait_ns, whole)
        return self._by_key[key]

    def way_is_open(self) -> None:
        """Something went through: what only met a closed way need not wait any longer."""
        self._by_key = {key: failure for key, failure in self._by_key.items() if not failure.whole}

    def settled(self, key: str) -> None:
        self._by_key.pop(key, None)

    def waits(self, key: str, now_mono_ns: int) -> bool:
        failure = self._by_key.get(key)
        return failure is not None and now_mono_ns < failure.retry_mono_ns

    def failed_keys(self) -> list[str]:
        return list(self._by_key)

    def count(self) -> int:
        return len(self._by_key)


def choose(items: Iterable[Item], failures: Failures, now_mono_ns: int) -> Item | None:
    """The item to send now; None when every one waits or there is none."""
    ready = [item for item in items if not failures.waits(item.key, now_mono_ns)]
    return min(ready, key=lambda item: (item.priority, item.order, item.key), default=None)
