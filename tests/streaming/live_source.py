"""A small live source for these tests: real H.264 in real time, with the same encoder settings as a room."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from fractions import Fraction

import av
import numpy as np

from streaming.packet import Packet, PcmBlock

RATE = 25


class LiveSource:
    """Encodes a moving picture and a tone; a key frame when it is asked for and every ten seconds."""

    def __init__(self, width: int = 320, height: int = 180) -> None:
        self.encoder = av.CodecContext.create("libx264", "w")
        self.encoder.width, self.encoder.height, self.encoder.pix_fmt = width, height, "yuv420p"
        self.encoder.time_base = Fraction(1, 90_000)
        self.encoder.framerate = Fraction(RATE, 1)
        self.encoder.profile = "Constrained Baseline"
        self.encoder.options = {"preset": "ultrafast", "tune": "zerolatency", "g": "250"}
        self.wanted_keys = 0
        self._force_key = False
        self._number = 0

    def want_key(self) -> None:
        self.wanted_keys += 1
        self._force_key = True

    def next_packets(self) -> list[Packet]:
        picture = np.full((self.encoder.height * 3 // 2, self.encoder.width), 128, np.uint8)
        left = self._number * 8 % (self.encoder.width - 40)
        picture[20:80, left : left + 40] = 235
        frame = av.VideoFrame.from_ndarray(picture, format="yuv420p")
        frame.pts, frame.time_base = self._number * 90_000 // RATE, Fraction(1, 90_000)
        frame.pict_type = av.video.frame.PictureType.I if self._force_key else av.video.frame.PictureType.NONE
        self._force_key = False
        self._number += 1
        return [
            Packet(bytes(packet), int(packet.pts or 0), time.monotonic_ns(), packet.is_keyframe)
            for packet in self.encoder.encode(frame)
        ]

    def sound_blocks(self, number: int, count: int) -> list[PcmBlock]:
        blocks = []
        for index in range(number, number + count):
            times = (np.arange(480) + index * 480) / 48_000
            data = (8000 * np.sin(2 * np.pi * 440 * times)).astype("<i2").tobytes()
            blocks.append(PcmBlock(data, index * 900, time.monotonic_ns(), 1))
        return blocks

    async def run(self, picture: Callable[[Packet], None], sound: Callable[[PcmBlock], None]) -> None:
        began = time.monotonic()
        number = 0
        while True:
            for packet in self.next_packets():
                picture(packet)
            for block in self.sound_blocks(number * 4, 4):
                sound(block)
            number += 1
            await asyncio.sleep(max(0.0, began + number / RATE - time.monotonic()))
