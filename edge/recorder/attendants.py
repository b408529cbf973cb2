"""Which attendants a recording has. One line for each; what they need comes from `Surroundings`."""

from __future__ import annotations

from edge.recorder.attendant import Attendant, Surroundings
from edge.recorder.media_clock import MediaClock
from edge.recorder.presence_watch import PresenceWatch


def make_attendants(surroundings: Surroundings) -> tuple[Attendant, ...]:
    steering = surroundings.steering
    presence = () if steering is None else (PresenceWatch(surroundings, steering),)
    return (MediaClock(surroundings), *presence)
