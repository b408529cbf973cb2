"""Starts the emulated machine, reads what it found, and judges it. Run by script/devices and the tests beside it."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from tests.device.machine import NoMachine, run_guest

TIMEOUT_S = 560.0  # minutes where it has the machine to itself


class Failed(Exception):
    """The guest did not come to its end; the text is what it said."""


def look() -> dict[str, Any]:
    """What the guest measured. Raises NoMachine or Failed."""
    try:
        said = run_guest(TIMEOUT_S)
    except subprocess.TimeoutExpired as error:
        raise Failed(f"not at its end after {TIMEOUT_S:.0f} s: {(error.stdout or b'').decode()[-4000:]}") from None
    lines = [line.partition("RESULT ")[2] for line in said.splitlines() if "RESULT " in line]
    if not lines:
        raise Failed(said[-6000:])
    return dict(json.loads(lines[-1]))


def faults(found: dict[str, Any]) -> list[str]:
    """What is not as it must be."""
    wanted = {
        "pictures from the driver": found["camera"] >= 15,
        "the size that was asked for": found["picture"] == [320, 180],
        "sound from the card": found["microphone"] >= 50 and found["loudest"] > 1_000,
        "a listed camera": bool(found["devices"]["cameras"]),
        "a listed sound card": bool(found["devices"]["sound_cards"]),
        "a gap for the camera": ["video", "camera-lost"] in found["gaps"],
        "a gap for the microphone": ["audio", "microphone-lost"] in found["gaps"],
        "a recording that goes on, whatever is unplugged": {cause for track, cause in found["gaps"] if track == "all"}
        <= {"encoder-failed"},  # an emulated machine on a busy host may stand still as a whole for seconds
        "footage that verifies": found["verified"] and found["segments"] > 1,
    }
    return [name for name, holds in wanted.items() if not holds]


def main() -> int:
    try:
        found = look()
    except (NoMachine, Failed) as error:
        print(error, file=sys.stderr)
        return 1
    missing = faults(found)
    for name in missing:
        print(f"missing: {name}", file=sys.stderr)
    print(json.dumps(found))
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
