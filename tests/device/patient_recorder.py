"""shilu-recorder in the emulated machine, where one picture may take longer than a hung encoder does elsewhere."""

from __future__ import annotations

from edge.pipeline import recording
from edge.recorder.command import main

recording.TURN_NS = recording.BEGINNING_NS = 60_000_000_000
if __name__ == "__main__":
    main()
