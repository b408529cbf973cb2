"""Opens, tags and closes sessions: asks the book, signs the note, tells the pipeline to cut. One at a time."""

from __future__ import annotations

import contextlib
from typing import Any

from edge.recorder.recording import RoomRecording
from edge.recorder.refusal import Refusal
from storage.manifest import MANIFEST, NoteKind, NoteManifest
from storage.signing import peek_json


class SessionDesk:
    """Raises Refusal, with nothing changed, or OSError when the disk did not take the note."""

    def __init__(self, recording: RoomRecording, lock: contextlib.AbstractContextManager[Any]) -> None:
        self._recording, self._lock = recording, lock

    def open(self, session: str, officer: str, signed_in: str, tag_sha256: str | None) -> dict[str, Any]:
        """The same session again is answered alike: an answer may have been lost on its way."""
        recording = self._recording
        keeping = recording.keeping
        with self._lock:
            if (standing := keeping.sessions.may_open(session)) is not None:
                return {"opened_wall_ns": standing.opened_wall_ns}
            if self._notes(session):
                raise Refusal(
                    "session-closed",
                    "这场接访已经结束，不能再次开始；请新开一场，录像照常。",
                    "This session was closed already; open a new one. Recording goes on.",
                )
            note = keeping.notes.write(
                NoteKind.SESSION_OPENED, session=session, officer=officer, signed_in=signed_in, tag_sha256=tag_sha256
            )
            keeping.sessions.apply(note)
        recording.cut()
        return {"opened_wall_ns": note.made.wall_ns}

    def tag(self, session: str, tag_sha256: str, officer: str, signed_in: str) -> dict[str, Any]:
        """Works after closing too."""
        recording = self._recording
        keeping = recording.keeping
        with self._lock:
            notes = self._notes(session)
            if not notes:
                raise Refusal(
                    "session-unknown", "本室没有这场接访，未作改动。", "There is no such session here; nothing changed."
                )
            if (last := _last_tag(notes)) is not None and last.tag_sha256 == tag_sha256:
                return {"made_wall_ns": last.made.wall_ns}
            note = keeping.notes.write(
                NoteKind.SESSION_TAGGED, session=session, officer=officer, signed_in=signed_in, tag_sha256=tag_sha256
            )
            keeping.sessions.apply(note)
        return {"made_wall_ns": note.made.wall_ns}

    def close(self, session: str, officer: str, signed_in: str) -> dict[str, Any]:
        recording = self._recording
        keeping = recording.keeping
        with self._lock:
            keeping.sessions.may_close(session)
            note = keeping.notes.write(NoteKind.SESSION_CLOSED, session=session, officer=officer, signed_in=signed_in)
            keeping.sessions.apply(note)
        recording.cut()
        return {"closed_wall_ns": note.made.wall_ns}

    def _notes(self, session: str) -> list[NoteManifest]:
        rows = self._recording.keeping.index.notes_of(session)
        manifests = [MANIFEST.validate_python(peek_json(row.jws)) for row in rows]
        return [manifest for manifest in manifests if isinstance(manifest, NoteManifest)]


def _last_tag(notes: list[NoteManifest]) -> NoteManifest | None:
    tagged = [note for note in notes if note.tag_sha256 is not None]
    return tagged[-1] if tagged else None
