"""Sends sealed case tags to the centre. Apart from the segments, so that no tag waits behind a long upload."""

from __future__ import annotations

import base64
import random
import time

from edge.agent.backoff import FIRST_S
from edge.agent.board import Board
from edge.agent.centre_client import Centre
from edge.agent.outbox import Outbox, WaitingTag
from edge.agent.trouble import ABOUT_THIS_PC, CentreRefused, CentreUnclear
from edge.upload.policy import Failures, Item, Priority, choose


class TagSender:
    def __init__(
        self, centre: Centre, outbox: Outbox, board: Board, idle_s: float = 2.0, first_wait_s: float = FIRST_S
    ) -> None:
        self._centre = centre
        self._outbox = outbox
        self._board = board
        self._idle_s = idle_s
        self._failures = Failures(first_wait_s)

    async def step(self) -> float:
        """Send the oldest tag that may go. Returns seconds until the next try."""
        if self._board.enrolment != "active":
            return self._idle_s
        tags = {tag.sha256: tag for tag in self._outbox.tags(noted=True)}
        items = [Item(tag.sha256, Priority.TAG, tag.made_wall_ns) for tag in tags.values()]
        chosen = choose(items, self._failures, time.monotonic_ns())
        if chosen is None:
            return self._idle_s
        await self._send(tags[chosen.key])
        return 0.0

    async def _send(self, tag: WaitingTag) -> None:
        """A tag that the centre refuses waits by itself and stays told; it never holds up another."""
        try:
            await self._centre.tag(base64.b64encode(tag.sealed).decode(), tag.sha256)
        except (CentreRefused, CentreUnclear) as trouble:
            self._failures.failed(tag.sha256, time.monotonic_ns(), random.random())  # noqa: S311 - jitter
            if isinstance(trouble, CentreUnclear) or trouble.status in ABOUT_THIS_PC:
                raise
            self._board.trouble("tag", trouble)
            return
        self._failures.settled(tag.sha256)
        self._outbox.drop_tag(tag.sha256)
        if not self._failures.count():
            self._board.trouble("tag", None)
