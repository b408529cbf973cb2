"""Whether footage is wanted now. Pure: state decides, never events, so that any order of things ends alike.

Where it can't be known, footage is wanted: hours by a clock that is not synchronized, presence without a sense.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from storage.manifest import GapCause, Moment

Mode = Literal["always", "hours", "presence"]
AFTER_SESSION_NS = 30_000_000_000
BLIND_AFTER_NS = 30_000_000_000  # a copied camera may show a picture only every ten seconds or so


@dataclass(frozen=True, slots=True)
class Circumstances:
    """Everything the rule knows, at `now`.

    `hours_open`: by the room's wall clock. `present_mono_ns`: the last sign of presence. `sensed_mono_ns`: when a
    picture or a sound was last looked at, or when looking began.
    """

    now: Moment
    mode: Mode
    hours_open: bool
    clock_synchronized: bool | None
    present_mono_ns: int | None
    sensed_mono_ns: int
    post_roll_ns: int
    session_open: bool
    session_closed: Moment | None = None


def unwanted(at: Circumstances) -> GapCause | None:
    """Why footage is not wanted now; None: it is."""
    if at.mode == "always" or at.session_open or _is_just_closed(at.session_closed, at.now):
        return None
    if at.mode == "hours":
        return GapCause.OUTSIDE_HOURS if at.clock_synchronized and not at.hours_open else None
    if at.now.mono_ns - at.sensed_mono_ns > BLIND_AFTER_NS:
        return None
    present = at.present_mono_ns
    lasting = present is not None and at.now.mono_ns - present <= at.post_roll_ns
    return None if lasting else GapCause.NOBODY_PRESENT


def _is_just_closed(closed: Moment | None, now: Moment) -> bool:
    """By either clock: the one may have been set, the other begins anew with the PC."""
    if closed is None:
        return False
    since = (now.mono_ns - closed.mono_ns, now.wall_ns - closed.wall_ns)
    return any(0 <= one <= AFTER_SESSION_NS for one in since)
