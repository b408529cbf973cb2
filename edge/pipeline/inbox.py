"""The bounded queue between the sources' threads and the one that encodes.

Drop rule: a picture that finds `pictures` others of its camera waiting is refused, counted, and its time kept, so that
a gap is written for it; sound is refused only when ten seconds of its microphone's wait, and leaves silence and a gap
by itself. Orders are never refused: they are few and made by people.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass

from config.room import RoomConfiguration
from edge.capture.frame import AudioBlock, Captured
from storage.manifest import SourceName

MOST_PICTURES = 25
_MOST_SOUND_SAMPLES = 480_000
_MOST_REFUSED = 250


@dataclass(frozen=True, slots=True)
class KeyWanted:
    """A viewer joined."""


@dataclass(frozen=True, slots=True)
class RenewWanted:
    """What was encoded can't be decoded: another encoder, in a run of its own."""


@dataclass(frozen=True, slots=True)
class CutWanted:
    """A session opens or closes; `label` stands on the picture from that moment on."""

    label: str


@dataclass(frozen=True, slots=True)
class ArrangementWanted:
    """Other places or other text in the picture; sources and size are what they were."""

    configuration: RoomConfiguration


Order = KeyWanted | CutWanted | RenewWanted | ArrangementWanted
Item = Captured | Order


class Inbox:
    def __init__(self, pictures: int = MOST_PICTURES) -> None:
        self._most_pictures = pictures
        self._items: deque[Item] = deque()
        self._ready = threading.Condition()
        self._pictures: dict[SourceName, int] = {}
        self._samples: dict[SourceName, int] = {}
        self._refused: deque[int] = deque(maxlen=_MOST_REFUSED)
        self.refused = 0  # since the start

    def put(self, item: Item) -> None:
        """Returns at once."""
        with self._ready:
            if isinstance(item, AudioBlock):
                waiting = self._samples.get(item.source, 0)
                if waiting >= _MOST_SOUND_SAMPLES:
                    return
                self._samples[item.source] = waiting + len(item.samples)
            elif not isinstance(item, Order):
                waiting = self._pictures.get(item.source, 0)
                if waiting >= self._most_pictures:
                    if item.source == "camera":  # the second camera's next picture stands in for one that is refused
                        self._refused.append(item.mono_ns)
                        self.refused += 1
                    return
                self._pictures[item.source] = waiting + 1
            self._items.append(item)
            if isinstance(item, Order | AudioBlock) or item.source != "second-camera":
                self._ready.notify()  # a second camera's picture is drawn into the next one anyway: nobody wakes for it

    def take(self, timeout_s: float) -> list[Item]:
        """All that waits, in order of arrival; waits for the first one up to `timeout_s`."""
        with self._ready:
            if not self._items:
                self._ready.wait(timeout_s)
            taken = list(self._items)
            self._items.clear()
            self._pictures, self._samples = {}, {}
            return taken

    @property
    def pictures_wait(self) -> bool:
        """Whether one of the main camera's does."""
        return "camera" in self._pictures

    @property
    def sound_waits(self) -> frozenset[SourceName]:
        """The microphones whose sound does."""
        with self._ready:
            return frozenset(self._samples)

    def take_refused(self) -> list[int]:
        """Capture times of the pictures refused since the last call."""
        with self._ready:
            taken = list(self._refused)
            self._refused.clear()
            return taken
