"""What the second copy holds and the spool lacks: everything missing is found, nothing that stands is brought again."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from edge.mirror.lacking import EDGE_90K, LEAST_90K, Copied, Held, stands_for

S = 90_000


def held(name: str, start_s: float, end_s: float, good: bool = True) -> Held:
    return Held(name, round(start_s * S), round(end_s * S), good)


def test_what_the_spool_has_whole_is_not_brought() -> None:
    assert stands_for(Copied(0, 10 * S), [held("a", 0, 10)]) is None
    assert stands_for(Copied(0, 10 * S), [held("a", -2, 4), held("b", 4, 12)]) is None
    assert stands_for(Copied(0, 10 * S), [held("a", 0, 9.7)]) is None  # less than half a second


def test_a_segment_cut_short_by_a_stalled_disk_is_replaced() -> None:
    assert stands_for(Copied(0, 10 * S), [held("a", 0, 3)]) == ["a"]
    assert stands_for(Copied(0, 10 * S), [held("a", 0, 3), held("b", 7, 10)]) == ["a", "b"]


def test_a_damaged_file_is_replaced_and_a_missing_stretch_filled() -> None:
    assert stands_for(Copied(0, 10 * S), [held("a", 0, 10, good=False)]) == ["a"]
    assert stands_for(Copied(10 * S, 20 * S), [held("a", 0, 10)]) == []


def test_what_reaches_beyond_the_copy_is_kept_beside_it() -> None:
    assert stands_for(Copied(5 * S, 10 * S), [held("a", 0, 7)]) == []


spans = st.tuples(st.integers(0, 30 * S), st.integers(1, 12 * S)).map(lambda one: (one[0], one[0] + one[1]))


@given(spans, st.lists(st.tuples(spans, st.booleans()), max_size=6))
def test_brought_exactly_when_half_a_second_or_more_is_lacking(
    copy: tuple[int, int], parts: list[tuple[tuple[int, int], bool]]
) -> None:
    entries = [Held(str(place), *span, good) for place, (span, good) in enumerate(parts)]
    tenth = range(copy[0], copy[1], S // 100)
    lacking = [at for at in tenth if not any(one.good and one.start_90k <= at < one.end_90k for one in entries)]
    found = stands_for(Copied(*copy), entries)
    if len(lacking) * (S // 100) >= LEAST_90K + S // 20:
        assert found is not None
    if found is not None:
        assert len(lacking) * (S // 100) >= LEAST_90K - S // 20
        for one in entries:
            inside = copy[0] - EDGE_90K <= one.start_90k and one.end_90k <= copy[1] + EDGE_90K
            touches = one.start_90k < copy[1] and copy[0] < one.end_90k
            assert (one.sha256 in found) == (inside and touches)
