"""shilu-recorder in the emulated machine, where whatever a thread does may take longer than a hang elsewhere."""

from __future__ import annotations

from edge.capture import supervisor
from edge.pipeline import recording
from edge.recorder.command import main

recording.TURN_NS = recording.BEGINNING_NS = 60_000_000_000
supervisor.READING_NS = supervisor.OPENING_NS = 60_000_000_000
if __name__ == "__main__":
    main()
