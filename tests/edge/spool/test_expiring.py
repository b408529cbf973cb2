"""Footage past its time on a full disk: what may go without a receipt, in which steps, and what never may (S4, S5)."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from types import SimpleNamespace

import pytest

from edge.agent.spool_reader import SpoolReader
from edge.spool.disk_room import DiskRoom, RoomLimits
from edge.spool.expiring import Expiring
from edge.spool.moments import moment_at
from storage.manifest import ClockState, GapCause, GapManifest, Moment, NoteKind, SegmentManifest
from tests.edge.spool.spool_room import Keys, Life, check

LifeMaker = Callable[..., Life]
NS = 1_000_000_000
DAY = 24 * 3600 * NS
SYNCED = ClockState(source="chrony", synchronized=True)
EVERYTHING = 10**12


class Hands:
    """Both clocks, moved by the test."""

    def __init__(self) -> None:
        self.wall_ns, self.mono_ns = 1_800_000_000 * NS, 10_000 * NS
        self.state = SYNCED

    def now(self) -> Moment:
        return Moment(wall_ns=self.wall_ns, mono_ns=self.mono_ns)

    def pass_by(self, ns: int) -> None:
        self.wall_ns += ns
        self.mono_ns += ns


class Aged:
    """A spool whose clocks the test moves."""

    def __init__(self, life: Life, hands: Hands) -> None:
        self.life, self.hands = life, hands
        life.ledger._now, life.ledger._clock = hands.now, lambda: hands.state
        self.expiring = Expiring(life.spool, life.index, life.ledger, lambda: hands.state, hands.now)

    def run(self, segments: int = 3) -> list[SegmentManifest]:
        before = len(self.life.segments())
        self.life.begin(moment_at(self.hands.now(), 0))
        for number in range(segments):
            self.hands.pass_by(2 * NS)
            self.life.segment(number)
        return self.life.segments()[before:]

    def files(self) -> set[str]:
        return {path.relative_to(self.life.spool).as_posix() for path in self.life.spool.rglob("*.mp4.age")}

    def let_go(self, wanted: int = EVERYTHING) -> int:
        return self.expiring.let_go(wanted, 30 * DAY)

    def gaps(self) -> list[GapManifest]:
        entries = [entry for entry in self.life.entries() if isinstance(entry, GapManifest)]
        return [gap for gap in entries if gap.cause is GapCause.EXPIRED_UNARCHIVED]


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
def aged(begin_life: LifeMaker, hands: Hands) -> Aged:
    return Aged(begin_life(), hands)


def path_of(segment: SegmentManifest) -> str:
    return f"segments/{segment.run}/{segment.sequence:06d}.mp4.age"


def test_old_footage_goes_oldest_first_behind_one_signed_gap(aged: Aged, hands: Hands, keys: Keys) -> None:
    segments = aged.run()
    hands.pass_by(31 * DAY)
    young = aged.run(1)
    two = segments[0].sealed.size + 1
    assert aged.let_go(two) == segments[0].sealed.size + segments[1].sealed.size
    (gap,) = aged.gaps()
    assert gap.expired is not None
    assert (gap.expired.first, gap.expired.last) == (segments[0].number, segments[1].number)
    assert (gap.run, gap.start, gap.end, gap.track) == (segments[0].run, segments[0].start, segments[1].end, "all")
    assert aged.files() == {path_of(segments[2]), path_of(young[0])}
    row = aged.life.index.numbered(segments[0].number)
    assert row is not None
    assert (row.state, row.path) == ("expired", None)
    report = check(aged.life.spool, keys)
    assert (report.problem, report.expired) == (None, 2)
    assert aged.let_go() == segments[2].sealed.size
    assert aged.let_go() == 0
    assert aged.files() == {path_of(young[0])}


def test_a_session_and_what_lies_beside_it_stay(aged: Aged, hands: Hands) -> None:
    """Also what a session's own entry could not know: it was sealed before the session was opened."""
    far = aged.run()
    hands.pass_by(60 * NS)
    near = aged.run()
    hands.pass_by(20 * NS)
    session = secrets.token_hex(16)
    aged.life.note(NoteKind.SESSION_OPENED, session)
    within = aged.run()
    aged.life.note(NoteKind.SESSION_CLOSED, session)
    hands.pass_by(31 * DAY)
    aged.let_go()
    assert aged.files() == {path_of(one) for one in [*near, *within]}
    assert {one.number for one in far} == set(range(far[0].number, far[-1].number + 1))


def test_a_session_found_by_the_other_clock_protects_too(aged: Aged, hands: Hands) -> None:
    """The wall clock was set by a day between the footage and the session."""
    near = aged.run()
    hands.wall_ns += DAY
    hands.pass_by(5 * NS)
    session = secrets.token_hex(16)
    aged.life.note(NoteKind.SESSION_OPENED, session)
    aged.life.note(NoteKind.SESSION_CLOSED, session)
    hands.pass_by(40 * DAY)
    assert aged.let_go() == 0
    assert aged.files() == {path_of(one) for one in near}


@pytest.mark.parametrize("state", ["receipted", "refused"])
def test_what_was_receipted_or_refused_is_not_expired(aged: Aged, hands: Hands, state: str) -> None:
    (segment,) = aged.run(1)
    hands.pass_by(31 * DAY)
    if state == "receipted":
        aged.life.index.mark_receipted(segment.number, aged.life.receipt(segment.number))
    else:
        aged.life.index.mark_refused(segment.number, "bad-manifest")
    assert aged.let_go() == 0
    assert aged.files() == {path_of(segment)}
    assert not aged.gaps()


def test_a_clock_that_is_not_synchronized_makes_nothing_old(aged: Aged, hands: Hands) -> None:
    aged.run(1)
    hands.pass_by(40 * DAY)
    hands.state = ClockState(source="kernel", synchronized=False)
    assert aged.let_go() == 0
    hands.state = ClockState()
    assert aged.let_go() == 0


def test_a_clock_that_was_set_makes_nothing_old_until_it_has_run_for_an_hour(aged: Aged, hands: Hands) -> None:
    """An hour or thirty years ahead, whatever it claims of itself."""
    aged.run(1)
    aged.expiring.watch_clock()
    hands.wall_ns += 40 * DAY
    assert aged.let_go() == 0
    for _ in range(59):
        hands.pass_by(60 * NS)
        assert aged.let_go() == 0
    hands.pass_by(120 * NS)
    assert aged.let_go() > 0


def test_a_clock_behind_the_chain_is_not_believed(aged: Aged, hands: Hands) -> None:
    aged.run(1)
    hands.pass_by(40 * DAY)
    aged.life.note(NoteKind.HEALTH)
    hands.wall_ns -= DAY
    aged.expiring = Expiring(aged.life.spool, aged.life.index, aged.life.ledger, lambda: SYNCED, hands.now)
    assert aged.let_go() == 0


def test_footage_of_an_unknown_time_stays(aged: Aged, hands: Hands) -> None:
    """A boot in 1970 whose clock was never set: it would look fifty years old."""
    right = hands.wall_ns
    hands.wall_ns, hands.state = 1000 * NS, ClockState(source="kernel", synchronized=False)
    unknown = aged.run(2)
    hands.wall_ns, hands.state = right, SYNCED
    aged.expiring = Expiring(aged.life.spool, aged.life.index, aged.life.ledger, lambda: SYNCED, hands.now)
    known = aged.run(1)
    hands.pass_by(31 * DAY)
    assert aged.let_go() == known[0].sealed.size
    assert aged.files() == {path_of(one) for one in unknown}


def test_the_agent_is_offered_nothing_that_expired(aged: Aged, hands: Hands) -> None:
    segments = aged.run()
    hands.pass_by(31 * DAY)
    aged.let_go(1)
    reader = SpoolReader(aged.life.spool)
    head = aged.life.index.head()
    offered = reader.waiting_segments(head.number, "no-session", "", 10)
    assert [one.number for one in offered] == [one.number for one in segments[1:]]
    assert reader.backlog().segments == aged.life.index.backlog().segments == 2
    gone = aged.life.index.numbered(segments[0].number)
    assert gone is not None
    assert not reader.is_waiting(gone.sha256)
    assert reader.is_waiting(offered[0].manifest_sha256)
    assert head.number in {entry.number for entry in reader.entries_after(0, 100)}


def test_a_receipt_that_comes_after_all_is_kept(aged: Aged, hands: Hands) -> None:
    """Its bytes were on their way to the archive when the file went."""
    (segment,) = aged.run(1)
    hands.pass_by(31 * DAY)
    aged.let_go()
    aged.life.index.mark_receipted(segment.number, aged.life.receipt(segment.number))
    row = aged.life.index.numbered(segment.number)
    assert row is not None
    assert (row.state, row.receipt is not None) == ("pruned", True)


class Killed(Exception):
    """kill -9 at this step."""


@pytest.mark.parametrize("step", ["gap not indexed", "before unlink", "before directory sync", "before forgetting"])
def test_a_crash_at_any_step_is_finished_at_the_next_start(
    begin_life: LifeMaker, hands: Hands, keys: Keys, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    life = begin_life()
    aged = Aged(life, hands)
    segments = aged.run()
    hands.pass_by(31 * DAY)

    def die(*_: object, **__: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        if step == "gap not indexed":
            patch.setattr(life.index, "insert", die)
        elif step == "before unlink":
            patch.setattr("edge.spool.pruning.finish_pruning", die)
        elif step == "before directory sync":
            patch.setattr("edge.spool.pruning.sync_directory", die)
        else:
            patch.setattr(life.index, "forget_path", die)
        with pytest.raises(Killed):
            aged.let_go()
    after = begin_life()
    report = check(after.spool, keys)
    assert (report.problem, report.expired) == (None, 3)
    rows = [after.index.numbered(one.number) for one in segments]
    assert [(row.state, row.path) for row in rows if row is not None] == [("expired", None)] * 3
    assert not list(after.spool.rglob("*.mp4.age"))


def test_an_index_made_anew_knows_what_expired(begin_life: LifeMaker, hands: Hands, keys: Keys) -> None:
    """S2: the gap in the chain says it."""
    first = begin_life()
    aged = Aged(first, hands)
    segments = aged.run()
    hands.pass_by(31 * DAY)
    aged.let_go(1)
    first.crash()
    for suffix in ("", "-wal", "-shm"):
        (first.spool / f"index.sqlite{suffix}").unlink(missing_ok=True)
    life = begin_life()
    rows = [life.index.numbered(one.number) for one in segments]
    assert [(row.state, row.path is None) for row in rows if row] == [
        ("expired", True), ("waiting", False), ("waiting", False),
    ]  # fmt: skip
    assert life.report.problems == []
    assert check(life.spool, keys).problem is None


def test_after_expiring_the_next_run_still_knows_where_the_timeline_ended(begin_life: LifeMaker, hands: Hands) -> None:
    first = begin_life()
    aged = Aged(first, hands)
    aged.run()
    hands.pass_by(31 * DAY)
    last = aged.run(1)
    aged.let_go()
    life = begin_life()
    assert life.missing is not None
    assert life.missing.since == last[0].end


@pytest.mark.parametrize(("free_share", "gone"), [(0.5, False), (0.02, True)])
def test_a_huge_reserve_makes_no_disk_full(
    aged: Aged, hands: Hands, monkeypatch: pytest.MonkeyPatch, free_share: float, gone: bool
) -> None:
    """Whoever may configure a room could else let go all that waits, while half the disk is free."""
    first = aged.run()[0]
    hands.pass_by(40 * DAY)
    blocks = 25_000_000
    disk = SimpleNamespace(f_bavail=int(blocks * free_share), f_frsize=4096, f_blocks=blocks)
    monkeypatch.setattr("edge.spool.disk_room.os.statvfs", lambda _: disk)
    limits = RoomLimits(reserve_bytes=90 * 10**9, keep_ns=0, keep_unarchived_ns=30 * DAY)
    DiskRoom(aged.life.spool, aged.life.index, aged.life.keys.centre.public, limits, aged.expiring).make()
    assert (path_of(first) not in aged.files()) == gone
