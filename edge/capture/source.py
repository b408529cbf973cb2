"""The interface of every source, and how a source says that it can't. Owns no device."""

from __future__ import annotations

from typing import Literal, Protocol

from edge.capture.frame import Captured

TrackKind = Literal["video", "audio"]


class SourceError(Exception):
    """A source can't deliver. `code` is for machines; the sentences say what happened, what goes on, what to do.

    None of them ever carries a password or an address with one.
    """

    def __init__(self, code: str, message: str, message_en: str) -> None:
        super().__init__(message_en)
        self.code = code
        self.message = message
        self.message_en = message_en


class SourceUnavailable(SourceError):
    """It can't be opened: missing, busy, refused, not what it should be."""


class SourceLost(SourceError):
    """It was open and stopped delivering."""


class Source(Protocol):
    """Used by one thread only. After `close` the same object may be opened again."""

    def open(self) -> frozenset[TrackKind]:
        """Open the device and say what it delivers. Bounded in time. Raises SourceUnavailable."""

    def read(self, timeout_s: float) -> Captured | None:
        """The next item, or None when nothing came for `timeout_s`. Raises SourceLost."""

    def close(self) -> None:
        """Give the device back. Never raises."""
