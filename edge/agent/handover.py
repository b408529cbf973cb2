"""Hands the centre's verdicts to the recorder and settles tags whose note is in doubt. Each goes once.

A tag is in doubt when the agent died, or the recorder fell silent, between keeping the tag and hearing that its
hash stands in the chain. The chain itself tells.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import structlog

from edge.agent.board import Board
from edge.agent.outbox import Outbox, Verdict
from edge.agent.recorder_client import Recorder
from edge.agent.spool_reader import SpoolReader
from edge.agent.trouble import RecorderRefused
from storage.signing import peek_json

log = structlog.get_logger(__name__)
DOUBT_NS = 180_000_000_000  # longer than the recorder's disk may hang: its note comes when the disk is back


class Handover:
    def __init__(
        self, recorder: Recorder, spool: SpoolReader, outbox: Outbox, board: Board, idle_s: float = 2.0
    ) -> None:
        self._recorder = recorder
        self._spool = spool
        self._outbox = outbox
        self._board = board
        self._idle_s = idle_s
        self._in_doubt: dict[str, int] = {}  # since when
        self.tag_settled: Callable[[str, str], None] = lambda session, sha256: None

    async def step(self) -> float:
        for verdict in self._outbox.verdicts():
            try:
                await self.deliver(verdict)
            except RecorderRefused as refusal:
                log.warning("verdict-not-taken", code=refusal.code, manifest=verdict.manifest_sha256)
        if self._board.recorder_answers():
            self._settle_tags(time.monotonic_ns())
        self._board.waiting_tags = len(self._outbox.tags(noted=True)) + len(self._outbox.tags(noted=False))
        return self._idle_s

    async def deliver(self, verdict: Verdict) -> None:
        """Raises RecorderSilent (kept for later) or RecorderRefused (dropped: repeating it would not help)."""
        try:
            if verdict.receipt is not None:
                await self._recorder.receipt(verdict.receipt)
            else:
                await self._recorder.refused(verdict.manifest_sha256, verdict.code, verdict.reason)
        except RecorderRefused:
            self._outbox.drop_verdict(verdict.manifest_sha256)
            raise
        self._outbox.drop_verdict(verdict.manifest_sha256)

    def _settle_tags(self, now_mono_ns: int) -> None:
        """By monotonic time since a tag was first found in doubt: a wall clock that steps settles nothing."""
        doubtful = self._outbox.tags(noted=False)
        self._in_doubt = {tag.sha256: self._in_doubt.get(tag.sha256, now_mono_ns) for tag in doubtful}
        for tag in doubtful:
            if self._stands_in_chain(tag.session, tag.sha256):
                self._outbox.tag_noted(tag.sha256)
                self.tag_settled(tag.session, tag.sha256)
            elif now_mono_ns - self._in_doubt[tag.sha256] > DOUBT_NS:
                self._outbox.drop_tag(tag.sha256)  # the officer was told that it was not saved

    def _stands_in_chain(self, session: str, tag_sha256: str) -> bool:
        return any(peek_json(jws).get("tag_sha256") == tag_sha256 for jws in self._spool.session_notes(session))
