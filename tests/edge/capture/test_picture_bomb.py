"""A camera that claims an absurd picture, or sends rubbish, takes no memory and harms nothing but its own picture."""

from __future__ import annotations

import io
from fractions import Fraction

import av
import pytest

from edge.capture.decoding import MOST_PIXELS, ContainerTracks, Picture
from edge.capture.frame import CopiedPacket
from edge.pipeline.observation import small_luma

RUBBISH = (b"", b"\0\0\0\1", b"\0\0\0\1\x67", b"x" * 100, b"\0\0\0\1\x67" + b"\xff" * 60 + b"\0\0\0\1\x65" + b"\0" * 60)


def one_picture(width: int, height: int) -> bytes:
    encoder = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height, encoder.pix_fmt, encoder.time_base = width, height, "yuv420p", Fraction(1, 25)
    encoder.options = {"preset": "ultrafast", "tune": "zerolatency", "x264-params": "threads=1"}
    picture = av.VideoFrame(width, height, "yuv420p")
    for plane in picture.planes:
        plane.update(bytes(plane.buffer_size))
    picture.pts = 0
    return b"".join(bytes(packet) for packet in [*encoder.encode(picture), *encoder.encode(None)])


def decoded(data: bytes) -> list[object]:
    film = io.BytesIO()
    with av.open(film, "w", format="mpegts") as output:
        output.add_stream("libx264", rate=25)
        packet = av.Packet(data)
        packet.stream, packet.time_base = output.streams[0], Fraction(1, 90_000)
        packet.pts = packet.dts = 90_000
        packet.is_keyframe = True
        output.mux(packet)
    film.seek(0)
    with av.open(film, "r", format="mpegts") as container:
        tracks = ContainerTracks(container, frozenset({"video"}))
        return [item for packet in container.demux(*tracks.streams) for item in tracks.decode(packet)]


@pytest.fixture(scope="module")
def bomb() -> bytes:
    data = one_picture(4608, 4096)
    assert len(data) < 100_000
    assert MOST_PIXELS < 4608 * 4096
    return data


def test_the_tap_does_not_unpack_an_absurd_picture(bomb: bytes) -> None:
    assert small_luma(CopiedPacket(0, one_picture(640, 360), True, 640, 360)) is not None
    assert small_luma(CopiedPacket(0, bomb, True, 640, 360)) is None  # whatever size it was announced with


def test_neither_does_what_is_recorded(bomb: bytes) -> None:
    [picture] = decoded(one_picture(640, 360))
    assert isinstance(picture, Picture)
    with pytest.raises((av.FFmpegError, ValueError)):
        decoded(bomb)


@pytest.mark.parametrize("data", RUBBISH)
def test_rubbish_gives_no_picture_and_no_fault(data: bytes) -> None:
    assert small_luma(CopiedPacket(0, data, True, 640, 360)) is None
