"""Whether pictures are lost on their way to the encoder, and whether it falls behind. Pure: counters in, codes out."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from config.health import HealthSettings
from edge.health.hold import Hold

WINDOW_NS = 10_000_000_000
RAISE_NS = 2_000_000_000
CLEAR_NS = 5_000_000_000
LEAST_LOST = 5  # of a slow camera a picture or two say nothing
SETTLING_NS = 5_000_000_000  # after a new pipeline begins: sources and encoder find their pace


@dataclass(frozen=True, slots=True)
class Counters:
    """Of one pipeline; each only grows: pictures recorded, lost for any reason, refused at the inbox."""

    pipeline: int
    frames: int
    lost: int
    refused: int


class FramesWatch:
    """`count` about once a second."""

    def __init__(self) -> None:
        self._counted: deque[tuple[int, Counters]] = deque()
        self._lost = Hold(RAISE_NS, CLEAR_NS)
        self._behind = Hold(RAISE_NS, CLEAR_NS)
        self._begun_ns = 0

    def count(self, counters: Counters, now_ns: int, settings: HealthSettings) -> None:
        if not self._counted or self._counted[-1][1].pipeline != counters.pipeline:
            self._counted.clear()
            self._begun_ns = now_ns
        self._counted.append((now_ns, counters))
        while now_ns - self._counted[0][0] > WINDOW_NS:
            self._counted.popleft()
        first = self._counted[0][1]
        lost, refused = counters.lost - first.lost, counters.refused - first.refused
        taken = max(1, counters.frames - first.frames + lost)
        settled = now_ns - self._begun_ns >= SETTLING_NS
        much = settled and lost >= LEAST_LOST and lost > settings.lost_share * taken
        self._behind.tell("encoder-behind" if much and 2 * refused > lost else None, now_ns)
        self._lost.tell("frames-lost" if much and 2 * refused <= lost else None, now_ns)

    def faults(self) -> list[tuple[str, int]]:
        return [(hold.code, hold.since_ns) for hold in (self._behind, self._lost) if hold.code is not None]
