"""Live pictures and sound pass only while what is recorded is kept. After a pause they begin with a key frame."""

from __future__ import annotations

from collections.abc import Callable

from edge.gate.gate import Gate
from streaming.packet import Packet, PcmBlock


class LiveGate:
    """Called by the pipeline's one thread; returns as fast as what it passes on to."""

    def __init__(self, gate: Gate, picture: Callable[[Packet], None], sound: Callable[[PcmBlock], None]) -> None:
        self._gate, self._picture, self._sound = gate, picture, sound
        self._needs_key = False

    def picture(self, packet: Packet) -> None:
        if not self._gate.open:
            self._needs_key = True
        elif packet.key or not self._needs_key:
            self._needs_key = False
            self._picture(packet)

    def sound(self, block: PcmBlock) -> None:
        if self._gate.open:
            self._sound(block)
