"""How many hours the disk still takes, from what was sealed lately. Pure: times and bytes are arguments.

What the archive has receipted counts as free: it goes when the disk needs room. So the figure says how long the room
records if the line to the centre is cut now.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from config.room import RoomConfiguration

NS = 1_000_000_000
WINDOW_NS = 24 * 3600 * NS  # a day: quiet nights count, as they will again
LEAST_SPAN_NS = 3600 * NS  # what was measured for less says nothing about a day
SAMPLE_NS = 60 * NS
LEAST_BYTES_PER_S = 125_000  # what sealing in small pieces costs however little moves (`edge/spool/open_segment.py`)
CONTAINER = 1.1  # of the tracks' bit rates: containers, sealing, manifests


@dataclass(frozen=True, slots=True)
class DiskFigures:
    """What is known of the disk now. `free_bytes` None: not measured yet; `sealed_bytes` grows with every segment."""

    free_bytes: int | None
    reserve_bytes: int
    receipted_bytes: int
    sealed_bytes: int


class Growth:
    """Told of the sealed bytes about once a second; remembers a day of them, minute by minute."""

    def __init__(self) -> None:
        self._samples: deque[tuple[int, int]] = deque()

    def see(self, now_mono_ns: int, sealed_bytes: int) -> None:
        if self._samples and now_mono_ns - self._samples[-1][0] < SAMPLE_NS:
            return
        self._samples.append((now_mono_ns, sealed_bytes))
        while now_mono_ns - self._samples[0][0] > WINDOW_NS:
            self._samples.popleft()

    def bytes_per_s(self, otherwise: float) -> float:
        """As measured; `otherwise` before an hour was."""
        if not self._samples:
            return otherwise
        (first_ns, first_bytes), (last_ns, last_bytes) = self._samples[0], self._samples[-1]
        if last_ns - first_ns < LEAST_SPAN_NS:
            return otherwise
        return (last_bytes - first_bytes) * NS / (last_ns - first_ns)


def configured_bytes_per_s(configuration: RoomConfiguration) -> float:
    """What recording all the time as configured takes."""
    kbps = configuration.picture.bitrate_kbps + configuration.sound.bitrate_kbps
    return max(LEAST_BYTES_PER_S, kbps * 1000 / 8 * CONTAINER)


def hours_left(figures: DiskFigures, bytes_per_s: float) -> float | None:
    """Until the reserve is reached; 0 where it is. None: not known, or nothing is recorded that could fill the disk."""
    if figures.free_bytes is None or bytes_per_s <= 0:
        return None
    usable = max(0, figures.free_bytes + figures.receipted_bytes - figures.reserve_bytes)
    return usable / bytes_per_s / 3600
