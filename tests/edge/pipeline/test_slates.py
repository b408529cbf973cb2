"""Slates in time: close behind now once the camera is known to be lost, and never in a picture's way."""

from __future__ import annotations

from config.room import PictureSettings, RoomConfiguration
from edge.encode.video_encoder import EncodedPicture
from edge.pipeline.clock import Clock
from edge.pipeline.picture_track import PictureTrack

SECOND_NS = 1_000_000_000


def track(written: list[EncodedPicture]) -> PictureTrack:
    configuration = RoomConfiguration.model_validate(
        {
            "version": 1,
            "device": "a" * 32,
            "room": "b" * 32,
            "room_name": "一号接谈室",
            "unit_name": "青石镇人民群众来访接待中心",
            "picture": PictureSettings(width=320, height=180, rate=10, bitrate_kbps=200, preset="ultrafast"),
        }
    )
    return PictureTrack(
        configuration, 0, Clock(), written.append, lambda _pts: None, lambda _packet: None, lambda _span: None
    )


def test_slates_of_a_lost_camera_are_less_than_0_4_s_behind_now() -> None:
    """Until the muxer has them, a crash takes the sound beside them too (S3)."""
    written: list[EncodedPicture] = []
    picture = track(written)
    for at_ns in range(0, 5 * SECOND_NS, SECOND_NS // 20):
        picture.fill(at_ns, lost=True)
        if at_ns > SECOND_NS:
            assert at_ns - picture.last_mono_ns < 4 * SECOND_NS // 10
    assert len(written) >= 22


def test_slates_keep_away_from_a_camera_that_delivers_again() -> None:
    written: list[EncodedPicture] = []
    picture = track(written)
    for at_ns in range(0, 2 * SECOND_NS, SECOND_NS // 20):
        picture.fill(at_ns, lost=True)
    for at_ns in range(2 * SECOND_NS, 3 * SECOND_NS, SECOND_NS // 20):
        picture.fill(at_ns, lost=False)
        assert at_ns - picture.last_mono_ns > 3 * SECOND_NS // 20  # a picture that took 0.15 s finds its place
