"""Which attendants a recording has. One line for each; what they need comes from `Surroundings`."""

from __future__ import annotations

from edge.recorder.attendant import Attendant, Surroundings
from edge.recorder.clock_attendant import ClockAttendant
from edge.recorder.disk_watch import DiskWatch
from edge.recorder.health_watch import HealthWatch
from edge.recorder.media_clock import MediaClock
from edge.recorder.presence_watch import PresenceWatch
from edge.spool.moments import boot_id


def make_attendants(surroundings: Surroundings) -> tuple[Attendant, ...]:
    steering = surroundings.steering
    presence = () if steering is None else (PresenceWatch(surroundings, steering),)
    recorded = surroundings.recorded
    health = () if recorded is None else (HealthWatch(surroundings, recorded),)
    disk = () if surroundings.disk is None else (DiskWatch(surroundings.disk, surroundings.configuration),)
    return (*health, *disk, ClockAttendant(boot_id(), surroundings), MediaClock(surroundings), *presence)
