"""The datum that moves live: one encoded access unit or one block of sound, with both of its times."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Packet:
    """One H.264 access unit: Annex B, parameter sets in band.

    `pts_90k` counts from the run's start; `capture_mono_ns` is when the picture was taken.
    """

    data: bytes
    pts_90k: int
    capture_mono_ns: int
    key: bool


@dataclass(frozen=True, slots=True)
class PcmBlock:
    """10 ms of sound: s16le, 48 kHz, interleaved `channels`."""

    data: bytes
    pts_90k: int
    capture_mono_ns: int
    channels: int
