"""Which of a room's problems have lasted, and so are alarms; which are over. Pure: what it says and when, in.

A hand before the lens for ten seconds is seen on the overview and gone; what stands for half a minute is somebody's
work. Each stretch is one alarm, and it clears when the room no longer says so.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from control_api.link.status import DeviceStatus

LASTS_NS = 30 * 10**9
PREFIX = "room-"
LOW_DISK_HOURS = 24
# Worth an alarm though picture and sound are all there.
_ALSO = frozenset({"disk-low", "entries-refused", "mirror-lost"})


def alarm_code(code: str) -> str:
    return (PREFIX + code)[:40]


@dataclass(frozen=True, slots=True)
class Change:
    """`raised`: alarm codes with their details; `cleared`: alarm codes."""

    raised: Mapping[str, str] = field(default_factory=dict)
    cleared: Collection[str] = ()

    def __bool__(self) -> bool:
        return bool(self.raised or self.cleared)


class LastingProblems:
    """One room's line. `standing`: alarms that were raised on an earlier line and never cleared."""

    def __init__(self, standing: Collection[str] = ()) -> None:
        self._raised = set(standing)
        self._since: dict[str, int] = {}

    def heard(self, status: DeviceStatus, now_ns: int) -> Change:
        """`now_ns` by the centre's clock: a room's own may be wrong."""
        now = serious_problems(status)
        self._since = {code: self._since.get(code, now_ns) for code in now}
        new = {
            code: detail
            for code, detail in now.items()
            if code not in self._raised and now_ns - self._since[code] >= LASTS_NS
        }
        over = self._raised - set(now)
        self._raised = (self._raised | set(new)) - over
        return Change(new, tuple(sorted(over)))


def serious_problems(status: DeviceStatus) -> dict[str, str]:
    """Alarm code to detail: which sources have it. An older recorder that does not say what degrades is taken by its
    state."""
    bad = status.state in ("degraded", "stopped")
    found: dict[str, list[str]] = {}
    for problem in status.problems:
        if problem.code in _ALSO or (bad if problem.degrading is None else problem.degrading):
            found.setdefault(alarm_code(problem.code), []).append(problem.source or "")
    for source in status.sources:
        if source.state != "ok":
            found.setdefault(alarm_code(source.code or "source-lost"), []).append(source.name)
    if status.disk_hours_left is not None and status.disk_hours_left < LOW_DISK_HOURS:
        found.setdefault(alarm_code("disk-low"), []).append(f"{status.disk_hours_left:.0f} h")
    return {code: " ".join(dict.fromkeys(part for part in parts if part)) for code, parts in found.items()}
