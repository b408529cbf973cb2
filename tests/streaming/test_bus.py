"""The bus's wire format and one reader's queue: exact bytes, any pieces, bounded, never a broken picture."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming.bus import (
    HEADER,
    BusError,
    BusFrame,
    FrameReader,
    Kind,
    description_frame,
    encode_frame,
    picture_frame,
    sound_frame,
)
from streaming.bus_queue import ReaderQueue
from streaming.packet import Packet, PcmBlock

PICTURE = Packet(b"\0\0\0\1\x65", 90_000, 123_456_789_012, key=True)
SOUND = PcmBlock(b"\1\0" * 960, -900, 5, channels=2)


def test_the_header_is_as_written_down() -> None:
    data = encode_frame(picture_frame(PICTURE, 7))
    assert data == struct.pack("!BBHQqqI", 1, 1, 0, 7, 90_000, 123_456_789_012, 5) + PICTURE.data
    assert HEADER.size == 32


def test_pictures_sound_and_description_come_back_as_they_were() -> None:
    description = {"format": "shilu-bus-1", "video": None}
    frames = [picture_frame(PICTURE, 1), sound_frame(SOUND, 2), description_frame(description, 3)]
    picture, sound, described = FrameReader().feed(b"".join(encode_frame(frame) for frame in frames))
    assert picture.packet() == PICTURE
    assert sound.block() == SOUND
    assert described.description() == description


@given(st.lists(st.binary(max_size=300), max_size=8), st.integers(1, 97))
def test_pieces_of_any_size_give_the_same_frames(payloads: list[bytes], piece: int) -> None:
    frames = [BusFrame(Kind.PCM, payload, at, at * 900, at, 1) for at, payload in enumerate(payloads)]
    data = b"".join(encode_frame(frame) for frame in frames)
    reader, found = FrameReader(), []
    for at in range(0, len(data), piece):
        found += reader.feed(data[at : at + piece])
    assert found == frames


def test_an_unknown_kind_is_passed_over() -> None:
    unknown = HEADER.pack(9, 0, 0, 0, 0, 0, 3) + b"abc"
    assert FrameReader().feed(unknown + encode_frame(sound_frame(SOUND, 0))) == [sound_frame(SOUND, 0)]


def test_what_is_not_a_bus_is_refused() -> None:
    with pytest.raises(BusError):
        FrameReader().feed(b"\xff" * 64)
    with pytest.raises(BusError):
        BusFrame(Kind.DESCRIPTION, b"[1]").description()


def picture(at: int, key: bool = False, size: int = 10) -> BusFrame:
    return BusFrame(Kind.H264, bytes(size), at, at, at, key=key)


def block(at: int) -> BusFrame:
    return BusFrame(Kind.PCM, b"", at, at, at, 1)


def taken(queue: ReaderQueue) -> list[BusFrame]:
    frames = []
    while (frame := queue.take()) is not None:
        frames.append(frame)
    return frames


def test_a_new_reader_hears_at_once_and_sees_from_a_key_frame_on() -> None:
    queue = ReaderQueue()
    for frame in (picture(0), block(0), picture(1, key=True), picture(2)):
        queue.put(frame)
    assert taken(queue) == [block(0), picture(1, key=True), picture(2)]


def test_a_full_queue_drops_everything_up_to_the_next_key_frame() -> None:
    queue = ReaderQueue(limit_frames=3)
    for at in range(5):
        queue.put(picture(at, key=at == 0))
    assert queue.wants_key
    queue.put(block(9))
    queue.put(picture(6, key=True))
    queue.put(block(10))
    assert taken(queue) == [picture(6, key=True), block(10)]
    assert queue.dropped == 6


def test_a_key_frame_that_fills_the_queue_takes_its_place() -> None:
    queue = ReaderQueue(limit_bytes=100)
    queue.put(picture(0, key=True, size=60))
    queue.put(picture(1, key=True, size=60))
    assert taken(queue) == [picture(1, key=True, size=60)]


def test_without_pictures_sound_goes_on_after_a_drop() -> None:
    queue = ReaderQueue(limit_frames=2)
    queue.has_pictures = False
    for at in range(3):
        queue.put(block(at))
    assert taken(queue) == [block(2)]


def test_the_newest_description_outlives_a_drop() -> None:
    queue = ReaderQueue(limit_frames=3)
    described = description_frame({"run": "x"}, 0)
    queue.put(described)
    for at in range(4):
        queue.put(picture(at, key=at == 0))
    assert taken(queue)[0] == described


@given(st.lists(st.tuples(st.sampled_from(["key", "picture", "sound"]), st.integers(0, 2)), max_size=150))
def test_no_picture_ever_comes_without_those_before_it(steps: list[tuple[str, int]]) -> None:
    queue, frames, number = ReaderQueue(limit_frames=5), [], 0
    for what, takes in steps:
        if what == "sound":
            queue.put(block(0))
        else:
            queue.put(picture(number, key=what == "key"))
            number += 1
        frames += [frame for _ in range(takes) if (frame := queue.take()) is not None]
    frames += taken(queue)
    before = None
    for frame in (frame for frame in frames if frame.kind is Kind.H264):
        assert frame.key or frame.sequence == before
        before = frame.sequence + 1
