"""Hands the chain to the centre, in order, in batches. A refused entry is set aside and the ones behind it go.

Progress is one number in the outbox. A batch that was sent twice does no harm: the centre answers `known`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from edge.agent.board import Board
from edge.agent.centre_answers import ManifestResult
from edge.agent.centre_client import Centre
from edge.agent.outbox import Outbox, Verdict
from edge.agent.spool_reader import BATCH_BYTES, ChainEntry, SpoolReader
from edge.agent.trouble import CentreUnclear, Trouble

LARGEST_BATCH = 100
HELD_BACK_BYTES = 64 << 10  # in one batch while a limit holds: a megabyte at once would stand before live for seconds


async def at_once(_size_bytes: int) -> None:
    """The pace without a limit."""


class ChainShorter(Trouble):
    """The spool holds fewer entries than were sent: its directory was exchanged or restored from an older copy."""

    def __init__(self) -> None:
        super().__init__(
            "chain-shorter",
            "本机录像目录比已上报的记录旧，可能被更换或恢复过；录像照常，但不再上报。请管理员检查本机并重新登记",
            "The spool is older than what was sent from it, so it was exchanged or restored; recording goes on but is"
            " not sent. Check this PC and enrol it anew",
        )


class ManifestSender:
    def __init__(self, centre: Centre, spool: SpoolReader, outbox: Outbox, board: Board, idle_s: float = 1.0) -> None:
        self._centre = centre
        self._spool = spool
        self._outbox = outbox
        self._board = board
        self._idle_s = idle_s
        self._batch = LARGEST_BATCH
        self.pace: Callable[[int], Awaitable[None]] = at_once
        self.held_back: Callable[[], bool] = lambda: False
        self.entries_accepted: Callable[[], None] = lambda: None
        self.entries_refused: Callable[[], None] = lambda: None
        self.hole_found: Callable[[], None] = lambda: None

    async def step(self) -> float:
        """Send one batch. Returns seconds until the next one."""
        if self._board.enrolment != "active":
            return self._idle_s
        sent = self._outbox.sent_number()
        head = self._spool.head_number()
        if head < sent:
            raise ChainShorter
        self._board.unsent_entries = head - sent
        most_bytes = HELD_BACK_BYTES if self.held_back() else BATCH_BYTES
        entries = self._spool.entries_after(sent, self._batch, most_bytes)
        if not entries:
            return self._idle_s
        await self.pace(sum(len(entry.jws) for entry in entries))
        try:
            results = check_results(entries, await self._centre.manifests([entry.jws for entry in entries]))
        except Trouble as trouble:
            if trouble.code == "chain-hole":
                self.hole_found()
            self._batch = max(1, self._batch // 4)  # a smaller one may pass a line or an entry that stops a large one
            raise
        self._batch = min(LARGEST_BATCH, self._batch * 2)
        self._settle(entries, results)
        return 0.0

    def _settle(self, entries: Sequence[ChainEntry], results: Sequence[ManifestResult]) -> None:
        refusals = [
            Verdict(result.sha256, None, result.code or "refused", result.reason or "")
            for result in results
            if result.status == "refused"
        ]
        self._outbox.answered(entries[-1].number, refusals)
        self._board.unsent_entries = max(0, self._spool.head_number() - entries[-1].number)
        self.entries_accepted()
        if refusals:
            self.entries_refused()


def check_results(entries: Sequence[ChainEntry], results: Sequence[ManifestResult]) -> Sequence[ManifestResult]:
    """One result per entry, in order; anything else is nonsense and settles nothing. Raises CentreUnclear."""
    if [result.sha256 for result in results] != [entry.sha256 for entry in entries]:
        raise CentreUnclear("results that don't match the manifests sent")
    return results
