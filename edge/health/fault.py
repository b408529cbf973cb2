"""When recording fails in a session the officer decides: go on or stop, with a reason. Pure: what is asked, and when.

A fault is asked about once it has lasted for some seconds, one decision for each stretch of it; another fault asks
anew, and so does the same one in another session or after it was away.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from storage.manifest import Moment

LASTS_NS = 3_000_000_000
AWAY_NS = 10_000_000_000  # a camera that comes and goes is asked about once

Choice = Literal["go-on", "stop"]
Reason = Literal["visitor-agrees", "written-record", "moved-room", "visitor-stops", "repair-first", "other"]


@dataclass(frozen=True, slots=True)
class Failing:
    """Something that makes the recording less than whole. `what`: one stretch has one, whatever its code becomes."""

    what: str
    code: str


@dataclass
class _Stretch:
    code: str
    since: Moment
    seen_mono_ns: int
    stands: bool = True
    decided_in: str | None = None  # the session in which it was decided


@dataclass(frozen=True, slots=True)
class Fault:
    what: str
    code: str
    since_wall_ns: int


class FaultDesk:
    """`tell` about once a second, the gravest first; `waiting` and `decide` in between."""

    def __init__(self) -> None:
        self._stretches: dict[str, _Stretch] = {}
        self._now_mono_ns = 0

    def tell(self, failing: Iterable[Failing], now: Moment) -> None:
        self._now_mono_ns = now.mono_ns
        standing: dict[str, _Stretch] = {}
        for one in failing:
            stretch = self._stretches.get(one.what) or _Stretch(one.code, now, now.mono_ns)
            if not stretch.stands:
                stretch = _Stretch(one.code, now, now.mono_ns, decided_in=stretch.decided_in)
            stretch.code, stretch.seen_mono_ns = one.code, now.mono_ns
            standing.setdefault(one.what, stretch)
        for what, stretch in self._stretches.items():
            if what not in standing and now.mono_ns - stretch.seen_mono_ns < AWAY_NS:
                stretch.stands = False
                standing[what] = stretch
        self._stretches = standing

    def waiting(self, session: str | None) -> Fault | None:
        """What the officer of the open `session` has to decide about."""
        if session is None:
            return None
        for what, stretch in self._stretches.items():
            lasts = self._now_mono_ns - stretch.since.mono_ns >= LASTS_NS
            if stretch.stands and lasts and stretch.decided_in != session:
                return Fault(what, stretch.code, stretch.since.wall_ns)
        return None

    def decide(self, session: str, fault: Fault) -> None:
        """It was decided and signed."""
        if (stretch := self._stretches.get(fault.what)) is not None:
            stretch.decided_in = session


def decision(choice: Choice, fault: Fault, reason: Reason) -> str:
    """The note's detail."""
    return f"{choice} {fault.code} {reason}"
