"""One encoder: key frames only where they are wanted, baseline, parameter sets in band, constant steps."""

from __future__ import annotations

import av
import pytest
from av.codec import CodecContext
from hypothesis import given
from hypothesis import strategies as st

from config.room import PictureSettings
from edge.capture.bars import FRAME_BAR, read_bars
from edge.capture.planes import plane_of
from edge.capture.stamp import StampPainter
from edge.encode.video_encoder import KeyFrameRule, VideoEncoder, codec_string

SMALL = PictureSettings(width=640, height=360, bitrate_kbps=500, preset="ultrafast")


def test_pictures_that_remember_being_key_frames_are_not() -> None:
    """A decoded picture carries its type; the encoder must not take it for a wish."""
    encoder, painter = VideoEncoder(SMALL), StampPainter(640, 360, 25)
    units = []
    for number in range(50):
        picture = painter.paint(number)
        picture.pict_type = av.video.frame.PictureType.I
        units += encoder.encode(picture, 1920 + number * 3600, key=number in (0, 30))
    assert [unit.key for unit in units] == [number in (0, 30) for number in range(50)]
    assert [unit.pts_90k for unit in units] == [1920 + number * 3600 for number in range(50)]
    assert codec_string(units[0].data) in ("avc1.42c01e", "avc1.42c01f", "avc1.42c016", "avc1.42c015")
    assert codec_string(units[30].data) == codec_string(units[0].data)


def test_a_viewer_who_joins_at_a_key_frame_decodes_every_picture() -> None:
    encoder, painter = VideoEncoder(SMALL), StampPainter(640, 360, 25)
    units = [u for n in range(40) for u in encoder.encode(painter.paint(n), n * 3600, key=n in (0, 20))]
    decoder = CodecContext.create("h264", "r")
    pictures = [p for unit in units[20:] for p in decoder.decode(av.Packet(unit.data))] + decoder.decode(None)
    assert [read_bars(plane_of(picture, 0), FRAME_BAR) for picture in pictures] == list(range(20, 40))


@pytest.mark.parametrize(("height", "name"), [(720, "42c01f"), (1080, "42c028")])
def test_the_profile_is_what_browsers_take(height: int, name: str) -> None:
    settings = PictureSettings(width=height * 16 // 9, height=height)
    encoder = VideoEncoder(settings)
    units = encoder.encode(StampPainter(settings.width, height, 25).paint(0), 0, key=True)
    assert codec_string(units[0].data) == f"avc1.{name}"


def test_no_parameter_set_is_said() -> None:
    with pytest.raises(ValueError, match="parameter set"):
        codec_string(b"\x00\x00\x00\x01\x65abc")


@given(st.lists(st.sampled_from(["none", "ask", "urgent"]), min_size=100, max_size=300))
def test_key_frames_come_at_most_once_a_second_unless_a_cut_needs_one(wishes: list[str]) -> None:
    rule, last = KeyFrameRule(), None
    for number, wish in enumerate(wishes):
        pts = number * 3600
        if wish != "none":
            rule.ask(urgent=wish == "urgent")
        if rule.decide(pts):
            assert last is None or wish == "urgent" or pts - last >= 90_000
            last = pts
        assert wish != "urgent" or last == pts
        assert last is not None
        assert pts - last < 180_000
