"""How long to wait before trying again. Pure: the jitter is an argument."""

from __future__ import annotations

FIRST_S = 1.0
LONGEST_S = 60.0


def delay_s(attempt: int, jitter: float, first_s: float = FIRST_S, longest_s: float = LONGEST_S) -> float:
    """Seconds before try number `attempt` + 1, counted from 0. Doubles up to `longest_s`.

    `jitter` in [0, 1) spreads the rooms of a county: all lose the centre in the same second and must not all
    come back in the same second.
    """
    whole = min(longest_s, first_s * 2.0 ** min(attempt, 30))
    return whole * (0.5 + jitter / 2)
