"""Which sound card a setting means: ALSA's ids and links into the numbers that PortAudio shows. Reads /proc and links.

A card's number changes with the order in which cards are plugged in; its id (`/proc/asound/cards`) and its link under
`/dev/snd/by-id` or `/dev/snd/by-path` stay.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

_CARDS = Path("/proc/asound/cards")
_CARD = re.compile(r"^\s*(\d+)\s+\[(\S+)\s*\]", re.MULTILINE)
_CONTROL = re.compile(r"/dev/snd/controlC(\d+)")
LINKS = ("/dev/snd/by-id/", "/dev/snd/by-path/")


def present_cards() -> dict[str, int]:
    """ALSA's id and number of each card that is there."""
    try:
        return parse_cards(_CARDS.read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return {}


def parse_cards(text: str) -> dict[str, int]:
    return {name: int(number) for number, name in _CARD.findall(text)}


def portaudio_name(device: str, cards: dict[str, int]) -> str:
    """What to look for in PortAudio's list for the setting `device`: `(hw:N,` for a card's id or link, else itself."""
    if device.startswith(LINKS):
        found = _CONTROL.fullmatch(os.path.realpath(device))
        return f"(hw:{found[1]}," if found else device
    number = cards.get(device.removeprefix("hw:CARD=").partition(",")[0])
    return device if number is None else f"(hw:{number},"
