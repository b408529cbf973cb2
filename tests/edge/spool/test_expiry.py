"""The rules of what may expire, on made histories: whatever the clocks did, nothing beside a session, nothing young."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from edge.spool.expiry import BESIDE_SESSION_NS, TrustedClock, age_ns, is_beside, stretches
from storage.manifest import ClockState, Moment, NoteKind, NoteManifest, SealedBytes, SegmentManifest

NS = 1_000_000_000
SYNCED = ClockState(source="chrony", synchronized=True)
START_NS = 1_800_000_000 * NS


def moment(true_s: float, wall_error_s: float) -> Moment:
    at_ns = int(true_s * NS)
    return Moment(wall_ns=START_NS + at_ns + int(wall_error_s * NS), mono_ns=5 * NS + at_ns)


def segment(
    start_s: float, length_s: float, wall_error_s: float = 0, *, run: str = "a" * 32, sequence: int = 0
) -> SegmentManifest:
    return SegmentManifest.model_construct(
        number=sequence + 1,
        run=run,
        sequence=sequence,
        start=moment(start_s, wall_error_s),
        end=moment(start_s + length_s, wall_error_s),
        made=moment(start_s + length_s, wall_error_s),
        clock=SYNCED,
        session=None,
        sealed=SealedBytes(sha256="0" * 64, size=1000 + sequence),
    )


def note(at_s: float, wall_error_s: float) -> NoteManifest:
    made = moment(at_s, wall_error_s)
    return NoteManifest.model_construct(note=NoteKind.SESSION_OPENED, made=made, session="5" * 32)


seconds = st.floats(0, 100_000)
errors = st.floats(-1_000_000, 1_000_000)


@given(seconds, st.floats(0.1, 30), errors, seconds, errors)
def test_what_truly_lies_beside_a_session_is_always_found(
    start_s: float, length_s: float, error_s: float, opened_s: float, opened_error_s: float
) -> None:
    """However far the wall clock was off, and differently, when either was written."""
    one = segment(start_s, length_s, error_s)
    distance_s = max(start_s - opened_s, opened_s - (start_s + length_s), 0)
    if distance_s < BESIDE_SESSION_NS / NS - 0.001:
        assert is_beside(one, [note(opened_s, opened_error_s)])
    if error_s == opened_error_s and distance_s > BESIDE_SESSION_NS / NS + 0.001:
        assert not is_beside(one, [note(opened_s, opened_error_s)])


@given(st.lists(st.tuples(st.booleans(), st.booleans()), max_size=30), st.integers(0, 40_000))
def test_stretches_are_the_oldest_without_holes_and_no_more_than_wanted(
    marks: list[tuple[bool, bool]], wanted: int
) -> None:
    segments, run = [], 0
    for sequence, (left_out, new_run) in enumerate(marks):
        run += new_run
        if not left_out:
            segments.append(segment(sequence * 10, 10, run=f"{run:032x}", sequence=sequence))
    found = stretches(segments, wanted)
    flat = [one for stretch in found for one in stretch.segments]
    assert flat == segments[: len(flat)]
    assert sum(one.sealed.size for one in flat[:-1]) < wanted or not flat
    assert len(flat) == len(segments) or sum(stretch.size for stretch in found) >= wanted
    for stretch in found:
        sequences = [one.sequence for one in stretch.segments]
        assert sequences == list(range(sequences[0], sequences[-1] + 1))
        assert len({one.run for one in stretch.segments}) == 1


@given(st.lists(st.tuples(st.integers(1, 20_000), st.booleans()), min_size=1, max_size=40), st.data())
def test_a_clock_is_never_believed_within_an_hour_of_a_step(steps: list[tuple[int, bool]], data: st.DataObject) -> None:
    clock, wall_ns, mono_ns, stepped_mono_ns = TrustedClock(), START_NS, 10 * NS, None
    for at, (passed_s, step) in enumerate(steps):
        wall_ns, mono_ns = wall_ns + passed_s * NS, mono_ns + passed_s * NS
        if step and at:
            wall_ns += data.draw(st.sampled_from([-1, 1])) * data.draw(st.integers(40, 10**7)) * NS
            wall_ns = max(NS, wall_ns)
            stepped_mono_ns = mono_ns
        now = Moment(wall_ns=wall_ns, mono_ns=mono_ns)
        trusted = clock.is_trusted(now, SYNCED, Moment(wall_ns=0, mono_ns=0))
        recent = stepped_mono_ns is not None and mono_ns - stepped_mono_ns < 3600 * NS
        assert trusted is not recent


@given(seconds, errors)
def test_age_counts_from_the_signature_and_only_under_a_known_clock(made_late_s: float, end_error_s: float) -> None:
    """A footage time that lies far back does not make old what was signed today."""
    one = segment(1000, 10)
    end = moment(1010, min(0, end_error_s))
    late = one.model_copy(update={"end": end, "made": moment(1010 + made_late_s, 0)})
    age = age_ns(late, moment(1010 + made_late_s + 50, 0))
    assert age is not None
    assert abs(age - 50 * NS) <= 1000
    assert age_ns(one.model_copy(update={"clock": ClockState()}), moment(10**6, 0)) is None
    ahead = one.model_copy(update={"end": moment(5000, 0)})
    assert age_ns(ahead, moment(10**6, 0)) is None
