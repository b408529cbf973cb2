"""What picture and sound must show while nobody is expected in the room: nothing. Pure: the moment is an argument.

With the lights out a good camera is black and a good microphone hears nothing. Outside known opening hours, by a clock
that is synchronized and without an open session, that is no trouble. A device that is lost, that nothing is seen of or
that repeats itself still is one, and so is whatever the recorder itself does worse.
"""

from __future__ import annotations

from collections.abc import Iterable

from config.opening_hours import OpeningHours

# What an empty, dark room does to devices that are well.
OF_THE_ROOM = frozenset(
    {
        "picture-black",
        "picture-covered",
        "picture-frozen",
        "picture-too-bright",
        "picture-too-dark",
        "sound-clipped",
        "sound-silent",
    }
)


def is_expected(
    hours: OpeningHours, timezone: str, wall_ns: int, *, synchronized: bool | None, session_open: bool
) -> bool:
    """Whether picture and sound must be good now. Whatever isn't known counts for yes."""
    if session_open or not hours.known or synchronized is not True:
        return True
    return hours.is_open(wall_ns, timezone)


def told(faults: Iterable[tuple[str, int]], *, expected: bool) -> list[tuple[str, int]]:
    """Of the faults of one source, by code and time, those that somebody has to hear of."""
    return [(code, since_ns) for code, since_ns in faults if expected or code not in OF_THE_ROOM]
