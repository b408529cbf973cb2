"""The one PortAudio of this process, shared by its microphones. Owns when it looks for cards anew; hears nothing.

PortAudio knows the cards that were there when it started, and starting it anew ends every open stream. So it starts
anew when no microphone is open; beside an open one only when a card has appeared and the wanted one can't be opened.
The open one is then begun again at once: about a second of its sound is missing, and a gap says so.
"""

from __future__ import annotations

import contextlib
import importlib
import threading
from types import ModuleType
from typing import Any, Protocol

from edge.capture.sound_cards import present_cards
from edge.capture.source import SourceUnavailable


class Holder(Protocol):
    """Somebody with a stream. Called by whoever opens or closes, one at a time."""

    def begin(self, portaudio: Any, cards: dict[str, int]) -> None:
        """Open the stream and start it. Raises what PortAudio raises."""

    def end(self) -> None:
        """Give the stream back. Never raises."""


class SharedPortAudio:
    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._holders: list[Holder] = []
        self._known: set[tuple[str, int]] = set()

    def open(self, holder: Holder, portaudio: Any) -> None:
        with self.lock:
            cards = present_cards()
            if not self._holders:
                self._start_anew(portaudio, cards)
            try:
                holder.begin(portaudio, cards)
            except (portaudio.PortAudioError, ValueError, OSError):
                holder.end()
                if not set(cards.items()) - self._known:
                    raise
                self._start_anew(portaudio, cards)
                holder.begin(portaudio, cards)
            self._holders.append(holder)

    def close(self, holder: Holder) -> None:
        with self.lock:
            if holder in self._holders:
                self._holders.remove(holder)
            holder.end()

    def _start_anew(self, portaudio: Any, cards: dict[str, int]) -> None:
        for holder in self._holders:
            holder.end()
        portaudio._terminate()
        portaudio._initialize()
        self._known = set(cards.items())
        for holder in self._holders:
            with contextlib.suppress(portaudio.PortAudioError, ValueError, OSError):  # its own reader finds it gone
                holder.begin(portaudio, cards)


SHARED = SharedPortAudio()


def load_portaudio() -> ModuleType:
    try:
        return importlib.import_module("sounddevice")
    except (ImportError, OSError):
        raise SourceUnavailable(
            "portaudio-missing",
            "本机没有安装 libportaudio2，麦克风不能使用，画面照常录制（无声）。请安装：apt install libportaudio2",
            "libportaudio2 is not installed, so the microphone can't be used; the picture is recorded with silence. "
            "Install it: apt install libportaudio2",
        ) from None
