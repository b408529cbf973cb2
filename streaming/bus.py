"""The media bus's wire format: how live pictures and sound cross from the recorder to its readers. Pure.

Frame: big-endian kind, flags, stream, sequence, pts_90k, capture_mono_ns, payload length, then the payload.
`sequence` counts per kind, so that a reader sees what it lost. A reader may write one byte: `K` asks for a key frame.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from streaming.packet import Packet, PcmBlock

HEADER = struct.Struct("!BBHQqqI")
FLAG_KEY = 1
KEY_FRAME_WANTED = b"K"
MAX_PAYLOAD = 8 << 20  # far above a key frame at 20 Mbit/s; longer means that this is not a bus


class Kind(IntEnum):
    H264 = 1  # one access unit, Annex B, parameter sets in band
    PCM = 2  # 10 ms, s16le, 48 kHz; `stream` is the number of channels
    DESCRIPTION = 3  # JSON object; sent first, and again when it changes


class BusError(ValueError):
    """What came is not a frame of this bus."""


@dataclass(frozen=True, slots=True)
class BusFrame:
    kind: Kind
    payload: bytes
    sequence: int = 0
    pts_90k: int = 0
    capture_mono_ns: int = 0
    stream: int = 0
    key: bool = False

    def packet(self) -> Packet:
        """An H264 frame as `Packet`."""
        return Packet(self.payload, self.pts_90k, self.capture_mono_ns, self.key)

    def block(self) -> PcmBlock:
        """A PCM frame as `PcmBlock`."""
        return PcmBlock(self.payload, self.pts_90k, self.capture_mono_ns, self.stream)

    def description(self) -> dict[str, Any]:
        """A DESCRIPTION frame's object. Raises BusError."""
        try:
            value = json.loads(self.payload)
        except ValueError as error:
            raise BusError("the bus description is not JSON") from error
        if not isinstance(value, dict):
            raise BusError("the bus description is not a JSON object")
        return value


def picture_frame(packet: Packet, sequence: int) -> BusFrame:
    return BusFrame(Kind.H264, packet.data, sequence, packet.pts_90k, packet.capture_mono_ns, key=packet.key)


def sound_frame(block: PcmBlock, sequence: int) -> BusFrame:
    return BusFrame(Kind.PCM, block.data, sequence, block.pts_90k, block.capture_mono_ns, block.channels)


def description_frame(description: dict[str, Any], sequence: int) -> BusFrame:
    return BusFrame(Kind.DESCRIPTION, json.dumps(description, sort_keys=True).encode(), sequence)


def encode_frame(frame: BusFrame) -> bytes:
    header = HEADER.pack(
        frame.kind,
        FLAG_KEY if frame.key else 0,
        frame.stream,
        frame.sequence,
        frame.pts_90k,
        frame.capture_mono_ns,
        len(frame.payload),
    )
    return header + frame.payload


class FrameReader:
    """Takes bytes in pieces of any size and gives whole frames. A kind it does not know is passed over."""

    def __init__(self) -> None:
        self._held = bytearray()

    def feed(self, data: bytes) -> list[BusFrame]:
        """Raises BusError when a frame is longer than any can be."""
        self._held += data
        frames: list[BusFrame] = []
        at = 0
        while len(self._held) - at >= HEADER.size:
            kind, flags, stream, sequence, pts_90k, capture_mono_ns, length = HEADER.unpack_from(self._held, at)
            if length > MAX_PAYLOAD:
                raise BusError(f"a bus frame of {length} bytes")
            end = at + HEADER.size + length
            if len(self._held) < end:
                break
            payload = bytes(self._held[at + HEADER.size : end])
            at = end
            if kind in set(Kind):
                key = bool(flags & FLAG_KEY)
                frames.append(BusFrame(Kind(kind), payload, sequence, pts_90k, capture_mono_ns, stream, key))
        del self._held[:at]
        return frames
