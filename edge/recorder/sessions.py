"""Which session is open in this room, and which touches a span of footage. Pure: time comes with the notes.

The chain is the memory: the book is read back from its notes at start, so that an open session stays open over a
crash. Monotonic times compare only within one life of the recorder; what opened before it was open all along.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from edge.recorder.refusal import Refusal
from storage.manifest import Moment, NoteKind, NoteManifest

REMEMBERED = 16  # closed sessions whose footage may still be on its way into the chain


@dataclass(frozen=True, slots=True)
class Session:
    """`opened_mono_ns` is None when it was opened before this life of the recorder."""

    session: str
    opened_wall_ns: int
    opened_mono_ns: int | None
    closed: Moment | None = None
    tag_sha256: str | None = None

    def overlap_ns(self, start: Moment, end: Moment) -> int:
        """How long the span was within the session; below 0: not at all."""
        since_ns = min(start.mono_ns, end.mono_ns - 1)  # a span that began in an earlier boot has a start of that boot
        begins = since_ns if self.opened_mono_ns is None else max(since_ns, self.opened_mono_ns)
        ends = end.mono_ns if self.closed is None else min(end.mono_ns, self.closed.mono_ns)
        return ends - begins


class SessionBook:
    """At most one session is open. Ask `may_…` first, sign the note, then `apply` it."""

    def __init__(self, notes: Iterable[NoteManifest] = ()) -> None:
        self.current: Session | None = None
        self.last_closed: Moment | None = None
        self._closed: list[Session] = []
        for note in notes:
            self.apply(note)

    def apply(self, note: NoteManifest) -> None:
        """What the chain says now. Notes in their order."""
        if note.note is NoteKind.RECORDER_STARTED:
            self._closed.clear()
            if self.current is not None:
                self.current = replace(self.current, opened_mono_ns=None)
        elif note.session is None:
            return
        elif note.note is NoteKind.SESSION_OPENED:
            made = note.made
            self.current = Session(note.session, made.wall_ns, made.mono_ns, tag_sha256=note.tag_sha256)
        elif note.note is NoteKind.SESSION_TAGGED:
            self._tag(note.session, note.tag_sha256)
        elif note.note is NoteKind.SESSION_CLOSED and self._is_current(note.session) and self.current is not None:
            self._closed = [*self._closed, replace(self.current, closed=note.made)][-REMEMBERED:]
            self.last_closed = note.made
            self.current = None

    def may_open(self, session: str) -> Session | None:
        """The session when it is open already, None when it may be opened. Raises Refusal."""
        if self.current is None or self.current.session == session:
            return self.current
        raise Refusal(
            "session-open",
            "本室已有一场接访正在进行，请先结束它；录像照常。",
            "A session is open in this room already; close it first. Recording goes on.",
            session=self.current.session,
        )

    def may_close(self, session: str) -> Session:
        """Raises Refusal."""
        if self.current is not None and self.current.session == session:
            return self.current
        raise Refusal(
            "session-not-open",
            "这场接访没有开始或已经结束，未作改动；录像照常。",
            "This session is not open, or was closed already; nothing was changed. Recording goes on.",
            session=self.current.session if self.current else None,
        )

    def at(self, start: Moment, end: Moment) -> tuple[str | None, str | None]:
        """The session that most of the span belongs to, and its tag; (None, None) when none touches it."""
        known = [*self._closed, *([self.current] if self.current else [])]
        touching = [session for session in known if session.overlap_ns(start, end) > 0]
        if not touching:
            return None, None
        chosen = max(touching, key=lambda session: session.overlap_ns(start, end))
        return chosen.session, chosen.tag_sha256

    def _is_current(self, session: str) -> bool:
        return self.current is not None and self.current.session == session

    def _tag(self, session: str, tag_sha256: str | None) -> None:
        if self.current is not None and self.current.session == session:
            self.current = replace(self.current, tag_sha256=tag_sha256)
        self._closed = [
            replace(closed, tag_sha256=tag_sha256) if closed.session == session else closed for closed in self._closed
        ]
