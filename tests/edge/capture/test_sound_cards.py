"""A card is meant by its id or its link, and found by the number it has today."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.capture import sound_cards
from edge.capture.portaudio import SharedPortAudio
from edge.capture.sound_cards import parse_cards, portaudio_name

CARDS = """ 0 [PCH            ]: HDA-Intel - HDA Intel PCH
                      HDA Intel PCH at 0xf7f10000 irq 33
 2 [Device_1       ]: USB-Audio - USB PnP Sound Device
                      C-Media USB PnP Sound Device at usb-0000:00:14.0-2, full speed
"""


def test_cards_are_found_by_id() -> None:
    cards = parse_cards(CARDS)
    assert cards == {"PCH": 0, "Device_1": 2}
    assert portaudio_name("Device_1", cards) == portaudio_name("hw:CARD=Device_1,DEV=0", cards) == "(hw:2,"
    assert portaudio_name("roommic", cards) == "roommic"
    assert portaudio_name("", cards) == ""
    assert parse_cards("--- no soundcards ---\n") == {}


def test_cards_are_found_by_link(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sound_cards, "LINKS", (f"{tmp_path}/",))
    link = tmp_path / "usb-C-Media_USB-00"
    link.symlink_to("/dev/snd/controlC3")
    assert portaudio_name(str(link), {}) == "(hw:3,"
    assert portaudio_name(f"{tmp_path}/gone", {}) == f"{tmp_path}/gone"


class Library:
    """Counts how often it starts anew; opens what is in `devices`."""

    PortAudioError = RuntimeError

    def __init__(self) -> None:
        self.devices: set[str] = set()
        self.known: set[str] = set()
        self.starts = 0

    def _terminate(self) -> None:
        self.starts += 1

    def _initialize(self) -> None:
        self.known = set(self.devices)


class Microphone:
    def __init__(self, device: str) -> None:
        self.device, self.begun = device, 0

    def begin(self, portaudio: Library, cards: dict[str, int]) -> None:
        if self.device not in portaudio.known & portaudio.devices:
            raise RuntimeError(self.device)
        self.begun += 1

    def end(self) -> None:
        pass


def test_an_open_microphone_is_disturbed_only_for_a_card_that_has_appeared(monkeypatch: pytest.MonkeyPatch) -> None:
    library, shared = Library(), SharedPortAudio()
    cards: dict[str, int] = {}
    monkeypatch.setattr("edge.capture.portaudio.present_cards", lambda: cards)
    officer, visitor = Microphone("officer"), Microphone("visitor")
    library.devices, cards = {"officer"}, {"officer": 0}
    shared.open(officer, library)
    for _ in range(5):
        with pytest.raises(RuntimeError):
            shared.open(visitor, library)
    assert (library.starts, officer.begun) == (1, 1)
    library.devices, cards = {"officer", "visitor"}, {"officer": 0, "visitor": 1}  # plugged in
    shared.open(visitor, library)
    assert (library.starts, officer.begun, visitor.begun) == (2, 2, 1)
    shared.close(visitor)
    library.devices, cards = {"officer"}, {"officer": 0}  # unplugged
    with pytest.raises(RuntimeError):
        shared.open(visitor, library)
    library.devices, cards = {"officer", "visitor"}, {"officer": 0, "visitor": 1}  # and back in its place
    shared.open(visitor, library)
    assert (library.starts, officer.begun, visitor.begun) == (2, 2, 2)
