"""What the wall clock did: steps against monotonic time, and corrections of what was recorded before it was known.

Pure: each look brings both clocks and how the wall clock is known. A step never touches a run, whose media time
decides; it is noted. When the clock becomes known, the difference of both clocks dates every entry of this boot whose
own clock was not known: monotonic time has run on beside them all.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from storage.manifest import ClockCorrection, ClockState, Moment

STEP_NS = 500_000_000  # more than that between two looks is a step; slewing is half a millisecond a second
WORTH_NS = 50_000_000  # a clock that was lost and found again with less than that needs no second correction
SURE_IN_A_ROW = 200  # known entries in a row, looking back: before them all is known or corrected
MOST_LOOKED_AT = 5_000


@dataclass(frozen=True, slots=True)
class Stepped:
    """The wall clock was set while it ran; forward is positive."""

    step_ns: int


@dataclass(frozen=True, slots=True)
class Doubt:
    """Entries of this boot from `first_number` on may be wrongly dated. `corrected`: some of this boot were put right
    before."""

    first_number: int | None = None
    corrected: bool = False


class ClockWatch:
    """`doubt`: what lives before this one left in the chain, see `read_doubt`."""

    def __init__(self, boot: str, doubt: Doubt) -> None:
        self._boot = boot
        self._first_doubtful = doubt.first_number
        self._corrected = doubt.corrected
        self._offset_ns: int | None = None
        self._head_number: int | None = None
        self._seen_in_doubt: tuple[int, int] | None = None  # least and most; None: not all of it was seen

    def look(self, now: Moment, state: ClockState, head_number: int) -> tuple[Stepped | ClockCorrection, ...]:
        """What is to be noted. `head_number`: the last entry of the chain before this look; `now` from two clocks
        read so close together that their difference means something."""
        offset_ns = now.wall_ns - now.mono_ns
        before_ns, self._offset_ns = self._offset_ns, offset_ns
        found: list[Stepped | ClockCorrection] = []
        if before_ns is not None and abs(offset_ns - before_ns) > STEP_NS:
            found.append(Stepped(offset_ns - before_ns))
        if state.synchronized is True:
            found += self._correct(offset_ns, state, head_number)
        else:
            self._doubt(offset_ns, head_number)
        self._head_number = head_number
        return tuple(found)

    def _doubt(self, offset_ns: int, head_number: int) -> None:
        if self._first_doubtful is None:
            self._first_doubtful = max(1, head_number) if self._head_number is None else self._head_number + 1
            self._seen_in_doubt = (offset_ns, offset_ns)
        elif self._seen_in_doubt is not None:
            least, most = self._seen_in_doubt
            self._seen_in_doubt = (min(least, offset_ns), max(most, offset_ns))

    def _correct(self, offset_ns: int, state: ClockState, head_number: int) -> list[ClockCorrection]:
        """Once each time the clock becomes known, unless it had been right all the while."""
        first, seen = self._first_doubtful, self._seen_in_doubt
        self._first_doubtful = self._seen_in_doubt = None
        if first is None or first > head_number:
            return []
        if seen is not None and all(abs(offset_ns - one) < WORTH_NS for one in seen) and self._corrected:
            return []
        self._corrected = True
        return [
            ClockCorrection(
                boot=self._boot,
                first_number=first,
                last_number=head_number,
                wall_minus_mono_ns=offset_ns,
                uncertainty_ns=state.uncertainty_ns,
            )
        ]


def read_doubt(newest_first: Iterable[tuple[int, dict[str, Any]]], boot: str) -> Doubt:
    """What the chain says about entries of this boot, as (number, the entry's JSON), newest first.

    Looks back to the start of the boot, to its last correction, or to where entries have been known for long. What a
    new boot's start recovered from the one before it stands before its first `recorder-started` and is left out.
    """
    first: int | None = None
    began = sure = 0
    for looked_at, (number, entry) in enumerate(newest_first, start=1):
        note, detail = entry.get("note"), str(entry.get("detail") or "")
        if note == "clock-corrected" and (entry.get("correction") or {}).get("boot") == boot:
            return Doubt(first, corrected=True)
        if note == "recorder-started":
            if f"boot={boot}" not in detail:
                break
            began = number
        known = (entry.get("clock") or {}).get("synchronized") is True
        first, sure = (first, sure + 1) if known else (number, 0)
        if sure >= SURE_IN_A_ROW or looked_at >= MOST_LOOKED_AT:
            return Doubt(first)
    return Doubt(None if first is None else max(first, began))
