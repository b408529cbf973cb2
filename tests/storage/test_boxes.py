"""MP4 boxes: the same boxes however the bytes come."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.boxes import (
    BoxError,
    BoxReader,
    children,
    fragment_times,
    free_box,
    split_fragments,
    track_timescales,
)
from tests.storage.recordings import SEGMENT_S, footage

KINDS = st.sampled_from([b"ftyp", b"moof", b"mdat", b"free", b"abcd"])


@st.composite
def boxes(draw: st.DrawFn) -> bytes:
    kind, body = draw(KINDS), draw(st.binary(max_size=60))
    if draw(st.booleans()):
        return (8 + len(body)).to_bytes(4) + kind + body
    return (1).to_bytes(4) + kind + (16 + len(body)).to_bytes(8) + body


@given(st.lists(boxes(), max_size=8), st.lists(st.integers(1, 50), min_size=1), st.binary(max_size=7))
def test_any_cutting_of_the_input_gives_the_same_boxes(parts: list[bytes], steps: list[int], rest: bytes) -> None:
    data = b"".join(parts) + b"\0\0\0\x20free"[: len(rest)]
    reader, found, at, turn = BoxReader(), [], 0, 0
    while at < len(data):
        found += reader.feed(data[at : at + steps[turn % len(steps)]])
        at, turn = at + steps[turn % len(steps)], turn + 1
    assert [box.data for box in found] == parts
    assert reader.held == len(rest)
    assert [box.kind.encode() for box in found] == [part[4:8] for part in parts]


@given(st.binary(max_size=200))
def test_no_bytes_break_the_reader(data: bytes) -> None:
    try:
        found = BoxReader().feed(data)
    except BoxError:
        return
    assert b"".join(box.data for box in found) == data[: sum(len(box.data) for box in found)]


@given(st.integers(8, 70_000))
def test_a_free_box_is_one_box_of_that_size(size: int) -> None:
    (box,) = BoxReader().feed(free_box(size))
    assert (box.kind, len(box.data), box.body) == ("free", size, bytes(size - 8))


@pytest.mark.parametrize(
    "start",
    [
        b"\0\0\0\x07free",
        b"\0\0\0\0free",
        b"\0\0\0\x01free" + bytes(8),
        b"\xff\xff\xff\xfffree",
        b"\0\0\0\x08\xff\xff\xff\xff",
    ],
)
def test_what_can_be_no_box_is_refused(start: bytes) -> None:
    with pytest.raises(BoxError):
        BoxReader().feed(start)


def test_real_footage_splits_into_init_and_timed_fragments() -> None:
    parts = footage()
    whole = parts.init + b"".join(data + free_box(50) for segment in parts.segments for data, _, _ in segment)
    init, fragments = split_fragments(whole + b"\0\0\0\x20moof")
    assert init == parts.init
    assert [whole[item.offset : item.offset + len(item.data)] for item in fragments] == [
        item.data for item in fragments
    ]
    assert len(fragments) == sum(map(len, parts.segments))
    scales, reached = track_timescales(init), {1: 0, 2: 0}
    assert scales[2] == 48_000
    for item in fragments:
        for track, times in fragment_times(item.data).items():
            assert times.start == reached[track]
            reached[track] = times.start + times.duration
    for track in (1, 2):
        assert reached[track] / scales[track] == pytest.approx(3 * SEGMENT_S, abs=0.05)


def test_a_child_that_is_longer_than_its_parent_is_refused() -> None:
    (box,) = BoxReader().feed(b"\0\0\0\x10moov\0\0\0\x20trak")
    with pytest.raises(BoxError):
        list(children(box))


def test_bytes_without_a_fragment_are_refused() -> None:
    with pytest.raises(BoxError):
        split_fragments(footage().init)
