"""One reader's bounded queue on the media bus. Owns the drop rule. Pure: no sockets, no clock.

A full queue is emptied and takes nothing more until the next key frame (or, on a bus without pictures, the next
sound): a late reader sees a jump, never a broken picture, and never slows the recorder.
"""

from __future__ import annotations

from collections import deque

from streaming.bus import BusFrame, Kind

LIMIT_BYTES = 4 << 20
LIMIT_FRAMES = 600  # about five seconds of pictures and 10 ms blocks


class ReaderQueue:
    """A new reader gets sound at once and pictures from the first key frame on."""

    def __init__(self, limit_bytes: int = LIMIT_BYTES, limit_frames: int = LIMIT_FRAMES) -> None:
        self._limit_bytes, self._limit_frames = limit_bytes, limit_frames
        self._frames: deque[BusFrame] = deque()
        self._bytes = 0
        self._pictures_from_key = True
        self._silent_until_key = False
        self.has_pictures = True
        self.dropped = 0

    @property
    def wants_key(self) -> bool:
        """Whether pictures wait for a key frame."""
        return self.has_pictures and self._pictures_from_key

    def put(self, frame: BusFrame) -> None:
        if frame.kind is Kind.DESCRIPTION:
            self._append(frame)  # rare and small: always stands
            return
        if frame.kind is Kind.H264 and frame.key:
            self._pictures_from_key = self._silent_until_key = False
        if self._is_unwanted(frame):
            self.dropped += 1
            return
        full = len(self._frames) >= self._limit_frames or self._bytes + len(frame.payload) > self._limit_bytes
        if full and not self._empty_for(frame):
            return
        self._append(frame)

    def take(self) -> BusFrame | None:
        if not self._frames:
            return None
        frame = self._frames.popleft()
        self._bytes -= len(frame.payload)
        return frame

    def _is_unwanted(self, frame: BusFrame) -> bool:
        if self._silent_until_key:
            return True
        return frame.kind is Kind.H264 and self._pictures_from_key

    def _empty_for(self, frame: BusFrame) -> bool:
        """Drop what waits but descriptions. Whether `frame` itself may follow at once."""
        kept = [waiting for waiting in self._frames if waiting.kind is Kind.DESCRIPTION][-1:]
        self.dropped += len(self._frames) - len(kept)
        self._frames = deque(kept)
        self._bytes = sum(len(waiting.payload) for waiting in kept)
        if frame.key or not self.has_pictures:
            return True
        self._pictures_from_key = self._silent_until_key = True
        self.dropped += 1
        return False

    def _append(self, frame: BusFrame) -> None:
        self._frames.append(frame)
        self._bytes += len(frame.payload)
