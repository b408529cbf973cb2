"""Notes go into the chain here: at once for who may wait for the disk, soon for who may not."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import structlog

from edge.spool.disk_room import is_out_of_room
from edge.spool.ledger import Ledger
from storage.manifest import ClockCorrection, NoteKind, NoteManifest

log = structlog.get_logger("recorder")
MOST_WAITING = 200  # an hour of a stalled disk with a problem that comes and goes; beyond it the oldest word stands


class Notes:
    """`write` and `write_later` from any thread; `stop` once."""

    def __init__(self, ledger: Ledger, failed: Callable[[BaseException], None]) -> None:
        self._ledger, self._failed = ledger, failed
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="notes")
        self._waiting = 0

    def write(
        self,
        kind: NoteKind,
        *,
        session: str | None = None,
        officer: str | None = None,
        signed_in: str | None = None,
        tag_sha256: str | None = None,
        detail: str | None = None,
        correction: ClockCorrection | None = None,
    ) -> NoteManifest:
        """Something that happened, signed and in the chain when this returns. Raises OSError."""
        return self._ledger.append(
            NoteManifest,
            note=kind,
            session=session,
            officer=officer,
            signed_in=signed_in,
            tag_sha256=tag_sha256,
            detail=detail,
            correction=correction,
        )

    def write_later(
        self,
        kind: NoteKind,
        *,
        session: str | None = None,
        detail: str | None = None,
        correction: ClockCorrection | None = None,
    ) -> None:
        """The same, soon. A disk that fails ends the process, as it does for footage."""
        if self._waiting >= MOST_WAITING:
            log.error("note-lost", note=kind, detail=detail, reason="too many wait for the disk")
            return
        self._waiting += 1
        with contextlib.suppress(RuntimeError):  # stopping: `recorder-stopped` is the last word
            self._worker.submit(self._write, kind, session, detail, correction)

    def stop(self) -> None:
        self._worker.shutdown(wait=False, cancel_futures=True)

    def _write(
        self, kind: NoteKind, session: str | None, detail: str | None, correction: ClockCorrection | None
    ) -> None:
        self._waiting -= 1
        try:
            self.write(kind, session=session, detail=detail, correction=correction)
        except Exception as error:  # noqa: BLE001 - whatever the disk does, this thread goes on
            if is_out_of_room(error):
                log.error("note-lost", note=kind, detail=detail, reason="the disk is full")
            else:
                self._failed(error)
