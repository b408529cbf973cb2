"""`shilu-recorder devices`: cameras and sound cards that are plugged in, as they are named in a room's configuration.

Looks and prints; opens nothing for pictures or sound, needs no settings and disturbs no recorder that runs.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from unicodedata import east_asian_width

from edge.capture.cameras import Camera

_ASOUND = Path("/proc/asound")
_LINKS = Path("/dev/snd/by-id")
_CARD = re.compile(r"^\s*(\d+)\s+\[(\S+)\s*\]:\s*(.*)$", re.MULTILINE)
_RECORDS = re.compile(r"^(\d+)-\d+:.*\bcapture\b", re.MULTILINE)
NOTHING = "没有找到。检查连线，以及本用户是否在 {group} 组 / none found: check the cable, and the group {group}"


@dataclass(frozen=True, slots=True)
class SoundCard:
    """`device` is what belongs into the configuration: the link by id where there is one, else ALSA's id."""

    device: str
    id: str
    number: int
    name: str


def present_sound_cards(asound: Path = _ASOUND, links: Path = _LINKS) -> list[SoundCard]:
    """Those that can record."""
    recording = {int(number) for number in _RECORDS.findall(_text(asound / "pcm"))}
    by_link = _links_by_number(links)
    return [
        SoundCard(by_link.get(int(number), card), card, int(number), name.strip())
        for number, card, name in _CARD.findall(_text(asound / "cards"))
        if int(number) in recording
    ]


def as_json(cameras: list[Camera], cards: list[SoundCard]) -> str:
    return json.dumps({"cameras": [asdict(one) for one in cameras], "sound_cards": [asdict(one) for one in cards]})


def as_table(cameras: list[Camera], cards: list[SoundCard]) -> str:
    parts = [
        "摄像头 / cameras  (camera.kind = v4l2, camera.device = …)",
        *_rows([(one.device, one.node, one.name) for one in cameras], "video"),
        "",
        "声卡 / sound cards  (microphone.kind = microphone, microphone.device = …)",
        *_rows([(one.device, f"{one.id} (hw:{one.number})", one.name) for one in cards], "audio"),
    ]
    if any(not camera.lasts for camera in cameras):
        parts += [
            "",
            "没有固定名称的摄像头，换插口后编号会变。/ A camera without a lasting name may change its number.",
        ]
    return "\n".join(parts)


def _rows(rows: list[tuple[str, str, str]], group: str) -> list[str]:
    if not rows:
        return ["  " + NOTHING.format(group=group)]
    wide = [max(_width(row[column]) for row in rows) for column in range(2)]
    return ["  " + "  ".join((_padded(row[0], wide[0]), _padded(row[1], wide[1]), row[2])).rstrip() for row in rows]


def _links_by_number(links: Path) -> dict[int, str]:
    found: dict[int, str] = {}
    try:
        for link in sorted(links.iterdir()):
            control = re.search(r"controlC(\d+)$", os.path.realpath(link))
            if control:
                found.setdefault(int(control[1]), str(link))
    except OSError:
        return {}
    return found


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _width(text: str) -> int:
    return sum(2 if east_asian_width(letter) in "WF" else 1 for letter in text)


def _padded(text: str, width: int) -> str:
    return text + " " * (width - _width(text))
