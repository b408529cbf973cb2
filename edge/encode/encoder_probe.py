"""Whether an encoder of this PC really works: a few pictures are encoded, read back and looked at.

Runs as a process of its own (`python -m edge.encode.encoder_probe NAME WIDTH HEIGHT RATE KBPS`), so that a driver
that hangs or crashes takes nothing with it. Prints `ok`, or one line that says why not; exits 0 either way.
"""

from __future__ import annotations

import sys

import av
import numpy as np
from av.codec import CodecContext

from config.room import PictureSettings
from edge.capture.planes import plane_of
from edge.capture.stamp import StampPainter
from edge.encode.video_encoder import EncodedPicture, EncoderFailed, VideoEncoder, codec_string

PICTURES = 24
_KEYS = (0, 9, 17)
_STEP_90K = 3600
_CONSTRAINED = 0x40  # constraint_set1 of the SPS: a baseline stream that every decoder takes
_MOST_OFF = 12.0  # mean difference of brightness between what went in and what comes out


def fault_of(name: str, settings: PictureSettings) -> str | None:
    """None when it does all that the recorder needs, else what it does not."""
    painter = StampPainter(settings.width, settings.height, settings.rate)
    try:
        encoder = VideoEncoder(settings, name)
        units: list[EncodedPicture] = []
        for number in range(PICTURES):
            units += encoder.encode(painter.paint(number), number * _STEP_90K, number in _KEYS)
        units += encoder.finish()
    except EncoderFailed as error:
        return str(error)
    return _form_fault(units) or _picture_fault(units, painter)


def _form_fault(units: list[EncodedPicture]) -> str | None:
    if len(units) != PICTURES:
        return f"{len(units)} of {PICTURES} pictures came out"
    for number, unit in enumerate(units):
        if not unit.data.startswith((b"\x00\x00\x01", b"\x00\x00\x00\x01")):
            return "its packets are not Annex B"
        if unit.key != (number in _KEYS):
            return f"picture {number} is {'a' if unit.key else 'no'} key frame"
        if unit.key and (fault := _profile_fault(unit.data)) is not None:
            return fault
    return None


def _profile_fault(key_unit: bytes) -> str | None:
    try:
        codec = codec_string(key_unit)
    except ValueError:
        return "a key frame comes without its parameter set"
    profile, constraints = int(codec[5:7], 16), int(codec[7:9], 16)
    return None if profile == 66 and constraints & _CONSTRAINED else f"its profile is {codec}, not constrained baseline"


def _picture_fault(units: list[EncodedPicture], painter: StampPainter) -> str | None:
    """From each key frame on, a viewer who joins there must see what was put in."""
    for first in _KEYS:
        try:
            pictures = _decoded(units[first:])
        except av.FFmpegError as error:
            return f"what it makes can't be decoded ({type(error).__name__})"
        if len(pictures) != PICTURES - first:
            return f"{len(pictures)} of {PICTURES - first} pictures can be decoded from a key frame on"
        for number in (0, len(pictures) - 1):
            meant = plane_of(painter.paint(first + number), 0).astype(np.int16)
            off = np.abs(meant - plane_of(pictures[number], 0)).mean()
            if off > _MOST_OFF:
                return f"picture {first + number} does not look like what was put in"
    return None


def _decoded(units: list[EncodedPicture]) -> list[av.VideoFrame]:
    decoder = CodecContext.create("h264", "r")
    pictures = [picture for unit in units for picture in decoder.decode(av.Packet(unit.data))]
    return [picture for picture in [*pictures, *decoder.decode(None)] if isinstance(picture, av.VideoFrame)]


def main() -> None:
    name, (width, height, rate, kbps) = sys.argv[1], map(int, sys.argv[2:6])
    settings = PictureSettings(width=width, height=height, rate=rate, bitrate_kbps=kbps)
    print(fault_of(name, settings) or "ok")


if __name__ == "__main__":
    main()
