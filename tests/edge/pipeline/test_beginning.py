"""Where a run begins: with the main camera's first picture, or with what there is."""

from __future__ import annotations

import av
import numpy as np

from edge.capture.frame import AudioBlock, CopiedPacket, VideoFrame
from edge.pipeline.beginning import Beginning
from storage.manifest import SourceName


def picture(mono_ns: int, source: SourceName = "camera") -> VideoFrame:
    return VideoFrame(mono_ns, av.VideoFrame(16, 16, "yuv420p"), source)


def block(mono_ns: int, channels: int = 1) -> AudioBlock:
    return AudioBlock(mono_ns, np.zeros((960, channels), np.int16))


def packet(mono_ns: int, key: bool) -> CopiedPacket:
    return CopiedPacket(mono_ns, b"", key, 640, 360)


def test_it_waits_for_every_source() -> None:
    beginning = Beginning(frozenset({"camera", "second-camera", "microphone"}))
    for item in (picture(5), block(6), picture(7)):
        beginning.add(item)
        assert not beginning.is_complete
    beginning.add(picture(8, "second-camera"))
    assert beginning.is_complete


def test_the_main_cameras_first_picture_is_where_it_begins() -> None:
    beginning = Beginning(frozenset())
    for item in (block(1, channels=2), picture(2, "second-camera"), picture(3), picture(4)):
        beginning.add(item)
    first = beginning.take(99)
    assert (first.mono_ns, first.copied, first.channels) == (3, None, 2)
    assert len(first.items) == 4
    assert beginning.take(99).items == ()


def test_without_the_main_camera_the_second_one_then_sound_then_now() -> None:
    for items, mono_ns in (((block(1), picture(2, "second-camera")), 2), ((block(1),), 1), ((), 99)):
        beginning = Beginning(frozenset({"camera"}))
        for item in items:
            beginning.add(item)
        assert not beginning.is_complete
        assert beginning.take(99).mono_ns == mono_ns


def test_a_copied_camera_begins_with_a_key_picture() -> None:
    beginning = Beginning(frozenset({"camera"}))
    beginning.add(packet(1, key=False))
    assert not beginning.is_complete
    beginning.add(packet(2, key=True))
    assert beginning.is_complete
    first = beginning.take(99)
    assert (first.mono_ns, first.copied) == (2, (640, 360))


def test_what_was_thrown_away_does_not_count() -> None:
    beginning = Beginning(frozenset({"camera"}))
    beginning.add(picture(1))
    beginning.clear()
    assert not beginning.is_complete
