"""A stretch of a room's time as bars on a line, in percent. Pure; draws nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from pages.times import SECOND_NS, CountyTime, duration

HOUR_NS = 3600 * SECOND_NS
LEAST_WIDTH = 0.18  # percent: a bar that is there must be seen


@dataclass(frozen=True, slots=True)
class Span:
    start_ns: int
    end_ns: int
    words: str = ""
    target: str = ""


@dataclass(frozen=True, slots=True)
class Bar:
    x: float
    width: float
    words: str
    target: str = ""


@dataclass(frozen=True, slots=True)
class Tick:
    x: float
    words: str


@dataclass(frozen=True, slots=True)
class GapLine:
    """`cause`: a Chinese sentence to translate where it is shown. `calm`: as configured, outside any session."""

    start_ns: int
    end_ns: int
    cause: str
    calm: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    footage: Sequence[Bar]
    sessions: Sequence[Bar]
    gaps: Sequence[Bar]
    calm: Sequence[Bar]
    ticks: Sequence[Tick]
    gap_list: Sequence[GapLine]
    now_x: float | None
    summary: str


def day_window(first_ns: int, last_ns: int, spans: Sequence[Span]) -> tuple[int, int]:
    """Office hours, 7 to 19, wider where there is footage: a night of empty line helps nobody."""
    start, end = first_ns + 7 * HOUR_NS, first_ns + 19 * HOUR_NS
    if spans:
        start = min(start, max(first_ns, min(span.start_ns for span in spans) // HOUR_NS * HOUR_NS))
        end = max(end, min(last_ns, -(-max(span.end_ns for span in spans) // HOUR_NS) * HOUR_NS))
    return start, end


def draw(
    window: tuple[int, int],
    footage: Iterable[Span],
    sessions: Iterable[Span],
    gaps: Iterable[GapLine],
    county: CountyTime,
    now_ns: int,
) -> Line:
    """Lay everything out in `window`; what lies outside is cut off. Calm gaps are drawn and not listed."""
    joined = join(footage)
    stretches = [span for span in joined if span.end_ns > window[0] and span.start_ns < window[1]]
    inside = [gap for gap in gaps if gap.end_ns > window[0] and gap.start_ns < window[1]]
    gap_list = [gap for gap in inside if not gap.calm]
    calm = join(Span(gap.start_ns, gap.end_ns, gap.cause) for gap in inside if gap.calm)
    recorded_ns = sum(min(span.end_ns, window[1]) - max(span.start_ns, window[0]) for span in stretches)
    return Line(
        footage=_bars(window, stretches, county),
        sessions=_bars(window, sessions, county),
        gaps=_bars(window, [Span(gap.start_ns, gap.end_ns, gap.cause) for gap in gap_list], county),
        calm=_bars(window, calm, county),
        ticks=_ticks(window, county),
        gap_list=gap_list,
        now_x=_place(window, now_ns) if window[0] <= now_ns <= window[1] else None,
        summary=f"{duration(recorded_ns)} / {len(gap_list)}",
    )


def join(spans: Iterable[Span], within_ns: int = SECOND_NS) -> list[Span]:
    """Neighbouring spans as one."""
    joined: list[Span] = []
    for span in sorted(spans, key=lambda one: one.start_ns):
        if joined and span.start_ns - joined[-1].end_ns <= within_ns:
            joined[-1] = Span(joined[-1].start_ns, max(joined[-1].end_ns, span.end_ns), span.words, span.target)
        else:
            joined.append(span)
    return joined


def _bars(window: tuple[int, int], spans: Iterable[Span], county: CountyTime) -> list[Bar]:
    bars = []
    for span in spans:
        start, end = max(span.start_ns, window[0]), min(span.end_ns, window[1])
        if end <= start:
            continue
        x = _place(window, start)
        width = max(LEAST_WIDTH, round((end - start) * 100 / (window[1] - window[0]), 3))
        words = f"{county.clock(span.start_ns)}–{county.clock(span.end_ns)}"
        bars.append(Bar(x, min(width, 100 - x), f"{words} {span.words}".strip(), span.target))
    return bars


def _ticks(window: tuple[int, int], county: CountyTime) -> list[Tick]:
    """Whole steps of the clock: at most thirteen of them."""
    length = window[1] - window[0]
    step = next((s for s in (60, 300, 600, 1800, 3600, 7200) if length / (s * SECOND_NS) <= 13), 14400) * SECOND_NS
    offset = int((county.at(window[0]).utcoffset() or timedelta()).total_seconds()) * SECOND_NS
    first = -(-(window[0] + offset) // step) * step - offset
    return [Tick(_place(window, at), county.minute(at)) for at in range(first, window[1] + 1, step)]


def _place(window: tuple[int, int], at_ns: int) -> float:
    return round((at_ns - window[0]) * 100 / (window[1] - window[0]), 3)
