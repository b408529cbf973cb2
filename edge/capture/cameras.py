"""Which cameras the kernel shows, and the name under which each is found again. Opens none for pictures.

/dev/video0 goes to whichever camera was plugged in first; a link under /dev/v4l stays with its camera.
"""

from __future__ import annotations

import fcntl
import os
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

_NODES = Path("/sys/class/video4linux")
_LINKS = (Path("/dev/v4l/by-id"), Path("/dev/v4l/by-path"))  # in order of preference
_QUERY = 0x80685600  # VIDIOC_QUERYCAP
_ANSWER = struct.Struct("=16s32s32s3I12x")
_OWN_CAPABILITIES, _CAPTURES = 0x80000000, 0x1 | 0x1000
_MOST_NODES = 64


@dataclass(frozen=True, slots=True)
class Camera:
    """`device` is what belongs into the configuration: the lasting link where there is one, else the node."""

    device: str
    node: str
    name: str

    @property
    def lasts(self) -> bool:
        return self.device != self.node


def present_cameras(
    nodes: Path = _NODES, links: tuple[Path, ...] = _LINKS, dev: Path = Path("/dev"), asks: bool = True
) -> list[Camera]:
    """Those that give pictures, by node."""
    found = sorted((node.name for node in _listed(nodes)), key=_number)[:_MOST_NODES]
    cameras = []
    for name in found:
        node = str(dev / name)
        captures = captures_pictures(node) if asks else None
        if captures if captures is not None else _text(nodes / name / "index") in ("", "0"):
            cameras.append(Camera(lasting_name(node, links), node, _text(nodes / name / "name")))
    return cameras


def lasting_name(device: str, links: tuple[Path, ...] = _LINKS) -> str:
    """The link that leads to the same camera whatever is plugged in when; `device` itself where there is none."""
    if device.startswith(tuple(f"{folder}/" for folder in links)):
        return device
    meant = os.path.realpath(device)
    for folder in links:
        for link in sorted(_listed(folder)):
            if os.path.realpath(link) == meant:
                return str(link)
    return device


def captures_pictures(node: str, ioctl: Callable[[int, int, bytearray], int] = fcntl.ioctl) -> bool | None:
    """What the driver says: a camera has nodes for figures about its pictures, too. None when it can't be asked."""
    try:
        file = os.open(node, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        answer = bytearray(_ANSWER.size)
        ioctl(file, _QUERY, answer)
    except OSError:
        return None
    finally:
        os.close(file)
    _, _, _, _, all_nodes, own = _ANSWER.unpack(answer)
    return bool((own if all_nodes & _OWN_CAPABILITIES else all_nodes) & _CAPTURES)


def _listed(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:
        return []


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""


def _number(name: str) -> tuple[int, str]:
    digits = name.removeprefix("video")
    return (int(digits) if digits.isdecimal() else 10**6, name)
