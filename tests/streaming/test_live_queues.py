"""The drop rules and the viewers' clock, without any network."""

from __future__ import annotations

from streaming.live_clock import LiveClock
from streaming.packet import Packet
from streaming.watch_queue import PictureQueue, SoundQueue


def picture(number: int, key: bool = False) -> Packet:
    return Packet(bytes([number % 256]), number * 3600, number * 40_000_000, key)


def test_a_viewer_begins_with_a_key_frame() -> None:
    queue = PictureQueue()
    assert not queue.put(picture(0))
    assert queue.put(picture(1, key=True))
    assert queue.put(picture(2))
    assert [packet.pts_90k for packet in iter(queue.take, None)] == [3600, 7200]


def test_a_full_queue_drops_up_to_the_next_key_frame() -> None:
    queue = PictureQueue(limit=3)
    for number in range(3):
        queue.put(picture(number, key=number == 0))
    assert not queue.put(picture(3))
    assert queue.needs_key
    assert queue.take() is None
    assert queue.put(picture(4, key=True))
    assert queue.dropped == 4


def test_sound_keeps_the_newest() -> None:
    queue = SoundQueue(limit=2)
    for number in range(4):
        queue.put(number, b"x")
    assert [item[0] for item in iter(queue.take, None)] == [2, 3]


def test_the_clock_follows_the_run_and_survives_its_end() -> None:
    clock = LiveClock()
    first = [clock.place(number * 3600, number * 40_000_000 + number % 2 * 9_000_000) for number in range(50)]
    assert first == [number * 3600 for number in range(50)]
    second = [clock.place(number * 3600, 5_000_000_000 + number * 40_000_000) for number in range(3)]
    assert second == [450_000, 453_600, 457_200]
