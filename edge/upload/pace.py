"""How fast uploads may go now. Pure: time is an argument.

Live comes first: while somebody watches or a session is held jointly, uploads take their share of the line and no
more. Below that stand the limits by hour of day. No limit is ever nought: whatever the clock says, uploads go on.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from config.line import LineSettings, RateLimit
from config.opening_hours import minutes_of

BYTES_S_PER_KBPS = 125
DAY_MINUTES = 24 * 60
UNMEASURED_KBPS = 1000  # what a line is taken for while nobody said or measured more
BURST_S = 0.1
LEAST_BURST_BYTES = 16 << 10
_NS = 1_000_000_000


def minute_of_day(wall_ns: int, timezone: str) -> int:
    """By the county's clock."""
    local = datetime.fromtimestamp(wall_ns // _NS, UTC).astimezone(ZoneInfo(timezone))
    return local.hour * 60 + local.minute


def hour_limit_kbps(limits: Iterable[RateLimit], minute: int | None) -> int | None:
    """The limit at this minute of the day. The hour is not known (None): the strictest one, so that none is passed."""
    if minute is None:
        return min((limit.kbps for limit in limits), default=None)
    for limit in limits:
        if any(start <= minute < end for start, end in map(minutes_of, limit.hours)):
            return limit.kbps
    return None


def upload_limit_kbps(line: LineSettings, minute: int | None, *, live: bool, measured_kbps: int | None) -> int | None:
    """What uploads may take in all; None: as much as they get."""
    limit = hour_limit_kbps(line.limits, minute)
    if not live:
        return limit
    capacity_kbps = line.capacity_kbps or measured_kbps or UNMEASURED_KBPS
    share = max(1, capacity_kbps * line.live_share_pct // 100)
    return share if limit is None else min(share, limit)


class TokenBucket:
    """Bytes may go while the bucket is not in debt; what goes may bring it into debt, which time pays back.

    The rate may change at any moment, also in the middle of a file: only what went already is counted.
    """

    def __init__(self) -> None:
        self._level_bytes = 0.0
        self._at_mono_ns: int | None = None

    def wait_s(self, limit_kbps: int | None, now_mono_ns: int) -> float:
        """Until the next bytes may go at this rate; 0: now."""
        self._fill(limit_kbps, now_mono_ns)
        if limit_kbps is None or self._level_bytes >= 0:
            return 0.0
        return -self._level_bytes / (limit_kbps * BYTES_S_PER_KBPS)

    def take(self, size_bytes: int, limit_kbps: int | None, now_mono_ns: int) -> None:
        self._fill(limit_kbps, now_mono_ns)
        if limit_kbps is not None:
            self._level_bytes -= size_bytes

    def _fill(self, limit_kbps: int | None, now_mono_ns: int) -> None:
        before, self._at_mono_ns = self._at_mono_ns, now_mono_ns
        if limit_kbps is None:
            self._level_bytes = 0.0
            return
        rate_bytes_s = limit_kbps * BYTES_S_PER_KBPS
        passed_s = 0.0 if before is None else max(0, now_mono_ns - before) / _NS
        most = max(LEAST_BURST_BYTES, rate_bytes_s * BURST_S)
        self._level_bytes = min(most, self._level_bytes + passed_s * rate_bytes_s)
