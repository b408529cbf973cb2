"""Brings sealed segments to the archive and their receipts to the recorder, one at a time.

Grant → PUT → the centre reads back → receipt → recorder. Any step may be repeated: an object that stands already
is answered with its receipt. A segment that fails waits by itself; several failures in a row slow all down. One
whose bytes are not those that were signed is set aside by centre and recorder, its file stays.
"""

from __future__ import annotations

import asyncio
import hashlib
import random
import time
from dataclasses import dataclass

import structlog

from edge.agent.backoff import FIRST_S
from edge.agent.board import Board
from edge.agent.centre_answers import Grant
from edge.agent.centre_client import Centre
from edge.agent.handover import Handover
from edge.agent.outbox import Outbox, Verdict
from edge.agent.room_record import RoomRecord
from edge.agent.spool_reader import SpoolReader, SpoolSegment
from edge.agent.trouble import ABOUT_THIS_PC, ArchiveTrouble, CentreRefused, CentreUnclear, RecorderRefused, Trouble
from edge.upload.archive_client import ArchiveClient
from edge.upload.line import Line, Meter
from edge.upload.policy import Failures, Item, Priority, choose
from storage.errors import StorageError
from storage.receipt import open_receipt
from storage.signing import PublicKey

log = structlog.get_logger(__name__)
BYTES_DIFFER = "bytes-differ"
LOOK_AT = 50  # segments of each kind, beside those that wait
STREAK = 3  # failures in a row before all wait
_KINDS = {
    Priority.OPEN_SESSION: "open-session",
    Priority.CLOSED_SESSION: "closed-session",
    Priority.NO_SESSION: "no-session",
}


class SegmentUnreadable(Trouble):
    def __init__(self) -> None:
        super().__init__(
            "segment-unreadable",
            "本机有一段录像无法读取，其余录像照常上传；请管理员检查本机磁盘",
            "A segment on this PC can't be read; the others go on; have the disk checked",
        )


class BadReceipt(Trouble):
    def __init__(self) -> None:
        super().__init__(
            "bad-receipt",
            "县中心给出的归档回执无法验证，录像继续保存在本机，稍后自动重试；请管理员检查县中心",
            "The centre's receipt can't be verified; the footage stays on this PC and is tried again; check the centre",
        )


@dataclass(frozen=True, slots=True)
class UploadTiming:
    """Seconds of rest when there is nothing to send, and of an item's first wait after a failure."""

    idle_s: float = 1.0
    first_wait_s: float = FIRST_S


@dataclass(frozen=True, slots=True)
class Way:
    """To the archive: what puts files there, and the line that both keep to."""

    archive: ArchiveClient
    line: Line


_OF_ONE = (CentreRefused, CentreUnclear, ArchiveTrouble, RecorderRefused, SegmentUnreadable, BadReceipt)


class Uploader:
    def __init__(
        self,
        centre: Centre,
        way: Way,
        spool: SpoolReader,
        outbox: Outbox,
        record: RoomRecord,
        handover: Handover,
        board: Board,
        timing: UploadTiming,
    ) -> None:
        self._centre = centre
        self._archive, self._line = way.archive, way.line
        self._spool = spool
        self._outbox = outbox
        self._record = record
        self._handover = handover
        self._board = board
        self._idle_s = timing.idle_s
        self._failures = Failures(timing.first_wait_s)
        self._streak = 0

    async def step(self) -> float:
        """Bring one segment. Returns seconds until the next one."""
        self._board.backlog = self._spool.backlog()
        if self._board.enrolment != "active":
            return self._idle_s
        segment = self._next_segment()
        if segment is None:
            self._forget_expired()
            return self._idle_s
        try:
            await self._bring_or_give_up(segment)
        except _OF_ONE as trouble:
            if isinstance(trouble, CentreRefused) and trouble.status in ABOUT_THIS_PC:
                raise  # about this PC, not about this segment
            if self._spool.is_waiting(segment.manifest_sha256):
                self._set_aside(segment, trouble)
            return 0.0
        self._failures.settled(segment.manifest_sha256)
        self._failures.way_is_open()
        self._streak = 0
        if not self._failures.count():
            self._board.trouble("segment", None)
        return 0.0

    def _forget_expired(self) -> None:
        """What failed once and went from a full disk since is no trouble any more."""
        for key in self._failures.failed_keys():
            if not self._spool.is_waiting(key):
                self._failures.settled(key)
        if not self._failures.count():
            self._board.trouble("segment", None)

    def _next_segment(self) -> SpoolSegment | None:
        """Kind by kind: the index is asked for the less urgent only when nothing more urgent may go."""
        sent = self._outbox.sent_number()
        session = self._board.open_session() or ""
        for priority, kind in _KINDS.items():
            found = self._spool.waiting_segments(sent, kind, session, LOOK_AT + self._failures.count())
            by_key = {one.manifest_sha256: one for one in found if not self._outbox.has_verdict(one.manifest_sha256)}
            items = [Item(key, priority, place) for place, key in enumerate(by_key)]
            chosen = choose(items, self._failures, time.monotonic_ns())
            if chosen is not None:
                return by_key[chosen.key]
        return None

    async def _bring_or_give_up(self, segment: SpoolSegment) -> None:
        """Bytes that were not signed never become right by trying again."""
        try:
            await self._bring(segment)
        except CentreRefused as refusal:
            if refusal.code != BYTES_DIFFER:
                raise
            log.error("segment-refused", number=segment.number, code=refusal.code)
            verdict = Verdict(segment.manifest_sha256, None, refusal.code, refusal.message_en)
            await self._handover.deliver(verdict)

    async def _bring(self, segment: SpoolSegment) -> None:
        began_s = time.monotonic()
        grant = await self._centre.grant(segment.manifest_sha256)
        receipt = grant.receipt_given()
        if receipt is None:
            if not grant.url:
                raise CentreUnclear("a grant without an address")
            receipt = await self._put(grant, segment, began_s)
        received_wall_ns = self._check(receipt, segment.manifest_sha256)
        self._outbox.add_receipt(segment.manifest_sha256, receipt)
        await self._handover.deliver(Verdict(segment.manifest_sha256, receipt))
        self._board.last_receipt_wall_ns = received_wall_ns

    async def _put(self, grant: Grant, segment: SpoolSegment, began_s: float) -> str:
        """The receipt. An archive that refuses may hold the object already: only the centre can tell."""
        refusal: ArchiveTrouble | None = None
        meter = self._line.meter = Meter()
        put_s = time.monotonic()
        try:
            await self._archive.put(grant, segment.path, segment.size)
            put_s = time.monotonic() - put_s
        except OSError:
            raise SegmentUnreadable from None
        except ArchiveTrouble as trouble:
            if trouble.whole:
                raise
            refusal = trouble
        held = await asyncio.to_thread(altered, segment) if refusal else None
        try:
            receipt = await self._centre.uploaded(segment.manifest_sha256, held)
        except CentreRefused as unheard:
            if unheard.code == BYTES_DIFFER:
                raise
            raise refusal or unheard from None
        if refusal is None:
            self._line.brought(segment.size, put_s, time.monotonic() - began_s, meter.waited_s)
        return receipt

    def _check(self, receipt: str, manifest_sha256: str) -> int:
        """When the centre received it. The recorder checks everything once more before it ever deletes."""
        identity = self._record.identity()
        try:
            opened = open_receipt(receipt, PublicKey.from_text(identity.centre_key if identity else ""))
        except StorageError:
            raise BadReceipt from None
        if opened.manifest_sha256 != manifest_sha256:
            raise BadReceipt
        return opened.received_wall_ns

    def _set_aside(self, segment: SpoolSegment, trouble: Trouble) -> None:
        """This one waits. Raises when all must wait: the archive is down, or nothing at all goes through."""
        whole = isinstance(trouble, ArchiveTrouble) and trouble.whole
        self._failures.failed(segment.manifest_sha256, time.monotonic_ns(), random.random(), whole=whole)  # noqa: S311
        self._board.trouble("segment", trouble)
        self._streak += 1
        if whole or self._streak >= STREAK:
            self._streak = 0
            raise trouble


def altered(segment: SpoolSegment) -> str | None:
    """What the file hashes to where that is not what was signed; None when it is. Raises SegmentUnreadable."""
    try:
        with segment.path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        raise SegmentUnreadable from None
    return None if digest == segment.sealed_sha256 else digest
