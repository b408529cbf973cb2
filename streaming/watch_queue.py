"""What waits for one viewer. Pure: bounded, and the drop rule stands here.

A viewer that falls behind loses pictures up to the next key frame, never parts of them: a decoder that is handed a
picture whose reference it lacks shows rubbish. Sound loses its oldest block. The recorder is never slowed.
"""

from __future__ import annotations

from collections import deque

from streaming.packet import Packet

PICTURES_AT_MOST = 50  # two seconds at 25 pictures a second
SOUND_AT_MOST = 50  # one second of 20 ms


class PictureQueue:
    """Packets for one viewer, beginning with a key frame."""

    def __init__(self, limit: int = PICTURES_AT_MOST) -> None:
        self._waiting: deque[Packet] = deque()
        self._limit = limit
        self._needs_key = True
        self.dropped = 0

    @property
    def needs_key(self) -> bool:
        """True while nothing can be taken in before a key frame comes: worth asking for one."""
        return self._needs_key

    def put(self, packet: Packet) -> bool:
        """Take `packet` in, or drop it by the rule. True when it was taken."""
        if len(self._waiting) >= self._limit:
            self.dropped += len(self._waiting)
            self._waiting.clear()
            self._needs_key = True
        if self._needs_key and not packet.key:
            self.dropped += 1
            return False
        self._needs_key = False
        self._waiting.append(packet)
        return True

    def take(self) -> Packet | None:
        return self._waiting.popleft() if self._waiting else None


class SoundQueue:
    """Opus blocks for one viewer as (pts_90k, bytes); the oldest goes first when it is full."""

    def __init__(self, limit: int = SOUND_AT_MOST) -> None:
        self._waiting: deque[tuple[int, bytes]] = deque(maxlen=limit)

    def put(self, pts_90k: int, block: bytes) -> None:
        self._waiting.append((pts_90k, block))

    def take(self) -> tuple[int, bytes] | None:
        return self._waiting.popleft() if self._waiting else None
