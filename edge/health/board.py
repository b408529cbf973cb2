"""What is wrong in the room and since when, and which word about it goes into the chain. Pure.

Whatever stands in the status passes here: problems of every attendant, of the recorder itself, sources that are lost.
A trouble that comes and goes all day fills no chain: beyond so many words an hour one summary stands for the rest.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from storage.manifest import Moment

HOUR_NS = 3600 * 1_000_000_000
MOST_AN_HOUR = 12
ROOM = "recorder"  # stands for the source where a trouble belongs to none

Trouble = tuple[str, str]  # code, and the source's name or ROOM


@dataclass
class _Record:
    """One trouble's history. `told`: what the chain says of it; `unsaid`: changes since that it does not name."""

    since_wall_ns: int = 0
    stands: bool = False
    told: bool = False
    unsaid: int = 0
    words: deque[int] = field(default_factory=deque)


class HealthBoard:
    """`tell` all that stands, about once a second."""

    def __init__(self, most_an_hour: int = MOST_AN_HOUR) -> None:
        self._most = most_an_hour
        self._records: dict[Trouble, _Record] = {}

    @property
    def since(self) -> Mapping[Trouble, int]:
        """Wall time since which each trouble stands that stands now."""
        return {trouble: one.since_wall_ns for trouble, one in list(self._records.items()) if one.stands}

    def tell(self, standing: Iterable[Trouble], now: Moment) -> list[str]:
        """The words for the chain: "raised CODE SOURCE", "cleared CODE SOURCE", with " times=N" where it stands for
        N changes at once."""
        wanted = set(standing)
        for trouble in wanted - self._records.keys():
            self._records[trouble] = _Record()
        words = []
        for trouble, record in sorted(self._records.items()):
            if (trouble in wanted) != record.stands:
                self._change(record, now)
            if (word := self._word(trouble, record, now.mono_ns)) is not None:
                words.append(word)
        self._records = {
            trouble: one for trouble, one in self._records.items() if one.stands or one.unsaid or one.words
        }
        return words

    def _change(self, record: _Record, now: Moment) -> None:
        record.stands = not record.stands
        record.unsaid += 1
        if record.stands:
            record.since_wall_ns = now.wall_ns

    def _word(self, trouble: Trouble, record: _Record, mono_ns: int) -> str | None:
        while record.words and mono_ns - record.words[0] >= HOUR_NS:
            record.words.popleft()
        if not record.unsaid or len(record.words) >= self._most:
            return None
        record.words.append(mono_ns)
        times, record.unsaid, record.told = record.unsaid, 0, record.stands
        word = f"{'raised' if record.stands else 'cleared'} {trouble[0]} {trouble[1]}"
        return word if times == 1 else f"{word} times={times}"
