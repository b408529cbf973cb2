"""When the backlog will be through. Pure: bytes, rates and hours in, a duration out.

New footage comes in meanwhile, as much as in the last hour; hours with a limit upload as much as it allows. What
watching live takes is not foreseen: nobody knows when somebody will watch.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from config.line import RateLimit
from config.opening_hours import minutes_of
from edge.upload.pace import DAY_MINUTES, hour_limit_kbps

MOST_DAYS = 60  # further off is as good as never
MINUTE_NS = 60_000_000_000
_BITS_PER_KBPS_MINUTE = 60_000


def through_in_ns(
    backlog_bytes: int, upload_kbps: int, inflow_kbps: int, limits: Sequence[RateLimit], minute: int | None
) -> int | None:
    """Nanoseconds until nothing waits; None: not within `MOST_DAYS` days at this rate.

    `minute`: of the county's day; None where the hour is not known, and then the strictest limit holds all day.
    """
    if backlog_bytes <= 0:
        return 0
    bits = backlog_bytes * 8
    passed = 0
    for length, limit_kbps in _stretches(limits, minute):
        rate_kbps = upload_kbps if limit_kbps is None else min(upload_kbps, limit_kbps)
        change = (rate_kbps - inflow_kbps) * _BITS_PER_KBPS_MINUTE
        if bits <= change * length:
            return passed * MINUTE_NS + bits * MINUTE_NS // change
        bits -= change * length
        passed += length
    return None


def _stretches(limits: Sequence[RateLimit], minute: int | None) -> list[tuple[int, int | None]]:
    """From `minute` on: lengths in minutes with the limit that holds there, for `MOST_DAYS` days."""
    if minute is None or not limits:
        return [(MOST_DAYS * DAY_MINUTES, hour_limit_kbps(limits, minute))]
    edges = {0, DAY_MINUTES} | {edge for limit in limits for span in limit.hours for edge in minutes_of(span)}
    marks = sorted(edge + day * DAY_MINUTES for day in range(MOST_DAYS + 1) for edge in edges)
    marks = [minute, *(mark for mark in dict.fromkeys(marks) if mark > minute)]
    return [(after - before, hour_limit_kbps(limits, before % DAY_MINUTES)) for before, after in pairwise(marks)]
