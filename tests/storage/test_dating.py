"""The best-known time of entries that a wrong clock signed: 1970, an hour, a day, in mid-run and across boots."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from storage.chain import AnyManifest
from storage.coverage import Coverage
from storage.dating import Dating, corrections_of, date_entries, redated
from storage.manifest import MANIFEST, ClockCorrection, GapManifest, Moment, SegmentManifest

SECOND = 1_000_000_000
TRUTH = 1_790_000_000 * SECOND  # wall minus monotonic time, as it really is, in the first boot
SEALED = {"sha256": "0" * 64, "size": 9}
OPENED: dict[str, Any] = {"sha256": None, "size": 9, "init_size": 3, "init_sha256": "0" * 64, "fragments": []}
DAY = 86_400 * SECOND


class Chain:
    """A recorder's entries, with the true time of each beside them. `wrong_ns`: how far its wall clock is off."""

    def __init__(self) -> None:
        self.entries: list[AnyManifest] = []
        self.true: dict[int, tuple[int, int]] = {}
        self.boots = 0
        self.truth, self.mono_ns = TRUTH, 20 * SECOND
        self.wrong_ns, self.known = 0, True
        self.run, self.sequence, self.anchor_wrong_ns = 0, 0, 0

    def boot(self, wrong_ns: int, *, known: bool) -> None:
        off_ns = 600 * SECOND
        self.truth, self.mono_ns = self.truth + self.mono_ns + off_ns - 20 * SECOND, 20 * SECOND
        self.boots += 1
        self.wrong_ns, self.known = wrong_ns, known
        self.start()

    def start(self) -> None:
        self.add("note", note="recorder-started", detail=f"1.0 boot={self.boots:032x}")

    def moment(self, mono_ns: int, wrong_ns: int) -> Moment:
        return Moment(wall_ns=max(0, mono_ns + self.truth + wrong_ns), mono_ns=mono_ns)

    def add(self, kind: str, **more: Any) -> AnyManifest:
        number = len(self.entries) + 1
        common = {"kind": kind, "device": "d" * 32, "room": "e" * 32, "number": number, "previous": None}
        common |= {"made": self.moment(self.mono_ns, self.wrong_ns), "clock": {"synchronized": self.known}}
        self.entries.append(MANIFEST.validate_python(common | more))
        return self.entries[-1]

    def begin(self) -> None:
        before = next((one for one in reversed(self.entries) if one.kind != "note"), None)
        self.run, self.sequence, self.anchor_wrong_ns = self.run + 1, 0, self.wrong_ns
        if before is not None:
            assert not hasattr(before, "note")
            true_start = self.true[before.number][1]
            gap = self.add(
                "gap",
                track="all",
                start=before.end,
                end=self.moment(self.mono_ns, self.wrong_ns),
                cause="crashed",
            )
            self.true[gap.number] = (true_start, self.mono_ns + self.truth)

    def segments(self, count: int, *, recovered: bool = False) -> None:
        for _ in range(count):
            start_ns = self.mono_ns
            self.mono_ns += 10 * SECOND
            segment = self.add(
                "segment", run=f"{self.run:032x}", sequence=self.sequence, tracks=[], sealed=SEALED, opened=OPENED,
                start=self.moment(start_ns, self.anchor_wrong_ns), end=self.moment(self.mono_ns, self.anchor_wrong_ns),
            )  # fmt: skip
            self.sequence += 1
            self.true[segment.number] = (start_ns + self.truth, self.mono_ns + self.truth)

    def correct(self, first: int) -> None:
        correction = ClockCorrection(
            boot=f"{self.boots:032x}",
            first_number=first,
            last_number=len(self.entries),
            wall_minus_mono_ns=self.truth,
        )
        self.add("note", note="clock-corrected", correction=correction)

    def check(self) -> None:
        for dated in date_entries(self.entries):
            if dated.number in self.true:
                assert (dated.start.wall_ns, dated.end.wall_ns) == self.true[dated.number], dated
                assert dated.known


def chain_of_1970() -> Chain:
    """A good day; power goes; the PC wakes in 1970 and is put right in the middle of its run."""
    chain = Chain()
    chain.start()
    chain.begin()
    chain.segments(3)
    chain.boot(-TRUTH, known=False)
    first = len(chain.entries)
    chain.begin()
    chain.segments(4)
    chain.wrong_ns, chain.known = 0, True
    chain.correct(first)
    chain.segments(3)
    return chain


def test_a_boot_in_1970_and_a_sync_in_mid_run() -> None:
    chain = chain_of_1970()
    chain.check()
    (found,) = redated(date_entries(chain.entries))
    assert (found.first_number, found.last_number) == (5, 14)  # all of the run, also what came after the sync


def test_a_run_of_1970_that_a_later_boot_recovered() -> None:
    chain = chain_of_1970()
    run, truth, mono_ns = chain.run, chain.truth, chain.mono_ns
    recovered = chain.entries[-1].model_copy(update={"number": len(chain.entries) + 1})
    chain.boot(0, known=True)
    chain.entries.pop()  # what a start recovers stands before its own first note
    assert isinstance(recovered, SegmentManifest)
    made = chain.moment(chain.mono_ns, 0)
    start = Moment(wall_ns=mono_ns, mono_ns=mono_ns)
    end = Moment(wall_ns=mono_ns + SECOND, mono_ns=mono_ns + SECOND)
    chain.entries.append(recovered.model_copy(update={"made": made, "start": start, "end": end, "recovered": True}))
    chain.true[recovered.number] = (mono_ns + truth, mono_ns + SECOND + truth)
    assert recovered.run == f"{run:032x}"
    chain.check()


def test_without_a_correction_the_signed_time_stands_and_is_not_called_known() -> None:
    chain = Chain()
    chain.boot(-TRUTH, known=False)
    chain.begin()
    chain.segments(2)
    for dated in date_entries(chain.entries):
        assert not dated.known
        assert not dated.corrected


def test_a_part_of_a_chain_is_dated_with_a_correction_from_elsewhere() -> None:
    chain = chain_of_1970()
    part = [one for one in chain.entries if 7 <= one.number <= 9]
    dating = Dating(corrections_of(chain.entries))
    assert [dating.date(one).start.wall_ns for one in part] == [chain.true[one.number][0] for one in part]


def test_a_clock_that_went_back_leaves_no_hole_that_is_none() -> None:
    chain = Chain()
    chain.start()
    chain.begin()
    chain.segments(3)
    chain.boot(-TRUTH, known=False)  # and never known again
    chain.begin()
    chain.segments(3)
    coverage = Coverage()
    for one in chain.entries:
        if isinstance(one, SegmentManifest):
            coverage.add_segment(one)
        elif isinstance(one, GapManifest):
            coverage.add_gap(one)
    assert coverage.holes() == []
    later = chain.entries[-1].model_copy(
        update={
            "start": chain.moment(chain.mono_ns + 9 * SECOND, -TRUTH),
            "end": chain.moment(chain.mono_ns + 19 * SECOND, -TRUTH),
        }
    )
    assert isinstance(later, SegmentManifest)
    coverage.add_segment(later.model_copy(update={"sequence": 3}))
    assert len(coverage.holes()) == 1


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["run", "boot", "step"]),
            st.sampled_from([0, 3600, -3600, 86_400, -86_400]),
            st.integers(0, 4),
        ),
        max_size=8,
    )
)
def test_once_the_clock_is_known_everything_is_dated(events: list[tuple[str, int, int]]) -> None:
    """Whatever happened, each boot ends with a clock that is known, and all its footage has its true time."""
    chain = Chain()
    chain.start()
    chain.begin()
    first: int | None = None
    for kind, off_s, count in [*events, ("step", 0, 1)]:
        if kind == "boot":
            if first is not None:
                chain.wrong_ns, chain.known = 0, True
                chain.correct(first)
            chain.boot(off_s * SECOND, known=False)
            first = len(chain.entries)
            chain.begin()
        elif kind == "run":
            chain.begin()
        else:
            chain.wrong_ns, chain.known = off_s * SECOND, off_s == 0
            if off_s and first is None:
                first = len(chain.entries) + 1
            elif not off_s and first is not None:
                if first <= len(chain.entries):
                    chain.correct(first)
                first = None
        chain.segments(count)
    chain.check()
