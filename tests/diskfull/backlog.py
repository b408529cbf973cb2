"""Forty days of a room in small: footage of the past in a spool that a recorder will go on with."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, field
from pathlib import Path

from edge.recorder.pinning import pin
from edge.segment.sink import Fragment
from edge.spool.intake import RunEnd, SegmentEnd, SegmentStart
from edge.spool.ledger import Place
from edge.spool.moments import moment_at
from storage.boxes import free_box
from storage.manifest import ClockState, GapCause, Moment, NoteKind, SegmentManifest
from tests.edge.recorder.room import TestCentre
from tests.edge.spool.spool_room import Keys, Life, fragments_of
from tests.storage.recordings import TRACKS

NS = 1_000_000_000
DAY = 24 * 3600 * NS
PADDING = 900_000  # bytes that every reader skips, so that a segment is about a megabyte
KEPT_DAYS = 30
SYNCED = ClockState(source="chrony", synchronized=True, offset_ns=0, uncertainty_ns=1_000_000)


@dataclass
class Backlog:
    """Paths below the spool, oldest first."""

    receipted: list[str] = field(default_factory=list)
    old: list[str] = field(default_factory=list)
    beside: list[str] = field(default_factory=list)
    session: list[str] = field(default_factory=list)
    young: list[str] = field(default_factory=list)

    @property
    def never(self) -> list[str]:
        """What must not go whatever happens: of a session, beside one, or not past its time."""
        return [*self.session, *self.beside, *self.young]


class Past:
    """Writes a spool under a clock that the rig moves."""

    def __init__(self, recorder: Path, centre: TestCentre) -> None:
        self.wall_ns, self.mono_ns = time.time_ns() - 40 * DAY, 1000 * NS
        keys = Keys()
        keys.centre, keys.place = centre.key, Place(centre.device, centre.room)
        keys.identity, keys.recipient = centre.identity, centre.recipient
        (recorder / "keys").mkdir(parents=True, mode=0o700)
        keys.chain.save(recorder / "keys" / "chain.key")
        pin(recorder / "pinned.json", centre.key.public.text, centre.device, centre.room)
        self.life = Life(recorder / "spool", keys)
        self.life.ledger._now, self.life.ledger._clock = self.now, lambda: SYNCED

    def now(self) -> Moment:
        return Moment(wall_ns=self.wall_ns, mono_ns=self.mono_ns)

    def pass_by(self, ns: int) -> None:
        self.wall_ns += ns
        self.mono_ns += ns

    def run(self, segments: int = 3) -> list[SegmentManifest]:
        before = len(self.life.segments())
        self.life.begin(moment_at(self.now(), 0))
        for number in range(segments):
            first, *rest = fragments_of(number)
            padded = Fragment(first.data + free_box(PADDING), first.start_pts_90k, first.end_pts_90k, first.key)
            self.life.keeper.take(SegmentStart())
            for fragment in (padded, *rest):
                self.life.keeper.take(fragment)
            self.pass_by(2 * NS)
            self.life.keeper.take(SegmentEnd(tuple(TRACKS)))
        self.life.keeper.take(RunEnd(GapCause.NOT_RUNNING))
        return self.life.segments()[before:]


def make_backlog(recorder: Path, centre: TestCentre) -> Backlog:
    """Of 40 days ago: receipted footage, untagged footage, a session without a receipt, footage beside it; of
    yesterday: untagged footage."""
    past, made = Past(recorder, centre), Backlog()
    life = past.life
    for _ in range(3):
        for segment in past.run():
            made.old.append(path_of(segment))
        past.pass_by(60 * NS)
        for segment in past.run():
            made.receipted.append(path_of(segment))
            life.index.mark_receipted(segment.number, life.receipt(segment.number))
        past.pass_by(60 * NS)
    made.beside += map(path_of, past.run(1))
    past.pass_by(10 * NS)
    session = secrets.token_hex(16)
    life.note(NoteKind.SESSION_OPENED, session)
    made.session += map(path_of, past.run())
    life.note(NoteKind.SESSION_CLOSED, session)
    past.pass_by(39 * DAY)
    made.young += map(path_of, past.run(2))
    life.note(NoteKind.RECORDER_STOPPED)
    life.crash()
    return made


def path_of(segment: SegmentManifest) -> str:
    return f"segments/{segment.run}/{segment.sequence:06d}.mp4.age"
