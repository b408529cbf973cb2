"""Which attendants a recording has. One line for each; what they need comes from `Surroundings`."""

from __future__ import annotations

from edge.recorder.attendant import Attendant, Surroundings


def make_attendants(_surroundings: Surroundings) -> tuple[Attendant, ...]:
    return ()
